/** What looks for elements by their value. It reads the list from an end until it has found enough: 150 ms for a million. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { roughIntegerOf, wholeOf, wordOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { forgetEnds } from './list-ends.ts'
import { grow, indexesOf, insertBefore, positionAt, positionBehind } from './list-items.ts'
import { countOf } from './waiting.ts'

const { list } = keyTypes
const zeroRank =
  "RANK can't be zero: use 1 to start from the first match, 2 from the second ... or use negative to start from the end of the list"

export const listSearches: readonly Command[] = [
  {
    name: 'linsert',
    summary: 'Inserts before or after the first element of a value; returns the length, or -1 when there is none.',
    usage: 'key BEFORE | AFTER pivot value',
    arity: 4,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, where, pivot, value]) => {
      const word = wordOf(where)
      if (word !== 'BEFORE' && word !== 'AFTER') throw syntaxError()
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      const [found] = search(keyspace, entry, pivot as Buffer, { rank: 1, count: 1, lengthMax: 0 })
      if (found === undefined) return -1
      const next = word === 'BEFORE' ? found : positionBehind(keyspace, entry, found)
      insertBefore(keyspace, entry, next, [value as Buffer])
      return grow(keyspace, entry, 1)
    },
  },
  {
    name: 'lrem',
    summary: 'Removes elements of a value: the first ones, the last ones (below 0), or all (0). Returns how many.',
    usage: 'key count value',
    arity: 3,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, count, value]) => {
      const most = roughIntegerOf(count)
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      const { changes } = keyspace
        .sql(
          `DELETE FROM items WHERE id = ?1 AND position IN
           (SELECT position FROM items WHERE id = ?1 AND value = ?2 ORDER BY position ${most < 0 ? 'DESC' : ''} LIMIT ?3)`,
        )
        .run(entry.id, value as Buffer, Math.min(Math.abs(most), Number.MAX_SAFE_INTEGER) || -1)
      if (changes === 0) return 0
      forgetEnds(entry)
      grow(keyspace, entry, -Number(changes))
      return Number(changes)
    },
  },
  {
    name: 'lpos',
    summary: 'The index of an element of this value, or null; with COUNT, the indexes of several, of all if it is 0.',
    usage: 'key value [RANK rank] [COUNT count] [MAXLEN length]',
    arity: -2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, value, ...words]) => {
      const { rank, count, lengthMax } = searchOf(words)
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return count === undefined ? null : []
      const found = search(keyspace, entry, value as Buffer, { rank, count: count ?? 1, lengthMax })
      const indexes =
        rank > 0 ? indexesOf(keyspace, entry, found) : indexesOf(keyspace, entry, found.toReversed()).reverse()
      return count === undefined ? (indexes[0] ?? null) : indexes
    },
  },
]

interface Search {
  /** The how manieth, from 1; below 0 from the end. */
  readonly rank: number
  /** 0: all. */
  readonly count: number
  /** How many elements are looked at; 0: all. */
  readonly lengthMax: number
}

function searchOf(words: readonly Buffer[]): Omit<Search, 'count'> & { count: number | undefined } {
  let rank = 1
  let count: number | undefined
  let lengthMax = 0
  for (let i = 0; i < words.length; i += 2) {
    const word = wordOf(words[i])
    const argument = words[i + 1]
    if (!argument) throw syntaxError()
    if (word === 'RANK') rank = rankOf(argument)
    else if (word === 'COUNT') count = countOf(argument, 0, "COUNT can't be negative")
    else if (word === 'MAXLEN') lengthMax = countOf(argument, 0, "MAXLEN can't be negative")
    else throw syntaxError()
  }
  return { rank, count, lengthMax }
}

function rankOf(argument: Buffer | undefined): number {
  // Its opposite has more than 64 bits: Redis takes it for -1.
  if (wholeOf(argument) === -(2n ** 63n)) return -1
  const rank = roughIntegerOf(argument)
  if (rank === 0) throw new CommandError('ERR', zeroRank)
  return Math.sign(rank) * Math.min(Math.abs(rank), Number.MAX_SAFE_INTEGER)
}

/** Where elements of a value lie, in the order of the search. */
function search(keyspace: Keyspace, entry: Entry, value: Buffer, { rank, count, lengthMax }: Search): number[] {
  const isForward = rank > 0
  const isLimited = lengthMax > 0 && lengthMax < entry.size
  const end = isLimited
    ? positionAt(keyspace, entry, isForward ? lengthMax - 1 : entry.size - lengthMax)
    : Number.MAX_SAFE_INTEGER * (isForward ? 1 : -1)
  const rows = keyspace
    .sql(
      `SELECT position FROM items WHERE id = ? AND value = ? AND position ${isForward ? '<=' : '>='} ?
       ORDER BY position ${isForward ? '' : 'DESC'} LIMIT ? OFFSET ?`,
    )
    .all(
      entry.id,
      value,
      end as number,
      Math.min(count, Number.MAX_SAFE_INTEGER) || -1,
      Math.abs(rank) - 1,
    ) as unknown as [number][]
  return rows.map(([position]) => position)
}
