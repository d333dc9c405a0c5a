/**
 * Where the elements of a list lie, for lists.ts.
 *
 * The problem: rows have no numbers, so the millionth element of a list would be found by counting. The idea: elements lie
 * at positions that are multiples of 1024, one beside the other, and the position of an index is computed. What is put between
 * two gets the mean of theirs, and what is removed leaves a hole; others never move, so that a position is a place to
 * iterate from. While there are such, an index is found by counting from the nearer end: 10 ms for half a million.
 *
 * The limit: after ten inserts at one place there is no room, and its neighbours are spread over a larger window.
 */
import type { Entry, Keyspace } from '../database/keyspace.ts'
import { cutEnds, endsFor, endsOf, forgetEnds, step } from './list-ends.ts'
import { bufferOf } from './string-values.ts'

export type Side = 'LEFT' | 'RIGHT'
/** An element and where it lies. */
export type ItemRow = [position: number, value: Uint8Array]

// How full a window of 2^n positions may be: the larger, the emptier, so that spreading is paid for by the inserts before it.
const fillBase = 2 / 1.3

// For a list whose elements do not lie side by side: the next multiple of 1024 outside.
const inserts: Record<Side, string> = {
  RIGHT: `INSERT INTO items (id, position, value)
    VALUES (?1, (SELECT coalesce((max(position) | 1023) + 1, 0) FROM items WHERE id = ?1), ?2)`,
  LEFT: `INSERT INTO items (id, position, value)
    VALUES (?1, (SELECT coalesce((min(position) - 1) & ~1023, 0) FROM items WHERE id = ?1), ?2)`,
}
const deletes: Record<Side, string> = {
  LEFT: 'DELETE FROM items WHERE id = ?1 AND position = (SELECT min(position) FROM items WHERE id = ?1) RETURNING value',
  RIGHT:
    'DELETE FROM items WHERE id = ?1 AND position = (SELECT max(position) FROM items WHERE id = ?1) RETURNING value',
}
const insertItem = 'INSERT INTO items (id, position, value) VALUES (?, ?, ?)'
const deleteItem = 'DELETE FROM items WHERE id = ? AND position = ? RETURNING value'

/** Puts elements to an end, one after the other; the caller counts them. */
export function pushItems(keyspace: Keyspace, entry: Entry, side: Side, values: readonly Uint8Array[]): void {
  const { id } = entry
  const ends = endsFor(keyspace, entry)
  if (ends) {
    const insert = keyspace.sql(insertItem)
    for (const value of values) {
      const position = side === 'LEFT' ? ends.first - step : ends.last + step
      insert.run(id, position, value)
      if (side === 'LEFT') ends.first = position
      else ends.last = position
    }
    return
  }
  const insert = keyspace.sql(inserts[side])
  for (const value of values) insert.run(id, value)
}

/** Takes the element at an end away; the caller counts. */
export function popItem(keyspace: Keyspace, entry: Entry, side: Side): Buffer {
  const { id } = entry
  const ends = endsFor(keyspace, entry)
  if (!ends) return elementOf(keyspace.sql(deletes[side]).get(id))
  const value = elementOf(keyspace.sql(deleteItem).get(id, side === 'LEFT' ? ends.first : ends.last))
  if (side === 'LEFT') ends.first += step
  else ends.last -= step
  return value
}

function elementOf(row: unknown): Buffer {
  const [value] = row as [Uint8Array]
  return bufferOf(value)
}

/** Takes so many from an end, or all that there are, and counts. */
export function popItems(keyspace: Keyspace, entry: Entry, side: Side, most: number): Buffer[] {
  const { id, size } = entry
  const count = Math.min(most, size)
  if (count === 0) return []
  weighItems(keyspace, entry, side === 'LEFT' ? 0 : size - count, count)
  const rows = keyspace
    .sql(`SELECT position, value FROM items WHERE id = ? ORDER BY position ${side === 'LEFT' ? '' : 'DESC'} LIMIT ?`)
    .all(id, count) as unknown as [number, Uint8Array][]
  const ends = [rows[0]?.[0] as number, rows.at(-1)?.[0] as number]
  // Of a whole list, the rows are left to the sweeper.
  if (count < size) deleteBetween(keyspace, entry, Math.min(...ends), Math.max(...ends))
  grow(keyspace, entry, -count)
  return rows.map(([, value]) => bufferOf(value))
}

/** Where the element of this index lies, from 0 to size - 1; undefined when there is none. */
export function positionAt(keyspace: Keyspace, entry: Entry, index: number): number | undefined {
  const { id, size } = entry
  if (index < 0 || index >= size) return undefined
  const first = endsOf(keyspace, entry)?.first
  if (first !== undefined) return first + index * step
  const isNearStart = index < size / 2
  const row = keyspace
    .sql(`SELECT position FROM items WHERE id = ? ORDER BY position ${isNearStart ? '' : 'DESC'} LIMIT 1 OFFSET ?`)
    .get(id, isNearStart ? index : size - 1 - index)
  return (row as unknown as [number] | undefined)?.[0]
}

/** The indexes of positions that are in ascending order. */
export function indexesOf(keyspace: Keyspace, entry: Entry, positions: readonly number[]): number[] {
  const first = endsOf(keyspace, entry)?.first
  if (first !== undefined) return positions.map(position => (position - first) / step)
  const count = keyspace.sql('SELECT count(*) FROM items WHERE id = ? AND position >= ? AND position < ?')
  let from = Number.MIN_SAFE_INTEGER
  let index = 0
  return positions.map(position => {
    index += (count.get(entry.id, from, position) as unknown as [number])[0]
    from = position
    return index
  })
}

/** Up to so many elements from a position on. */
export function itemsFrom(keyspace: Keyspace, { id }: Entry, position: number, count: number): ItemRow[] {
  return keyspace
    .sql('SELECT position, value FROM items WHERE id = ? AND position >= ? ORDER BY position LIMIT ?')
    .all(id, position, count) as unknown as ItemRow[]
}

/** So many from an index on are to be the answer: see AnswerSize. */
export function weighItems(keyspace: Keyspace, entry: Entry, index: number, count: number): void {
  keyspace.answer.elements(count, () => {
    const weigh = keyspace.sql(
      `SELECT sum(bytes) FROM
       (SELECT length(value) AS bytes FROM items WHERE id = ? AND position >= ? ORDER BY position LIMIT ?)`,
    )
    return (weigh.get(entry.id, positionAt(keyspace, entry, index) as number, count) as unknown as [number])[0]
  })
}

/** Removes what lies from one position to another, both included; returns how many there were. The caller counts. */
export function deleteBetween(keyspace: Keyspace, entry: Entry, from: number, to: number): number {
  cutEnds(entry, from, to)
  const { changes } = keyspace
    .sql('DELETE FROM items WHERE id = ? AND position BETWEEN ? AND ?')
    .run(entry.id, from, to)
  return Number(changes)
}

/** Puts elements before the one at a position, or at the end when that is undefined; the caller counts them. */
export function insertBefore(
  keyspace: Keyspace,
  entry: Entry,
  next: number | undefined,
  values: readonly Uint8Array[],
): void {
  if (values.length === 0) return
  if (next === undefined) return pushItems(keyspace, entry, 'RIGHT', values)
  const [previous] = keyspace
    .sql('SELECT max(position) FROM items WHERE id = ? AND position < ?')
    .get(entry.id, next) as unknown as [number | null]
  if (previous === null) return pushItems(keyspace, entry, 'LEFT', values.toReversed())
  forgetEnds(entry)
  const gap = Math.floor((next - previous) / (values.length + 1))
  if (gap > 0) return insertAt(keyspace, entry, { from: previous + gap, gap }, values)
  insertAt(keyspace, entry, spreadAround(keyspace, entry, previous, values.length), values)
}

/** Where the next one lies; undefined when there is none. */
export function positionBehind(keyspace: Keyspace, { id }: Entry, position: number): number | undefined {
  const row = keyspace.sql('SELECT min(position) FROM items WHERE id = ? AND position > ?').get(id, position)
  return (row as unknown as [number | null])[0] ?? undefined
}

/** Gives all elements new positions, one beside the other, in the order that SQL is told. */
export function rearrange(keyspace: Keyspace, entry: Entry, order: string): void {
  const { id } = entry
  keyspace
    .sql(
      `INSERT INTO items (id, position, value)
       SELECT -id, (row_number() OVER (ORDER BY ${order}) - 1) * ${step}, value FROM items WHERE id = ?`,
    )
    .run(id)
  keyspace.sql('DELETE FROM items WHERE id = ?').run(id)
  bringBack(keyspace, id)
  entry.ends = { first: 0, last: (entry.size - 1) * step }
}

/** So many have come or gone, after all else: without any the key is gone. Returns how many there are. */
export function grow(keyspace: Keyspace, entry: Entry, by: number): number {
  keyspace.touch(entry.name)
  if (by !== 0) keyspace.resize(entry, by)
  return entry.size
}

/** An index that counts from the end when it is below 0. */
export function fromStart(index: number, size: number): number {
  return index < 0 ? index + size : index
}

interface Places {
  readonly from: number
  readonly gap: number
}

function insertAt(keyspace: Keyspace, { id }: Entry, { from, gap }: Places, values: readonly Uint8Array[]): void {
  const insert = keyspace.sql(insertItem)
  for (const [i, value] of values.entries()) insert.run(id, from + i * gap, value)
}

/** Spreads those around a position evenly, and leaves room for some behind it: returns where. */
function spreadAround(keyspace: Keyspace, { id, size }: Entry, position: number, added: number): Places {
  const countIn = keyspace.sql(
    'SELECT count(*), total(position <= ?2) FROM items WHERE id = ?1 AND position BETWEEN ?3 AND ?4',
  )
  for (let width = step, fill = fillBase ** 10; ; width *= 2, fill *= fillBase) {
    const from = Math.floor(position / width) * width
    const [count, before] = countIn.get(id, position, from, from + width - 1) as unknown as [number, number]
    if (count < size && count + added > fill) continue
    // All of it: then they can lie side by side again.
    const isWhole = count >= size
    const gap = isWhole ? step : Math.floor(width / (count + added))
    const start = isWhole ? 0 : from
    spread(keyspace, id, { from, to: from + width - 1, start, gap, position, room: added * gap })
    return { from: start + before * gap, gap }
  }
}

interface Spread {
  readonly from: number
  readonly to: number
  readonly start: number
  readonly gap: number
  readonly position: number
  readonly room: number
}

function spread(keyspace: Keyspace, id: number, { from, to, start, gap, position, room }: Spread): void {
  keyspace
    .sql(
      `INSERT INTO items (id, position, value)
       SELECT -id, ?4 + (row_number() OVER (ORDER BY position) - 1) * ?5 + iif(position > ?6, ?7, 0), value
       FROM items WHERE id = ?1 AND position BETWEEN ?2 AND ?3`,
    )
    .run(id, from, to, start, gap, position, room)
  keyspace.sql('DELETE FROM items WHERE id = ? AND position BETWEEN ? AND ?').run(id, from, to)
  bringBack(keyspace, id)
}

/** Rows cannot change places one by one without meeting each other, so they wait under -id. */
function bringBack(keyspace: Keyspace, id: number): void {
  keyspace.sql('INSERT INTO items (id, position, value) SELECT ?1, position, value FROM items WHERE id = -?1').run(id)
  keyspace.sql('DELETE FROM items WHERE id = -?').run(id)
}
