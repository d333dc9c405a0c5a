/** Keys, whatever they hold. */
import { rangesOf, shownName, storedName } from '../database/key-names.ts'
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply, Status } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { allKeys, type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { fixedPrefixOf, globOf } from './glob.ts'
import { bufferOf } from './strings.ts'

const pageMax = 10_000
const typeNames = new Map(Object.entries(keyTypes).map(([name, type]) => [type, name]))

export const keys: readonly Command[] = [
  ...['del', 'unlink'].map(
    (name): Command => ({
      name,
      summary: 'Deletes keys; returns how many there were.',
      usage: 'key [key …]',
      arity: -1,
      flags: ['write', 'frees'],
      keys: allKeys,
      run: ({ keyspace }, names) => {
        let deleted = 0
        for (const key of names) {
          const entry = keyspace.find(key)
          if (!entry) continue
          keyspace.remove(entry)
          deleted++
        }
        return deleted
      },
    }),
  ),
  {
    name: 'exists',
    summary: 'How many of the keys there are.',
    usage: 'key [key …]',
    arity: -1,
    flags: ['readonly'],
    keys: allKeys,
    run: ({ keyspace }, names) => names.filter(name => keyspace.find(name)).length,
  },
  {
    name: 'type',
    summary: 'What a key holds: string, hash, list, set, zset or none.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => new Status(typeNames.get(keyspace.find(key as Buffer)?.type as never) ?? 'none'),
  },
  ...[
    { name: 'expire', unitMs: 1000, isAbsolute: false },
    { name: 'pexpire', unitMs: 1, isAbsolute: false },
    { name: 'expireat', unitMs: 1000, isAbsolute: true },
    { name: 'pexpireat', unitMs: 1, isAbsolute: true },
  ].map(
    ({ name, unitMs, isAbsolute }): Command => ({
      name,
      summary: `When a key ends: ${isAbsolute ? 'at this time since 1970' : 'after so long'}. 1, or 0 when it is not set.`,
      usage: `key ${unitMs === 1 ? 'milliseconds' : 'seconds'} [NX | XX | GT | LT]`,
      arity: -2,
      flags: ['write', 'frees'],
      keys: oneKey,
      run: (context, [key, time, condition]) => {
        const at = integerOf(time) * unitMs + (isAbsolute ? 0 : context.now)
        return expire(context, key as Buffer, at, condition === undefined ? undefined : wordOf(condition))
      },
    }),
  ),
  {
    name: 'persist',
    summary: 'Lets a key live for ever: 1, or 0 when it does already or is absent.',
    usage: 'key',
    arity: 1,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.find(key as Buffer)
      if (!entry || entry.expires === null) return 0
      keyspace.expireAt(entry, null)
      return 1
    },
  },
  ...[
    { name: 'ttl', unitMs: 1000 },
    { name: 'pttl', unitMs: 1 },
  ].map(
    ({ name, unitMs }): Command => ({
      name,
      summary: `How long a key still has, in ${unitMs === 1 ? 'milliseconds' : 'seconds'}; -1 for ever, -2 when it is absent.`,
      usage: 'key',
      arity: 1,
      flags: ['readonly'],
      keys: oneKey,
      run: ({ keyspace, now }, [key]) => {
        const entry = keyspace.find(key as Buffer)
        if (!entry) return -2
        return entry.expires === null ? -1 : Math.round((entry.expires - now) / unitMs)
      },
    }),
  ),
  {
    name: 'rename',
    summary: 'Gives a key another name, in the place of what had it.',
    usage: 'key new-key',
    arity: 2,
    flags: ['write'],
    keys: allKeys,
    run: ({ keyspace }, [from, to]) => {
      const entry = keyspace.find(from as Buffer)
      if (!entry) throw new CommandError('ERR', 'no such key')
      keyspace.rename(entry, to as Buffer)
      return ok
    },
  },
  {
    name: 'keys',
    summary: 'The names that match a pattern. All at once: scan and saola.keys.page go in steps.',
    usage: 'pattern',
    arity: 1,
    flags: ['readonly'],
    keys: undefined,
    run: (context, [pattern]) => page(context, undefined, pattern as Buffer, Number.MAX_SAFE_INTEGER),
  },
  {
    name: 'saola.keys.page',
    summary: 'The next names that match a pattern, in their order, after one (= and the name; - from the first on).',
    usage: 'after pattern count',
    arity: 3,
    flags: ['readonly'],
    keys: undefined,
    run: (context, [after, pattern, count]) => {
      const from = after?.[0] === 0x3d ? after.subarray(1) : undefined
      return page(context, from, pattern as Buffer, Math.min(integerOf(count), pageMax))
    },
  },
  {
    name: 'dbsize',
    summary: 'How many keys there are.',
    usage: '',
    arity: 0,
    flags: ['readonly'],
    keys: undefined,
    run: ({ keyspace, database }) => keyspace.countLiving(database),
  },
  ...['flushall', 'flushdb'].map(
    (name): Command => ({
      name,
      summary: name === 'flushall' ? 'Deletes every key.' : 'Deletes every key of the database.',
      usage: '[ASYNC | SYNC]',
      arity: [0, 1],
      flags: ['write', 'frees'],
      keys: undefined,
      run: ({ keyspace, database }, [mode]) => {
        if (mode !== undefined && !['ASYNC', 'SYNC'].includes(wordOf(mode))) throw syntaxError()
        keyspace.clear(name === 'flushall' ? undefined : database)
        return ok
      },
    }),
  ),
]

function expire({ keyspace, now }: CommandContext, key: Buffer, at: number, condition: string | undefined): Reply {
  const entry = keyspace.find(key)
  if (!entry) return 0
  if (!Number.isSafeInteger(at)) throw new CommandError('ERR', 'invalid expire time')
  if (condition !== undefined && !isAllowed(entry, at, condition)) return 0
  if (at <= now) keyspace.remove(entry)
  else keyspace.expireAt(entry, at)
  return 1
}

function isAllowed({ expires }: Entry, at: number, condition: string): boolean {
  switch (condition) {
    case 'NX':
      return expires === null
    case 'XX':
      return expires !== null
    // Without an end it lasts for ever.
    case 'GT':
      return expires !== null && at > expires
    case 'LT':
      return expires === null || at < expires
    default:
      throw syntaxError()
  }
}

function page(
  { keyspace, database }: CommandContext,
  after: Buffer | undefined,
  pattern: Buffer,
  count: number,
): Reply[] {
  const matches = globOf(pattern)
  const last = after && storedName(database, after)
  const found: Reply[] = []
  for (const { from, to } of rangesOf(database, fixedPrefixOf(pattern))) {
    if (last && to && last.compare(to) >= 0) continue
    const start = last && last.compare(from) >= 0 ? { name: last, isIn: false } : { name: from, isIn: true }
    for (const { name, expires } of rowsFrom(keyspace, start, to)) {
      const shown = shownName(name)
      if ((expires === null || expires > keyspace.now) && matches(shown)) found.push(shown)
      if (found.length >= count) return found
    }
  }
  return found
}

/** Keys in their order, read in pages: what is found may be few of many. */
function* rowsFrom(keyspace: Keyspace, start: { name: Buffer; isIn: boolean }, to: Buffer | undefined) {
  let { name, isIn } = start
  for (;;) {
    const rows = keyspace
      .sql(
        `SELECT name, expires FROM keys WHERE name ${isIn ? '>=' : '>'} ?1 ${to ? 'AND name < ?3' : ''}
         ORDER BY name LIMIT ?2`,
      )
      .all(name, rowsAtOnce, ...(to ? [to] : [])) as unknown as [Uint8Array, number | null][]
    for (const [bytes, expires] of rows) {
      name = bufferOf(bytes)
      yield { name, expires }
    }
    if (rows.length < rowsAtOnce) return
    isIn = false
  }
}

const rowsAtOnce = 1000
