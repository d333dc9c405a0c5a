/** The rows of sets: members without a value among the fields, in the order of their bytes. */
import type { Entry, Keyspace } from '../database/keyspace.ts'
import { bufferOf } from './string-values.ts'

const nothing = Buffer.alloc(0)

/** The next members behind one, or the first ones. */
export function membersAfter(keyspace: Keyspace, { id }: Entry, after: Buffer | undefined, count: number): Buffer[] {
  const rows = keyspace
    .sql(`SELECT field FROM fields WHERE id = ? AND field ${after ? '>' : '>='} ? ORDER BY field LIMIT ?`)
    .all(id, after ?? nothing, count) as unknown as [Uint8Array][]
  return rows.map(([member]) => bufferOf(member))
}

export function hasMember(keyspace: Keyspace, { id }: Entry, member: Buffer): boolean {
  return keyspace.sql('SELECT 1 FROM fields WHERE id = ? AND field = ?').get(id, member) !== undefined
}

/** Adds one; whether it is new. */
export function addMember(keyspace: Keyspace, entry: Entry, member: Buffer): boolean {
  const { changes } = keyspace
    .sql('INSERT OR IGNORE INTO fields (id, field, value) VALUES (?, ?, ?)')
    .run(entry.id, member, nothing)
  if (changes === 0) return false
  keyspace.touch(entry.name, member)
  keyspace.resize(entry, 1)
  return true
}

/** Removes one; whether it was there. */
export function removeMember(keyspace: Keyspace, entry: Entry, member: Buffer): boolean {
  const { changes } = keyspace.sql('DELETE FROM fields WHERE id = ? AND field = ?').run(entry.id, member)
  if (changes === 0) return false
  keyspace.touch(entry.name, member)
  keyspace.resize(entry, -1)
  return true
}
