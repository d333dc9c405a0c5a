import { statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { messageOf } from '../../base/errors.ts'
import { StoreError } from '../store-error.ts'
import { hashFile, readChecksum } from './checksum.ts'
import { countRows, findStranger, identify, type RowCounts } from './tables.ts'

export interface SnapshotInfo {
  readonly file: string
  readonly sizeBytes: number
  /** Milliseconds since 1970. */
  readonly takenAt: number
  /** Of each table. */
  readonly rows: RowCounts
  /** Undefined when nothing was beside the file to compare it with. */
  readonly sha256: string | undefined
}

/** What a snapshot notes about itself, in its table `meta`. */
export const takenAtName = 'snapshot.takenAt'
export const rowsName = 'snapshot.rows'

/**
 * Reads all of a snapshot and says what it is. Takes seconds for each gigabyte.
 *
 * @throws {StoreError} STORE_SNAPSHOT_INVALID
 */
export function verifySnapshot(file: string): SnapshotInfo {
  try {
    const { size } = statSync(file)
    const sha256 = readChecksum(file)
    if (sha256 !== undefined && sha256 !== hashFile(file)) throw new Error('its checksum is another')
    return { file, sizeBytes: size, sha256, ...withSnapshot(file, verifyContent) }
  } catch (error) {
    throw invalid(file, error)
  }
}

/** When it was taken, by what it says; undefined when it cannot be read. A quick look, nothing is verified. */
export function readTakenAt(file: string): number | undefined {
  try {
    return withSnapshot(file, database => Number(noteOf(database, takenAtName)))
  } catch {
    return undefined
  }
}

/** An address by which SQLite opens a snapshot without ever writing beside it. */
export function readOnlyAddress(file: string): string {
  return `${pathToFileURL(file).href}?mode=ro`
}

function withSnapshot<Result>(file: string, read: (database: DatabaseSync) => Result): Result {
  const database = new DatabaseSync(file, { readOnly: true })
  try {
    database.exec('PRAGMA trusted_schema = OFF; PRAGMA cell_size_check = ON; PRAGMA mmap_size = 0')
    return read(database)
  } finally {
    database.close()
  }
}

function verifyContent(database: DatabaseSync): { takenAt: number; rows: RowCounts } {
  const identity = identify(database)
  if (identity === 'newer') throw new Error('a newer version of Saola wrote it')
  if (identity !== 'ours') throw new Error('it is no snapshot of a store')
  const stranger = findStranger(database)
  if (stranger !== undefined) throw new Error(`it contains ${stranger}, which no store has`)
  checkPages(database)
  const rows = countRows(database)
  const noted = JSON.parse(noteOf(database, rowsName)) as RowCounts
  for (const [table, count] of Object.entries(noted)) {
    if (rows[table] !== count) throw new Error(`${table} has ${rows[table]} rows of ${count}`)
  }
  return { takenAt: Number(noteOf(database, takenAtName)), rows }
}

/** @throws when a page is damaged. */
export function checkPages(database: DatabaseSync): void {
  const { quick_check: answer } = database.prepare('PRAGMA quick_check(1)').get() as { quick_check: string }
  if (answer !== 'ok') throw new DamageError(`damaged pages (${answer.split('\n').at(-1)})`)
}

/** The pages of a file contradict each other. */
export class DamageError extends Error {
  override readonly name = 'DamageError'
}

function noteOf(database: DatabaseSync, name: string): string {
  const row = database.prepare('SELECT value FROM meta WHERE name = ?').get(name) as { value: string } | undefined
  if (!row) throw new Error('it is a store, but no snapshot of one')
  return String(row.value)
}

function invalid(file: string, cause: unknown): StoreError {
  const message = `The snapshot ${file} is not used: ${messageOf(cause)}. Choose another one.`
  return new StoreError('STORE_SNAPSHOT_INVALID', message, { cause })
}
