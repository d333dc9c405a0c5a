/** CLIENT: connections, this one and the others. */
import type { Client } from '../owner/client.ts'
import { ok, ReplyError } from '../resp/reply.ts'
import { wordOf } from './arguments.ts'
import { type ClientFilter, describeClient, filterOf, idOf, typeFilter } from './client-list.ts'
import { type Command, type CommandContext, type OwnerContext, ownerOf } from './command.ts'
import { CommandError, notAnInteger, syntaxError } from './command-error.ts'
import { container, type Subcommand } from './container.ts'

const subcommands: readonly Subcommand[] = [
  {
    name: 'id',
    summary: 'The number of this connection.',
    usage: '',
    arity: 0,
    run: context => ownerOf(context).client.id,
  },
  {
    name: 'getname',
    summary: 'The name of this connection.',
    usage: '',
    arity: 0,
    run: context => {
      const { name } = ownerOf(context).client
      return name === '' ? null : Buffer.from(name, 'latin1')
    },
  },
  {
    name: 'setname',
    summary: 'Gives this connection a name.',
    usage: 'name',
    arity: 1,
    run: (context, [name]) => {
      ownerOf(context).client.name = wordWithoutSpaces(name as Buffer, 'Client names')
      return ok
    },
  },
  {
    name: 'setinfo',
    summary: 'What library this connection uses, as clients tell it by themselves.',
    usage: 'LIB-NAME name | LIB-VER version',
    arity: 2,
    run: (context, [attribute, value]) => {
      const { clients, client } = ownerOf(context)
      const library = clients.libraryOf(client)
      const word = wordOf(attribute)
      if (word !== 'LIB-NAME' && word !== 'LIB-VER') {
        throw new CommandError('ERR', `Unrecognized option '${String(attribute)}'`)
      }
      const text = wordWithoutSpaces(value as Buffer, word.toLowerCase())
      clients.setLibrary(client, word === 'LIB-NAME' ? { ...library, name: text } : { ...library, version: text })
      return ok
    },
  },
  {
    name: 'info',
    summary: 'A line about this connection.',
    usage: '',
    arity: 0,
    run: context => {
      const owner = ownerOf(context)
      return Buffer.from(`${describeClient(owner.client, owner)}\n`, 'latin1')
    },
  },
  {
    name: 'list',
    summary: 'A line about each connection.',
    usage: '[TYPE NORMAL|MASTER|REPLICA|PUBSUB] [ID id [id …]]',
    arity: [0, Number.POSITIVE_INFINITY],
    run: (context, args) => list(ownerOf(context), args),
  },
  {
    name: 'kill',
    summary: 'Ends connections: the one from an address, or all that match.',
    usage: 'address | [ID id] [ADDR address] [LADDR address] [TYPE type] [USER name] [MAXAGE seconds] [SKIPME YES|NO]',
    arity: -1,
    run: (context, args) => kill(ownerOf(context), args),
  },
  {
    name: 'unblock',
    summary: 'Ends what a connection waits for: 1, or 0 when it did not wait.',
    usage: 'id [TIMEOUT|ERROR]',
    arity: [1, 2],
    run: (context, [id, reason]) => {
      const word = reason === undefined ? 'TIMEOUT' : wordOf(reason)
      if (word !== 'TIMEOUT' && word !== 'ERROR') {
        throw new CommandError('ERR', 'CLIENT UNBLOCK reason should be TIMEOUT or ERROR')
      }
      return unblock(ownerOf(context), String(id), word === 'ERROR')
    },
  },
  {
    name: 'reply',
    summary: 'Whether this connection gets answers: from now on, or to the next request.',
    usage: 'ON|OFF|SKIP',
    arity: 1,
    run: (_context, [mode]) => {
      // The connection does it: resp/reply-mode.ts.
      if (!/^(?:ON|OFF|SKIP)$/.test(wordOf(mode))) throw syntaxError()
      return ok
    },
  },
  ...(['no-evict', 'no-touch'] as const).map(
    (name): Subcommand => ({
      name,
      summary: 'Accepted: connections are not ended to save memory, and reads do not count as use.',
      usage: 'ON|OFF',
      arity: 1,
      run: (_context: CommandContext, [mode]) => {
        if (!/^(?:ON|OFF)$/.test(wordOf(mode))) throw syntaxError()
        return ok
      },
    }),
  ),
]

export const client: Command = container({
  name: 'client',
  summary: 'Connections: this one and the others.',
  flags: ['owner'],
  subcommands,
})

const unblocked = new ReplyError('UNBLOCKED', 'client unblocked via CLIENT UNBLOCK')

function unblock(owner: OwnerContext, text: string, isError: boolean): number {
  if (!/^-?\d{1,15}$/.test(text)) throw notAnInteger()
  const target = owner.clients.get(Number(text))
  return target && owner.endWait(target, isError ? unblocked : undefined) ? 1 : 0
}

/** As Redis: printable ASCII without spaces. */
function wordWithoutSpaces(text: Buffer, what: string): string {
  if (text.every(byte => byte > 0x20 && byte < 0x7f)) return text.toString('latin1')
  throw new CommandError('ERR', `${what} cannot contain spaces, newlines or special characters.`)
}

function list(owner: OwnerContext, args: readonly Buffer[]): Buffer {
  const lines = [...owner.clients].filter(listFilter(args)).map(each => `${describeClient(each, owner)}\n`)
  return Buffer.from(lines.join(''), 'latin1')
}

function listFilter([option, ...values]: readonly Buffer[]): ClientFilter {
  if (option === undefined) return () => true
  const word = wordOf(option)
  if (word === 'TYPE' && values.length === 1) return typeFilter(String(values[0]))
  if (word !== 'ID' || values.length === 0) throw syntaxError()
  const ids = new Set(values.map(value => idOf(String(value), 'Invalid client ID')))
  return each => ids.has(each.id)
}

function kill(owner: OwnerContext, args: readonly Buffer[]) {
  const all = [...owner.clients]
  if (args.length === 1) {
    const address = String(args[0])
    const found = all.find(({ connection }) => connection?.address === address)
    if (!found) throw new CommandError('ERR', 'No such client')
    end([found], owner.client)
    return ok
  }
  const { filter, skipsMe } = filterOf(args)
  const found = all.filter(each => filter(each) && !(skipsMe && each === owner.client))
  end(found, owner.client)
  return found.length
}

function end(clients: readonly Client[], asking: Client): void {
  for (const each of clients) each.connection?.end({ afterReply: each === asking })
}
