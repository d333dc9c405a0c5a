/** The lines of CLIENT LIST and CLIENT INFO, and which connections a request is about. */
import type { Client } from '../owner/client.ts'
import { wordOf } from './arguments.ts'
import type { OwnerContext } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'

/** Whether a connection is meant. */
export type ClientFilter = (client: Client) => boolean

/** One line, without its end. */
export function describeClient(client: Client, owner: OwnerContext): string {
  const { connection } = client
  const library = owner.clients.libraryOf(client)
  const now = Date.now()
  const seconds = (since: number | undefined) => Math.max(0, Math.floor((now - (since ?? now)) / 1000))
  const argumentBytes = client.transaction?.bytes ?? 0
  const outputBytes = connection?.outputBytes ?? 0
  const inputBytes = connection?.inputBytes ?? 0
  const fields = {
    id: client.id,
    addr: connection?.address ?? '',
    laddr: connection?.localAddress ?? '',
    // No number of a file: the system's is not Node's to tell.
    fd: -1,
    name: client.name,
    age: seconds(connection?.connectedAt),
    idle: seconds(connection?.lastAt),
    flags: flagsOf(client, owner),
    db: client.database,
    sub: client.channels.size,
    psub: client.patterns.size,
    ssub: 0,
    multi: client.transaction?.calls.length ?? -1,
    qbuf: inputBytes,
    'qbuf-free': 0,
    'argv-mem': 0,
    'multi-mem': argumentBytes,
    rbs: 0,
    rbp: 0,
    obl: 0,
    oll: outputBytes > 0 ? 1 : 0,
    omem: outputBytes,
    'tot-mem': inputBytes + argumentBytes + outputBytes,
    events: outputBytes > 0 ? 'rw' : 'r',
    cmd: client.lastCommand || 'NULL',
    user: 'default',
    redir: -1,
    'lib-name': library.name,
    'lib-ver': library.version,
    resp: client.protocol,
  }
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${value}`)
    .join(' ')
}

function flagsOf(client: Client, owner: OwnerContext): string {
  const flags = [
    isSubscriber(client) ? 'P' : '',
    client.transaction ? 'x' : '',
    client.watched?.isBroken ? 'd' : '',
    owner.isWaiting(client) ? 'b' : '',
    client.connection?.address.endsWith(':0') ? 'U' : '',
  ].join('')
  return flags === '' ? 'N' : flags
}

function isSubscriber({ channels, patterns }: Client): boolean {
  return channels.size + patterns.size > 0
}

/** Reads `TYPE normal ID 3 …`, as CLIENT KILL takes it; SKIPME is true unless it says no. */
export function filterOf(args: readonly Buffer[]): { filter: ClientFilter; skipsMe: boolean } {
  if (args.length % 2 === 1) throw syntaxError()
  const filters: ClientFilter[] = []
  let skipsMe = true
  for (let i = 0; i < args.length; i += 2) {
    const [option, value] = [wordOf(args[i]), String(args[i + 1])]
    if (option === 'SKIPME') skipsMe = yesOrNo(value)
    else filters.push(oneFilter(option, value))
  }
  return { filter: client => filters.every(isMeant => isMeant(client)), skipsMe }
}

function oneFilter(option: string, value: string): ClientFilter {
  if (option === 'ID') {
    const id = idOf(value, 'client-id should be greater than 0')
    return client => client.id === id
  }
  if (option === 'ADDR') return ({ connection }) => connection?.address === value
  if (option === 'LADDR') return ({ connection }) => connection?.localAddress === value
  if (option === 'TYPE') return typeFilter(value)
  if (option === 'MAXAGE') {
    const seconds = idOf(value, 'maxage is not an integer or out of range')
    return ({ connection }) => Date.now() - (connection?.connectedAt ?? Date.now()) >= seconds * 1000
  }
  if (option !== 'USER') throw syntaxError()
  if (value !== 'default') throw new CommandError('ERR', `No such user '${value}'`)
  return () => true
}

/** `normal`, `pubsub`; there are no `master` and `replica` here. */
export function typeFilter(value: string): ClientFilter {
  const type = value.toLowerCase()
  if (type === 'normal') return client => !isSubscriber(client)
  if (type === 'pubsub') return client => isSubscriber(client)
  if (type === 'master' || type === 'replica' || type === 'slave') return () => false
  throw new CommandError('ERR', `Unknown client type '${value}'`)
}

/** @throws {CommandError} with this text when it is no number above 0. */
export function idOf(value: string, problem: string): number {
  const id = /^[1-9]\d{0,15}$/.test(value) ? Number(value) : Number.NaN
  if (!Number.isSafeInteger(id)) throw new CommandError('ERR', problem)
  return id
}

function yesOrNo(value: string): boolean {
  if (/^yes$/i.test(value)) return true
  if (/^no$/i.test(value)) return false
  throw syntaxError()
}
