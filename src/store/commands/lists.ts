/** Elements in an order, pushed and popped at both ends; the list of saola/store. list-items.ts knows where they lie. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { ok, type Reply } from '../resp/reply.ts'
import { integerOf, wordOf } from './arguments.ts'
import { type Command, type KeyPositions, oneKey } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import {
  deleteBetween,
  fromStart,
  grow,
  indexesOf,
  insertBefore,
  itemsFrom,
  popItem,
  positionAt,
  positionBehind,
  pushItems,
  type Side,
} from './list-items.ts'
import { bufferOf } from './strings.ts'

const { list } = keyTypes
// From so many on, what is cut off is left to the sweeper.
const trimmedAtOnceMax = 1000
const twoKeys: KeyPositions = { first: 0, last: 1, step: 1 }
export const lists: readonly Command[] = [
  pushCommand('lpush', 'LEFT', true),
  pushCommand('rpush', 'RIGHT', true),
  pushCommand('lpushx', 'LEFT', false),
  pushCommand('rpushx', 'RIGHT', false),
  popCommand('lpop', 'LEFT'),
  popCommand('rpop', 'RIGHT'),
  {
    name: 'llen',
    summary: 'How many elements there are.',
    usage: 'key',
    arity: 1,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key]) => keyspace.findOf(key as Buffer, list)?.size ?? 0,
  },
  {
    name: 'lrange',
    summary: 'The elements from one index to another, both included; below 0 they count from the end.',
    usage: 'key start stop',
    arity: 3,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, start, stop]) => {
      const range = rangeOf(integerOf(start), integerOf(stop))
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return []
      const { from, count } = range(entry.size)
      const position = count > 0 ? positionAt(keyspace, entry, from) : undefined
      if (position === undefined) return []
      return itemsFrom(keyspace, entry, position, count).map(([, value]) => bufferOf(value))
    },
  },
  {
    name: 'lindex',
    summary: 'The element of an index; below 0 it counts from the end.',
    usage: 'key index',
    arity: 2,
    flags: ['readonly'],
    keys: oneKey,
    run: ({ keyspace }, [key, index]) => {
      const i = integerOf(index)
      const entry = keyspace.findOf(key as Buffer, list)
      const position = entry && positionAt(keyspace, entry, fromStart(i, entry.size))
      return entry && position !== undefined ? valueAt(keyspace, entry, position) : null
    },
  },
  {
    name: 'lset',
    summary: 'Replaces the element of an index.',
    usage: 'key index value',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, index, value]) => {
      const i = integerOf(index)
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) throw new CommandError('ERR', 'no such key')
      const position = positionAt(keyspace, entry, fromStart(i, entry.size))
      if (position === undefined) throw new CommandError('ERR', 'index out of range')
      keyspace.sql('UPDATE items SET value = ? WHERE id = ? AND position = ?').run(value as Buffer, entry.id, position)
      keyspace.touch(entry.name)
      return ok
    },
  },
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
      const most = integerOf(count)
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      const { changes } = keyspace
        .sql(
          `DELETE FROM items WHERE id = ?1 AND position IN
           (SELECT position FROM items WHERE id = ?1 AND value = ?2 ORDER BY position ${most < 0 ? 'DESC' : ''} LIMIT ?3)`,
        )
        .run(entry.id, value as Buffer, Math.abs(most) || -1)
      if (changes !== 0) grow(keyspace, entry, -Number(changes))
      return Number(changes)
    },
  },
  {
    name: 'ltrim',
    summary: 'Keeps the elements from one index to another, both included, and removes the others.',
    usage: 'key start stop',
    arity: 3,
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, start, stop]) => {
      const range = rangeOf(integerOf(start), integerOf(stop))
      const entry = keyspace.findOf(key as Buffer, list)
      if (entry) trim(keyspace, entry, range(entry.size))
      return ok
    },
  },
  {
    name: 'lpos',
    summary: 'The index of an element of this value, or null; with COUNT, the indexes of several, of all if it is 0.',
    usage: 'key value [RANK rank] [COUNT count] [MAXLEN length]',
    arity: [2, 8],
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
  {
    name: 'lmove',
    summary: 'Moves the element at an end of a list to an end of another one, or of the same; returns it.',
    usage: 'source destination LEFT | RIGHT LEFT | RIGHT',
    arity: 4,
    flags: ['write'],
    keys: twoKeys,
    run: ({ keyspace }, [source, destination, from, to]) =>
      move(keyspace, source as Buffer, destination as Buffer, { from: sideOf(from), to: sideOf(to) }),
  },
  {
    name: 'rpoplpush',
    summary: 'Moves the last element of a list to the beginning of another one; returns it.',
    usage: 'source destination',
    arity: 2,
    flags: ['write'],
    keys: twoKeys,
    run: ({ keyspace }, [source, destination]) =>
      move(keyspace, source as Buffer, destination as Buffer, { from: 'RIGHT', to: 'LEFT' }),
  },
]

function pushCommand(name: string, side: Side, makes: boolean): Command {
  return {
    name,
    summary: `Adds elements at the ${side === 'LEFT' ? 'beginning, the last one first' : 'end'}${makes ? '' : ', if there is a list'}; returns the length.`,
    usage: 'key value [value …]',
    arity: -2,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, ...values]) => {
      const entry = makes ? keyspace.obtain(key as Buffer, list) : keyspace.findOf(key as Buffer, list)
      if (!entry) return 0
      pushItems(keyspace, entry, side, values)
      return grow(keyspace, entry, values.length)
    },
  }
}

function popCommand(name: string, side: Side): Command {
  return {
    name,
    summary: `Removes the ${side === 'LEFT' ? 'first' : 'last'} element, or so many as a list; returns what was removed.`,
    usage: 'key [count]',
    arity: [1, 2],
    flags: ['write', 'frees'],
    keys: oneKey,
    run: ({ keyspace }, [key, count]) => {
      const most = count && integerOf(count)
      if (most !== undefined && most < 0) throw new CommandError('ERR', 'value is out of range, must be positive')
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return null
      if (most !== undefined) return popMany(keyspace, entry, side, most)
      const value = popItem(keyspace, entry, side)
      grow(keyspace, entry, -1)
      return value
    },
  }
}

/** LEFT or RIGHT. */
export function sideOf(argument: Buffer | undefined): Side {
  const word = wordOf(argument)
  if (word !== 'LEFT' && word !== 'RIGHT') throw syntaxError()
  return word
}

function popMany(keyspace: Keyspace, entry: Entry, side: Side, most: number): Reply {
  const { id, size } = entry
  const count = Math.min(most, size)
  if (count === 0) return []
  const rows = keyspace
    .sql(`SELECT position, value FROM items WHERE id = ? ORDER BY position ${side === 'LEFT' ? '' : 'DESC'} LIMIT ?`)
    .all(id, count) as unknown as [number, Uint8Array][]
  const ends = [rows[0]?.[0] as number, rows.at(-1)?.[0] as number]
  // Of a whole list, the rows are left to the sweeper.
  if (count < size) deleteBetween(keyspace, entry, Math.min(...ends), Math.max(...ends))
  grow(keyspace, entry, -count)
  return rows.map(([, value]) => bufferOf(value))
}

/** What `start` and `stop`, both included, mean for a list of some size. */
function rangeOf(start: number, stop: number): (size: number) => { from: number; count: number } {
  return size => {
    const from = Math.max(0, fromStart(start, size))
    const to = Math.min(size - 1, fromStart(stop, size))
    return { from, count: Math.max(0, to - from + 1) }
  }
}

function valueAt(keyspace: Keyspace, { id }: Entry, position: number): Buffer | null {
  const row = keyspace.sql('SELECT value FROM items WHERE id = ? AND position = ?').get(id, position)
  return row ? bufferOf((row as unknown as [Uint8Array])[0]) : null
}

interface Search {
  /** The how manieth, from 1; below 0 from the end. */
  readonly rank: number
  /** 0: all. */
  readonly count: number
  /** How many elements are looked at; 0: all. */
  readonly lengthMax: number
}

function searchOf(words: readonly Buffer[]): Omit<Search, 'count'> & { count: number | undefined } {
  if (words.length % 2 !== 0) throw syntaxError()
  let rank = 1
  let count: number | undefined
  let lengthMax = 0
  for (let i = 0; i < words.length; i += 2) {
    const word = wordOf(words[i])
    const number = integerOf(words[i + 1])
    if (word === 'RANK') rank = number
    else if (word === 'COUNT') count = number
    else if (word === 'MAXLEN') lengthMax = number
    else throw syntaxError()
    if (word === 'RANK' ? number === 0 : number < 0) {
      throw new CommandError('ERR', word === 'RANK' ? "RANK can't be zero" : `${word} can't be negative`)
    }
  }
  return { rank, count, lengthMax }
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
    .all(entry.id, value, end as number, count || -1, Math.abs(rank) - 1) as unknown as [number][]
  return rows.map(([position]) => position)
}

function trim(keyspace: Keyspace, entry: Entry, { from, count }: { from: number; count: number }): void {
  const { id, name, size, expires } = entry
  if (count === size) return
  if (count === 0) return keyspace.remove(entry)
  const first = positionAt(keyspace, entry, from) as number
  const last = positionAt(keyspace, entry, from + count - 1) as number
  if (size - count <= Math.max(count, trimmedAtOnceMax)) {
    if (from > 0) deleteBetween(keyspace, entry, Number.MIN_SAFE_INTEGER, first - 1)
    if (from + count < size) deleteBetween(keyspace, entry, last + 1, Number.MAX_SAFE_INTEGER)
    grow(keyspace, entry, count - size)
    return
  }
  // The fewer are copied, and the others go when there is time.
  const kept = keyspace.create(name, list)
  keyspace
    .sql('INSERT INTO items SELECT ?, position, value FROM items WHERE id = ? AND position BETWEEN ? AND ?')
    .run(kept.id, id, first, last)
  keyspace.resize(kept, count)
  if (expires !== null) keyspace.expireAt(kept, expires)
}

function move(keyspace: Keyspace, source: Buffer, destination: Buffer, { from, to }: { from: Side; to: Side }): Reply {
  const taken = keyspace.findOf(source, list)
  keyspace.findOf(destination, list)
  if (!taken) return null
  const given = keyspace.obtain(destination, list)
  const value = popItem(keyspace, taken, from)
  pushItems(keyspace, given, to, [value])
  grow(keyspace, given, 1)
  grow(keyspace, taken, -1)
  return value
}
