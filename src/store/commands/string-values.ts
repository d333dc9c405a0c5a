/** The value of a string: read, in whole or in part, and written. */
import { type Entry, type Keyspace, keyTypes, textBytesMax } from '../database/keyspace.ts'
import type { CommandContext } from './command.ts'
import { CommandError } from './command-error.ts'

/** Of a string in Redis. */
const redisBytesMax = 512 * 1024 ** 2

/**
 * The value, undefined when there is none.
 *
 * @throws {CommandError} WRONGTYPE when it holds something else.
 */
export function read(keyspace: Keyspace, key: Buffer): Buffer | undefined {
  return stringOf(keyspace, keyspace.findOf(key, keyTypes.string))
}

/** The value of a string; undefined for whatever else a key holds. */
export function stringOf(keyspace: Keyspace, entry: Entry | undefined): Buffer | undefined {
  if (entry?.type !== keyTypes.string) return undefined
  if (entry.text) return entry.text
  const row = keyspace.sql('SELECT value FROM keys WHERE name = ?').get(entry.name) as unknown as [Uint8Array | null]
  const value = bufferOf(row[0] ?? new Uint8Array())
  remember(entry, value)
  return value
}

/** How many bytes it has, which SQLite knows without reading them. */
export function lengthOf(keyspace: Keyspace, entry: Entry): number {
  if (entry.text) return entry.text.length
  const row = keyspace.sql('SELECT length(value) FROM keys WHERE name = ?').get(entry.name)
  return (row as unknown as [number | null])[0] ?? 0
}

/** Some of its bytes: those of a large value are not all brought into JavaScript. */
export function sliceOf(keyspace: Keyspace, entry: Entry, start: number, length: number): Buffer {
  if (length <= 0) return Buffer.alloc(0)
  if (entry.text) return entry.text.subarray(start, start + length)
  const row = keyspace.sql('SELECT substr(value, ?, ?) FROM keys WHERE name = ?').get(start + 1, length, entry.name)
  return bufferOf((row as unknown as [Uint8Array | null])[0] ?? new Uint8Array())
}

/** An entry of a reader is forgotten with the read; one of the owner is as long as nobody else writes, which nobody does. */
function remember(entry: Entry, value: Buffer): void {
  // A copy: what came in lies in a chunk of the connection.
  entry.text = value.length <= textBytesMax ? Buffer.from(value) : undefined
}

/** Sets a string in the place of anything. `expires` in milliseconds since 1970; null: never; keep: as it was. */
export function write(keyspace: Keyspace, key: Buffer, value: Buffer, expires: number | 'keep' | null): void {
  const entry = keyspace.find(key)
  if (entry?.type !== keyTypes.string) {
    const made = keyspace.create(key, keyTypes.string, value, expires === 'keep' ? (entry?.expires ?? null) : expires)
    keyspace.touch(made.name)
    remember(made, value)
    return
  }
  keyspace.touch(entry.name)
  const isOnlyValue = expires === 'keep' || (expires === null && entry.expires === null)
  if (isOnlyValue && value.length <= textBytesMax) {
    keyspace.setText(entry, Buffer.from(value))
    return
  }
  if (expires === 'keep') keyspace.sql('UPDATE keys SET value = ? WHERE name = ?').run(value, entry.name)
  else {
    entry.expires = expires
    keyspace.sql('UPDATE keys SET value = ?, expires = ? WHERE name = ?').run(value, expires, entry.name)
  }
  keyspace.noteWritten(entry)
  remember(entry, value)
}

/** Before a value of this length is made. */
export function checkLength({ owner }: CommandContext, length: number): void {
  if (length > redisBytesMax) {
    throw new CommandError('ERR', 'string exceeds maximum allowed size (proto-max-bulk-len)')
  }
  if (owner && length > owner.limits.valueBytesMax) {
    throw new CommandError('STORE_VALUE_TOO_LARGE', `a value of ${length} bytes is above store.maxValueBytes`)
  }
}

/** The bytes of a row as a Buffer, without a copy. */
export function bufferOf(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
