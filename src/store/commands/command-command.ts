/** COMMAND: what clients ask about commands. All of it comes from the table. */
import { nullList, Pairs, type Reply } from '../resp/reply.ts'
import { wordOf } from './arguments.ts'
import type { Command } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { container } from './container.ts'
import { describeCommand, documentCommand, fullName } from './describe-command.ts'
import { globOf } from './glob.ts'

/** The table, which has this command itself in it. */
export interface CommandTable {
  readonly all: ReadonlyMap<string, Command>
  readonly groups: Readonly<Record<string, readonly Command[]>>
  /** @throws {CommandError} when there is none, or the number of arguments is wrong. */
  commandOf(request: readonly Buffer[]): Command
  keysOf(command: Command, args: readonly Buffer[]): readonly Buffer[]
}

export function commandCommand(table: () => CommandTable): Command {
  const find = (name: Buffer) => findCommand(table().all, name.toString('latin1').toLowerCase())
  const everything = () => [...table().all.values()].map((command): Found => ({ command }))
  const info = (found: Found | undefined): Reply => (found ? describeCommand(found.command, found.parent) : nullList)
  return container({
    name: 'command',
    summary: 'What commands there are, and what they take.',
    flags: ['owner'],
    runAlone: () => everything().map(info),
    subcommands: [
      {
        name: 'count',
        summary: 'How many there are.',
        usage: '',
        arity: 0,
        run: () => table().all.size,
      },
      {
        name: 'info',
        summary: 'Arity, flags and positions of keys of these, or of all.',
        usage: '[name …]',
        arity: [0, Number.POSITIVE_INFINITY],
        run: (_context, names) => (names.length === 0 ? everything() : names.map(find)).map(info),
      },
      {
        name: 'docs',
        summary: 'Summaries of these, or of all.',
        usage: '[name …]',
        arity: [0, Number.POSITIVE_INFINITY],
        run: (_context, names) => {
          const found = names.length === 0 ? everything() : names.map(find).filter(each => each !== undefined)
          return new Pairs(
            found.flatMap(({ command, parent }) => [
              Buffer.from(fullName(command, parent)),
              documentCommand(command, groupOf(table(), parent ?? command)),
            ]),
          )
        },
      },
      {
        name: 'list',
        summary: 'Their names.',
        usage: '[FILTERBY MODULE name|ACLCAT category|PATTERN pattern]',
        arity: [0, Number.POSITIVE_INFINITY],
        run: (_context, args) => list(table(), args).map(name => Buffer.from(name)),
      },
      {
        name: 'getkeys',
        summary: 'The keys that a request names.',
        usage: 'name argument [argument …]',
        arity: -1,
        run: (_context, request) => keysOfRequest(table(), request),
      },
    ],
  })
}

export function groupOf({ groups }: Pick<CommandTable, 'groups'>, command: Command): string {
  if (command.name.startsWith('saola.')) return 'saola'
  return Object.keys(groups).find(name => groups[name]?.includes(command)) ?? 'generic'
}

interface Found {
  readonly command: Command
  readonly parent?: Command
}

/** `get`, `client|list` */
function findCommand(all: ReadonlyMap<string, Command>, name: string): Found | undefined {
  const [word = '', part] = name.split('|')
  const command = all.get(word)
  if (!command || part === undefined) return command && { command }
  const found = command.subcommands?.find(each => each.name === part)
  return found && { command: found, parent: command }
}

function list({ all }: CommandTable, args: readonly Buffer[]): string[] {
  const names = [...all.values()].flatMap(command => [
    command.name,
    ...(command.subcommands ?? []).map(each => fullName(each, command)),
  ])
  if (args.length === 0) return names
  const [option, by, value] = args
  if (args.length !== 3 || wordOf(option) !== 'FILTERBY') throw syntaxError()
  const filter = wordOf(by)
  if (filter === 'PATTERN') {
    const matches = globOf(Buffer.from(String(value).toLowerCase()))
    return names.filter(name => matches(Buffer.from(name)))
  }
  // There are neither modules nor categories here.
  if (filter === 'MODULE' || filter === 'ACLCAT') return []
  throw syntaxError()
}

function keysOfRequest({ all, commandOf, keysOf }: CommandTable, request: readonly Buffer[]): readonly Buffer[] {
  if (!all.has(String(request[0]).toLowerCase())) throw new CommandError('ERR', 'Invalid command specified')
  let command: Command
  try {
    command = commandOf(request)
  } catch {
    throw new CommandError('ERR', 'Invalid number of arguments specified for command')
  }
  const keys = keysOf(command, request.slice(1))
  if (keys.length === 0) {
    throw new CommandError('ERR', command.keys ? 'Invalid arguments specified for command' : noKeys)
  }
  return keys
}

const noKeys = 'The command has no key arguments'
