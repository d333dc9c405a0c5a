/**
 * Members of sets at random. They are read in the order of their bytes, so one in the middle of a huge set would be found by counting:
 * of a set of more than 200,000 members they are chosen from near its ends.
 */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { Members, type Reply } from '../resp/reply.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { chooseFrom, placeIn, poolMin, repeatedMax, signedCountOf } from './random-choice.ts'
import { membersAfter, removeMember } from './set-members.ts'
import { bufferOf } from './string-values.ts'
import { positiveOf } from './waiting.ts'

const { set } = keyTypes
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
  return chooseFrom(pool, count)
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
