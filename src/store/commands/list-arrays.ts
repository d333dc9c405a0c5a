/** What arrays can do with their elements and Redis' lists cannot. */
import { type Keyspace, keyTypes } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import {
  deleteBetween,
  fromStart,
  grow,
  insertBefore,
  itemsFrom,
  positionAt,
  positionBehind,
  rearrange,
} from './list-items.ts'
import { bufferOf } from './string-values.ts'

const { list } = keyTypes
const pageMax = 10_000
// As numbers, before all else, what is written as JSON writes a number.
const asText = 'CAST(value AS TEXT)'
const asNumber = `CASE WHEN ${asText} GLOB '[-0-9]*' AND json_valid(${asText}) THEN CAST(${asText} AS NUMERIC) END`

export const listArrays: readonly Command[] = [
  {
    name: 'saola.list.splice',
    summary: 'Removes so many elements from an index on and puts others in their place; returns the removed.',
    usage: 'key start delete-count [value …]',
    arity: -3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, start, count, ...values]) =>
      splice(keyspace, key as Buffer, { start: integerOf(start), count: integerOf(count), values }),
  },
  {
    name: 'saola.list.reverse',
    summary: 'Reverses the order; returns the length.',
    usage: 'key',
    arity: 1,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => {
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      rearrange(keyspace, entry, 'position DESC')
      return grow(keyspace, entry, 0)
    },
  },
  {
    name: 'saola.list.sort',
    summary:
      'Sorts by bytes, ascending or descending; with NUMERIC, by numbers where there are, which come before all else. Returns the length.',
    usage: 'key [ASC | DESC] [NUMERIC]',
    arity: [1, 3],
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...words]) => {
      const order = orderOf(words.map(wordOf))
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      rearrange(keyspace, entry, order)
      return grow(keyspace, entry, 0)
    },
  },
  {
    name: 'saola.list.page',
    summary:
      'The next elements behind a position (- from the first on), each as its position and value. Positions stay what they are when others are added or removed.',
    usage: 'key after-position count',
    arity: 3,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, after, count]) => {
      const from = after?.toString('latin1') === '-' ? Number.MIN_SAFE_INTEGER : integerOf(after) + 1
      const most = integerOf(count)
      if (most < 1) throw new CommandError('ERR', 'count should be greater than 0')
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return []
      const rows = itemsFrom(keyspace, entry, from, Math.min(most, pageMax))
      return rows.flatMap(([position, value]) => [position, bufferOf(value)])
    },
  },
]

interface Splice {
  readonly start: number
  readonly count: number
  readonly values: readonly Buffer[]
}

/** As the method of arrays: a start below 0 counts from the end, and what lies outside is cut to the list. */
function splice(keyspace: Keyspace, key: Buffer, { start, count, values }: Splice): Reply {
  const found = keyspace.findOf(key, list)
  if (!found && values.length === 0) return []
  const entry = found ?? keyspace.create(key, list)
  const from = Math.min(Math.max(0, fromStart(start, entry.size)), entry.size)
  const position = positionAt(keyspace, entry, from)
  const removed =
    position === undefined || count < 1 ? [] : itemsFrom(keyspace, entry, position, Math.min(count, entry.size - from))
  const last = removed.at(-1)?.[0]
  const next = last === undefined ? position : positionBehind(keyspace, entry, last)
  if (last !== undefined) deleteBetween(keyspace, entry, position as number, last)
  insertBefore(keyspace, entry, next, values)
  if (removed.length > 0 || values.length > 0) grow(keyspace, entry, values.length - removed.length)
  return removed.map(([, value]) => bufferOf(value))
}

function orderOf(words: readonly string[]): string {
  if (words.some(word => !['ASC', 'DESC', 'NUMERIC'].includes(word))) throw syntaxError()
  const direction = words.includes('DESC') ? 'DESC' : 'ASC'
  const terms = words.includes('NUMERIC') ? [`(${asNumber}) IS NULL`, asNumber, 'value'] : ['value']
  return terms.map(term => `${term} ${direction}`).join(', ')
}
