/** Some of the fields of a hash: the next ones, any ones. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { wholeOf, wordOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { cursorOf, cursorsOf, ended } from './cursors.ts'
import { allRows, type FieldRow } from './fields.ts'
import { isSmallHash } from './objects.ts'
import { chooseFrom, placeIn, poolMin, repeatedMax, signedCountOf } from './random-choice.ts'
import { scanOptionsOf } from './scan-options.ts'
import { bufferOf } from './string-values.ts'

const { hash } = keyTypes
const nothing = Buffer.alloc(0)
export const hashScans: readonly Command[] = [
  {
    name: 'hscan',
    summary: 'The next fields with their values, and the cursor for those behind them, 0 at the end.',
    usage: 'key cursor [MATCH pattern] [COUNT count]',
    arity: -2,
    flags: ['owner'],
    keys: oneKey,
    run: scan,
  },
  {
    name: 'hrandfield',
    summary:
      'A field at random; so many different ones; or, below 0, so many that may repeat. Of a huge hash, from near its ends.',
    usage: 'key [count [WITHVALUES]]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: randomFields,
  },
]

function scan({ keyspace }: CommandContext, [key, cursor, ...words]: readonly Buffer[]): Reply {
  const position = cursorOf(cursor)
  const entry = keyspace.findOf(key as Buffer, hash)
  if (!entry) return [ended, []]
  const { count, matches } = scanOptionsOf(words)
  const cursors = cursorsOf(keyspace)
  const of = `hash ${entry.id}`
  const limit = isSmallHash(keyspace, entry) ? entry.size : count
  const rows = rowsBehind(keyspace, entry, cursors.find(of, position), limit)
  const found = rows.flatMap(([field, value, expires]) => {
    const name = bufferOf(field)
    return (expires === null || expires > keyspace.now) && matches(name) ? [name, bufferOf(value)] : []
  })
  const last = rows.at(-1)
  return [last && rows.length >= limit && limit < entry.size ? cursors.keep(of, bufferOf(last[0])) : ended, found]
}

type TimedRow = [field: Uint8Array, value: Uint8Array, expires: number | null]

function rowsBehind(keyspace: Keyspace, { id }: Entry, after: Buffer | undefined, count: number): TimedRow[] {
  return keyspace
    .sql(
      `SELECT field, value, expires FROM fields WHERE id = ? AND field ${after ? '>' : '>='} ? ORDER BY field LIMIT ?`,
    )
    .all(id, after ?? nothing, count) as unknown as TimedRow[]
}

function randomFields({ keyspace, ...context }: CommandContext, [key, count, ...words]: readonly Buffer[]): Reply {
  const wanted = count === undefined ? 1 : signedCountOf(count)
  if (words.length > 1 || (words.length === 1 && wordOf(words[0]) !== 'WITHVALUES')) throw syntaxError()
  if (words.length === 1 && isTooMuchTwice(count)) throw new CommandError('ERR', 'value is out of range')
  const entry = keyspace.findOf(key as Buffer, hash)
  if (count === undefined) return entry ? (shown(chooseFrom(poolOf(keyspace, entry, 1), 1))[0] ?? null) : null
  if (!entry || wanted === 0) return []
  if (wanted < -repeatedMax) throw new CommandError('ERR', 'value is out of range')
  const rows = chooseFrom(poolOf(keyspace, entry, Math.abs(wanted)), wanted)
  if (words.length === 0) return shown(rows)
  const pairs = rows.map(([field, value]) => [bufferOf(field), bufferOf(value)])
  return context.owner?.client.protocol === 3 ? pairs : pairs.flat()
}

/** With values it is twice as much, which Redis counts in 64 bits. */
function isTooMuchTwice(argument: Buffer | undefined): boolean {
  const twice = BigInt(wholeOf(argument)) * 2n
  return twice >= 2n ** 63n || twice <= -(2n ** 63n)
}

function shown(rows: readonly FieldRow[]): Buffer[] {
  return rows.map(([field]) => bufferOf(field))
}

/** All rows of a small hash; else a random window of twice as many as are wanted. */
function poolOf(keyspace: Keyspace, entry: Entry, count: number): FieldRow[] {
  const { id, name, size } = entry
  const width = Math.max(2 * count, poolMin)
  if (size <= width) return allRows(keyspace, name)
  const { skipped, isLower } = placeIn(size, width)
  const rows = keyspace
    .sql(
      `SELECT field, value, expires FROM fields WHERE id = ? ORDER BY field ${isLower ? '' : 'DESC'} LIMIT ? OFFSET ?`,
    )
    .all(id, width, skipped) as unknown as TimedRow[]
  return rows
    .filter(([, , expires]) => expires === null || expires > keyspace.now)
    .map(([field, value]) => [field, value])
}
