/**
 * Members of sets at random. They are read in the order of their bytes, so one in the middle of a huge set would be found by counting:
 * of a set of more than 200,000 members they are chosen from near its ends.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { Members, type Reply } from '../resp/reply.ts'
import { roughIntegerOf, wholeOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { membersAfter, removeMember } from './set-members.ts'
import { bufferOf } from './string-values.ts'
import { positiveOf } from './waiting.ts'

const { set } = keyTypes
// To skip a row takes 23 ns: a choice never more than 3 ms.
const skippedMax = 100_000
/** So many members are read to choose from at least. */
const poolMin = 2_000
/** What one answer may hold. */
const repeatedMax = 1_000_000

export const randomMembers: readonly Command[] = [
  {
    name: 'spop',
    summary: 'Removes members at random, one or so many, and returns them. Of a huge set it takes them from the ends.',
    usage: 'key [count]',
    arity: -1,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, count, ...more]) => {
      if (more.length > 0) throw syntaxError()
      const wanted = count === undefined ? 1 : positiveOf(count)
      const entry = keyspace.findOf(key as Buffer, set)
      const popped = entry ? pop(keyspace, entry, wanted) : []
      return count === undefined ? (popped[0] ?? null) : new Members(popped)
    },
  },
  {
    name: 'srandmember',
    summary:
      'A member at random; so many different ones; or, below 0, so many that may repeat. Of a huge set, from near its ends.',
    usage: 'key [count]',
    arity: -1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, count, ...more]): Reply => {
      if (more.length > 0) throw syntaxError()
      const wanted = count === undefined ? 1 : signedCountOf(count)
      const entry = keyspace.findOf(key as Buffer, set)
      if (count === undefined) return entry ? (choose(keyspace, entry, 1)[0] ?? null) : null
      if (wanted < -repeatedMax && entry) throw new CommandError('ERR', 'value is out of range')
      return entry ? choose(keyspace, entry, wanted) : []
    },
  },
]

/** Below 0 for such as may repeat. */
export function signedCountOf(argument: Buffer): number {
  if (wholeOf(argument) === -(2n ** 63n)) {
    throw new CommandError(
      'ERR',
      'value is out of range, value must between -9223372036854775807 and 9223372036854775807',
    )
  }
  return roughIntegerOf(argument)
}

/** Moves so many, chosen at random, to the beginning, and returns them. */
export function shuffled<Item>(pool: Item[], count: number): Item[] {
  const wanted = Math.min(count, pool.length)
  for (let i = 0; i < wanted; i++) {
    const other = i + Math.floor(Math.random() * (pool.length - i))
    const item = pool[i] as Item
    pool[i] = pool[other] as Item
    pool[other] = item
  }
  return pool.slice(0, wanted)
}

/** So many that may repeat. */
export function repeated<Item>(pool: readonly Item[], count: number): Item[] {
  return Array.from(
    { length: pool.length === 0 ? 0 : count },
    () => pool[Math.floor(Math.random() * pool.length)] as Item,
  )
}

function pop(keyspace: Keyspace, entry: Entry, count: number): Buffer[] {
  if (count === 0) return []
  if (count >= entry.size) {
    const members = membersAfter(keyspace, entry, undefined, entry.size)
    keyspace.remove(entry)
    return members
  }
  const popped = choose(keyspace, entry, count)
  for (const member of popped) removeMember(keyspace, entry, member)
  return popped
}

function choose(keyspace: Keyspace, entry: Entry, count: number): Buffer[] {
  if (Math.abs(count) === 1) return [pickOne(keyspace, entry)]
  const pool = poolOf(keyspace, entry, Math.abs(count))
  return count < 0 ? repeated(pool, -count) : shuffled(pool, count)
}

function pickOne(keyspace: Keyspace, { id, size }: Entry): Buffer {
  const { skipped, isLower } = placeIn(size, 1)
  const row = keyspace
    .sql(`SELECT field FROM fields WHERE id = ? ORDER BY field ${isLower ? '' : 'DESC'} LIMIT 1 OFFSET ?`)
    .get(id, skipped)
  return bufferOf((row as unknown as [Uint8Array])[0])
}

/** All members of a small set; else a random window of twice as many as are wanted. */
function poolOf(keyspace: Keyspace, entry: Entry, count: number): Buffer[] {
  const { id, size } = entry
  const width = Math.max(2 * count, poolMin)
  if (size <= width) return membersAfter(keyspace, entry, undefined, size)
  const { skipped, isLower } = placeIn(size, width)
  const rows = keyspace
    .sql(`SELECT field FROM fields WHERE id = ? ORDER BY field ${isLower ? '' : 'DESC'} LIMIT ? OFFSET ?`)
    .all(id, width, skipped) as unknown as [Uint8Array][]
  return rows.map(([member]) => bufferOf(member))
}

/** A place for a window: how many are before it, from the lower or the upper end, whichever is nearer. */
function placeIn(size: number, width: number): { skipped: number; isLower: boolean } {
  // In a set of more than both ends reach, what is between has to wait.
  const reach = Math.min(size - width + 1, 2 * skippedMax)
  const start = Math.floor(Math.random() * reach)
  const isLower = start < reach / 2
  return { skipped: isLower ? start : reach - 1 - start, isLower }
}
