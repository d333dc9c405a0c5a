/**
 * A snapshot is a database of its own: the store as it was between two transactions, without what belongs to connections.
 * It can be opened with any SQLite; beside it lies its checksum, for sha256sum. A file takes its name only when it was
 * read back and found right, so that the last good one stays whatever happens.
 */
import { mkdirSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { StoreError } from '../store-error.ts'
import { checksumOf, hashFile, writeChecksum } from './checksum.ts'
import { databaseOf, freeBytes, makePrivate, sizeOf, syncFile, syncFolder } from './folder.ts'
import { countRows, tablesLeftOut } from './tables.ts'
import { rowsName, type SnapshotInfo, takenAtName, verifySnapshot } from './verify-snapshot.ts'

// Left free, so that writes go on while and after the snapshot is taken.
const spareBytes = 4 * 1024 ** 2

/**
 * Writes the store of a folder to a file, which is replaced if it is there; writes of the store go on meanwhile. Takes
 * seconds for each gigabyte, so the owner does it in a thread: StoreSync.snapshot.
 *
 * @param now Milliseconds since 1970, for the note in the snapshot.
 * @throws {StoreError} STORE_DISK_FULL, STORE_SNAPSHOT_INVALID, or what SQLite or the system say. Nothing has changed then.
 */
export function takeSnapshot(dir: string, file: string, now = Date.now()): SnapshotInfo {
  const source = databaseOf(dir)
  const partial = `${file}.partial`
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  checkRoom(source, file)
  removeSnapshot(partial)
  try {
    copyDatabase(source, partial)
    seal(partial, now)
    syncFile(partial)
    const info = verifySnapshot(partial)
    const sha256 = hashFile(partial)
    publish(partial, file, sha256)
    return { ...info, file, sha256 }
  } finally {
    removeSnapshot(partial)
  }
}

/** Removes a snapshot and its checksum, if they are there. */
export function removeSnapshot(file: string): void {
  rmSync(file, { force: true })
  rmSync(checksumOf(file), { force: true })
}

function checkRoom(source: string, file: string): void {
  const needed = (sizeOf(source) ?? 0) + (sizeOf(`${source}-wal`) ?? 0) + spareBytes
  const free = freeBytes(dirname(file))
  if (free >= needed) return
  const message = `A snapshot may need ${needed} bytes, and ${dirname(file)} has ${free} left. Make room, or keep fewer snapshots.`
  throw new StoreError('STORE_DISK_FULL', message)
}

function copyDatabase(source: string, partial: string): void {
  makePrivate(partial)
  const database = new DatabaseSync(source, { readOnly: true, timeout: 1000 })
  try {
    // One transaction that reads: what is written meanwhile is not in it.
    database.prepare('VACUUM INTO ?').run(partial)
  } finally {
    database.close()
  }
}

/** Takes out what is not data, so that it cannot be read from free pages either, and notes what must be in. */
function seal(partial: string, now: number): void {
  const database = new DatabaseSync(partial)
  try {
    database.exec('PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA secure_delete = ON; BEGIN')
    for (const table of tablesLeftOut) database.exec(`DELETE FROM ${table}`)
    const note = database.prepare('INSERT OR REPLACE INTO meta (name, value) VALUES (?, ?)')
    note.run(takenAtName, now)
    note.run(rowsName, JSON.stringify(countRows(database)))
    database.exec('COMMIT; PRAGMA incremental_vacuum')
  } finally {
    database.close()
  }
}

/** At each step the name stands for a whole snapshot: one without a checksum is one, one with a wrong checksum is none. */
function publish(partial: string, file: string, sha256: string): void {
  writeChecksum(checksumOf(partial), file, sha256)
  syncFile(checksumOf(partial))
  rmSync(checksumOf(file), { force: true })
  syncFolder(dirname(file))
  renameSync(partial, file)
  renameSync(checksumOf(partial), checksumOf(file))
  syncFolder(dirname(file))
}
