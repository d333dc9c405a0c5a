/** Elements in an order, pushed and popped at both ends; the list of saola/store. list-items.ts knows where they lie. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { nullList, ok } from '../resp/reply.ts'
import { roughIntegerOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError } from './command-error.ts'
import {
  deleteBetween,
  fromStart,
  grow,
  itemsFrom,
  popItem,
  popItems,
  positionAt,
  pushItems,
  type Side,
  weighItems,
} from './list-items.ts'
import { bufferOf } from './string-values.ts'
import { positiveOf } from './waiting.ts'

const { list } = keyTypes
// From so many on, what is cut off is left to the sweeper.
const trimmedAtOnceMax = 1000

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
      const range = rangeOf(roughIntegerOf(start), roughIntegerOf(stop))
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return []
      const { from, count } = range(entry.size)
      const position = count > 0 ? positionAt(keyspace, entry, from) : undefined
      if (position === undefined) return []
      weighItems(keyspace, entry, from, count)
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
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return null
      const position = positionAt(keyspace, entry, fromStart(roughIntegerOf(index), entry.size))
      return position === undefined ? null : valueAt(keyspace, entry, position)
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
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) throw new CommandError('ERR', 'no such key')
      const position = positionAt(keyspace, entry, fromStart(roughIntegerOf(index), entry.size))
      if (position === undefined) throw new CommandError('ERR', 'index out of range')
      keyspace.sql('UPDATE items SET value = ? WHERE id = ? AND position = ?').run(value as Buffer, entry.id, position)
      keyspace.touch(entry.name)
      return ok
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
      const range = rangeOf(roughIntegerOf(start), roughIntegerOf(stop))
      const entry = keyspace.findOf(key as Buffer, list)
      if (entry) trim(keyspace, entry, range(entry.size))
      return ok
    },
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
      const most = count && positiveOf(count)
      const entry = keyspace.findOf(key as Buffer, list)
      if (!entry) return most === undefined ? null : nullList
      if (most !== undefined) return popItems(keyspace, entry, side, most)
      const value = popItem(keyspace, entry, side)
      grow(keyspace, entry, -1)
      return value
    },
  }
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
