/** The rows of a hash: fields with values, each with a time to live of its own if wanted. */
import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'
import { bufferOf } from './strings.ts'

const { hash } = keyTypes

// Not put together where they are used: a text that is made anew is looked up slowly.
const selectField = `SELECT f.value, f.expires, k.expires FROM keys k JOIN fields f ON f.id = k.id AND f.field = ?2
  WHERE k.name = ?1 AND k.type = ${hash}`
const live = 'WHERE id = ?1 AND field = ?2 AND (expires IS NULL OR expires > ?4)'
const updateValue = `UPDATE fields SET value = ?3 ${live}`
const updateField = `UPDATE fields SET value = ?3, expires = ?5 ${live}`

export type FieldRow = [field: Uint8Array, value: Uint8Array]

/** One search for the key and its field together: what a map's `peek` waits for. */
export function readField(keyspace: Keyspace, key: Buffer, field: Buffer): Buffer | null {
  const row = keyspace.sql(selectField).get(key, field) as unknown as
    | [Uint8Array, number | null, number | null]
    | undefined
  if (row) {
    const [value, ends, keyEnds] = row
    const isOver = (ends !== null && ends <= keyspace.now) || (keyEnds !== null && keyEnds <= keyspace.now)
    return isOver ? null : bufferOf(value)
  }
  // Absent, or of another type, which is an error.
  keyspace.findOf(key, hash)
  return null
}

export function valueAt(keyspace: Keyspace, { id }: Entry, field: Buffer): Buffer | undefined {
  const row = keyspace.sql('SELECT value, expires FROM fields WHERE id = ? AND field = ?').get(id, field)
  if (!row) return undefined
  const [value, expires] = row as unknown as [Uint8Array, number | null]
  return expires !== null && expires <= keyspace.now ? undefined : bufferOf(value)
}

/** All rows, for an answer of all of them. */
export function answeredRows(keyspace: Keyspace, key: Buffer): FieldRow[] {
  const entry = keyspace.findOf(key, hash)
  if (!entry) return []
  keyspace.answer.elements(entry.size, () => {
    const weigh = keyspace.sql('SELECT sum(length(field) + length(value)) FROM fields WHERE id = ?')
    return (weigh.get(entry.id) as unknown as [number])[0]
  })
  return allRows(keyspace, key)
}

export function allRows(keyspace: Keyspace, key: Buffer): FieldRow[] {
  const entry = keyspace.findOf(key, hash)
  if (!entry) return []
  return keyspace
    .sql('SELECT field, value FROM fields WHERE id = ? AND (expires IS NULL OR expires > ?)')
    .all(entry.id, keyspace.now) as unknown as FieldRow[]
}

/** Whether the field is new. The usual case, one that is there, is one statement. */
export function writeField(
  keyspace: Keyspace,
  entry: Entry,
  field: Buffer,
  value: Buffer,
  expires: number | 'keep' | null,
): boolean {
  keyspace.touch(entry.name, field)
  const { id } = entry
  const { now } = keyspace
  const { changes } =
    expires === 'keep'
      ? keyspace.sql(updateValue).run(id, field, value, now)
      : keyspace.sql(updateField).run(id, field, value, now, expires)
  if (changes !== 0) return false
  const ends = expires === 'keep' ? null : expires
  const insert = 'INSERT INTO fields (id, field, value, expires) VALUES (?, ?, ?, ?)'
  // A field whose time is over may still have its row, and is counted.
  const hadRow = entry.size > 0 && dropRow(keyspace, id, field) !== undefined
  keyspace.sql(insert).run(id, field, value, ends)
  if (!hadRow) keyspace.resize(entry, 1)
  return true
}

/** Whether there was such a field. */
export function deleteField(keyspace: Keyspace, entry: Entry, field: Buffer): boolean {
  const expires = dropRow(keyspace, entry.id, field)
  if (expires === undefined) return false
  keyspace.touch(entry.name, field)
  keyspace.resize(entry, -1)
  return expires === null || expires > keyspace.now
}

/** When the row's time was to end; undefined when there was no row. */
function dropRow(keyspace: Keyspace, id: number, field: Buffer): number | null | undefined {
  const row = keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ? RETURNING expires').get(id, field)
  return (row as unknown as [number | null] | undefined)?.[0]
}

export function expiredFields(keyspace: Keyspace, { id }: Entry): number {
  const row = keyspace
    .sql('SELECT count(*) FROM fields INDEXED BY fields_expiry WHERE id = ? AND expires IS NOT NULL AND expires <= ?')
    .get(id, keyspace.now)
  return (row as unknown as [number])[0]
}
