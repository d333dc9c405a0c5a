import { type Entry, type Keyspace, keyTypes } from '../database/keyspace.ts'

const sampledMax = 1_000
// Of the row of a key, and of one of an element, beside what they hold.
const keyBytes = 24
const rowBytes = 12

const elementsOf: Readonly<Record<number, string>> = {
  [keyTypes.hash]: 'SELECT length(field) + length(value) AS bytes FROM fields WHERE id = ?',
  [keyTypes.set]: 'SELECT length(field) AS bytes FROM fields WHERE id = ?',
  [keyTypes.list]: 'SELECT length(value) AS bytes FROM items WHERE id = ?',
  // A member is in two orders.
  [keyTypes.zset]: 'SELECT 2 * length(member) + 16 AS bytes FROM members WHERE id = ?',
}

/** Bytes that a key has in the file: nearly, since pages have room left. Many elements count like the first ones. */
export function bytesOfKey(keyspace: Keyspace, entry: Entry): number {
  const { name, type, id, size } = entry
  const own = keyBytes + name.length
  if (type === keyTypes.string) {
    const text = keyspace.unwrittenText(name)
    return own + (text?.length ?? firstNumber(keyspace, 'SELECT length(value) FROM keys WHERE name = ?', name))
  }
  const query = `SELECT coalesce(sum(bytes), 0) FROM (${elementsOf[type]} LIMIT ${sampledMax})`
  const sampled = firstNumber(keyspace, query, id)
  const share = size > sampledMax ? size / sampledMax : 1
  return own + size * rowBytes + Math.round(sampled * share)
}

function firstNumber(keyspace: Keyspace, query: string, value: Buffer | number): number {
  const row = keyspace.sql(query).get(value) as unknown as [number | null] | undefined
  return row?.[0] ?? 0
}
