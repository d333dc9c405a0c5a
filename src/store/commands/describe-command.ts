/** A command as COMMAND INFO and COMMAND DOCS describe it to clients. */
import { Members, Pairs, type Reply, Status } from '../resp/reply.ts'
import type { Command, Flag } from './command.ts'

const flagNames: Readonly<Partial<Record<Flag, readonly string[]>>> = {
  write: ['write', 'denyoom'],
  readonly: ['readonly'],
  waits: ['blocking'],
  admin: ['admin', 'noscript'],
}

/** They change no data, but only the owner can carry them out: it knows where a scan has got to. */
const readInOwner = new Set(['scan', 'hscan', 'sscan', 'zscan', 'randomkey'])

/** Redis' flags: write, denyoom, readonly, blocking, admin, noscript, movablekeys. */
export function redisFlagsOf({ name, flags, keys, subcommands }: Command): string[] {
  // Redis says it of the subcommands alone.
  if (subcommands) return []
  const names = new Set(flags.flatMap(flag => flagNames[flag] ?? []))
  // It is let through when there is no room.
  if (flags.includes('frees')) names.delete('denyoom')
  if (keys && 'countAt' in keys) names.add('movablekeys')
  if (readInOwner.has(name)) names.add('readonly')
  // What is queued says by itself whether it writes.
  if (name === 'exec') for (const flag of ['write', 'denyoom']) names.delete(flag)
  return [...names]
}

/** As Redis counts: with the name; below 0: at least so many. */
export function redisArityOf({ arity }: Command, words = 1): number {
  if (typeof arity === 'number') return arity < 0 ? arity - words : arity + words
  const [from, to] = arity
  return from === to ? from + words : -from - words
}

/** First, last and step, counted from the name, which is 0; all 0 when there is none that is always there. */
export function redisKeysOf({ keys, subcommands }: Command): readonly [first: number, last: number, step: number] {
  if (!keys || subcommands) return [0, 0, 0]
  if ('countAt' in keys) return keys.target === undefined ? [0, 0, 0] : [keys.target + 1, keys.target + 1, 1]
  return [keys.first + 1, keys.last < 0 ? keys.last : keys.last + 1, keys.step]
}

export function describeCommand(command: Command, parent?: Command): Reply {
  // Its positions count the word of the subcommand, too.
  const keys = parent && command.arity !== 0 ? parent.keys : command.keys
  const [first, last, step] = redisKeysOf({ ...command, keys })
  return [
    text(fullName(command, parent)),
    redisArityOf(command, parent ? 2 : 1),
    new Members(redisFlagsOf(command).map(flag => new Status(flag))),
    first,
    last,
    step,
    new Members([]),
    [],
    command.subcommands ? [] : keySpecificationsOf({ ...command, keys }),
    (command.subcommands ?? []).map(each => describeCommand(each, command)),
  ]
}

export function documentCommand(command: Command, group: string): Reply {
  const { summary, subcommands } = command
  const fields: Reply[] = [text('summary'), text(summary), text('since'), text('7.0.0'), text('group'), text(group)]
  if (subcommands) {
    const parts = subcommands.flatMap(each => [text(fullName(each, command)), documentCommand(each, group)])
    fields.push(text('subcommands'), new Pairs(parts))
  } else if (command.usage !== '') fields.push(text('arguments'), argumentsOf(command))
  return new Pairs(fields)
}

/** `client|list` */
export function fullName({ name }: Command, parent?: Command): string {
  return parent ? `${parent.name}|${name}` : name
}

/** The usage as one argument: whoever shows it has it as we write it. */
function argumentsOf({ usage }: Command): Reply {
  return [new Pairs([text('name'), text(usage), text('type'), text('string')])]
}

function keySpecificationsOf({ keys, flags }: Command): Reply {
  if (!keys) return []
  const access = flags.includes('write') ? ['RW', 'access', 'update'] : ['RO', 'access']
  const one = (begin: number, find: Reply) =>
    new Pairs([
      text('flags'),
      new Members(access.map(flag => new Status(flag))),
      text('begin_search'),
      specification('index', [text('index'), begin]),
      text('find_keys'),
      find,
    ])
  if (!('countAt' in keys))
    return [one(keys.first + 1, range(keys.last < 0 ? keys.last : keys.last - keys.first, keys.step))]
  const counted = [text('keynumidx'), 0, text('firstkey'), 1, text('keystep'), 1]
  const others = one(keys.countAt + 1, specification('keynum', counted))
  return keys.target === undefined ? [others] : [one(keys.target + 1, range(0, 1)), others]
}

function range(last: number, step: number): Reply {
  return specification('range', [text('lastkey'), last, text('keystep'), step, text('limit'), 0])
}

function specification(type: string, fields: readonly Reply[]): Reply {
  return new Pairs([text('type'), text(type), text('spec'), new Pairs(fields)])
}

function text(value: string): Buffer {
  return Buffer.from(value)
}
