/** Opens a store's folder for its owner: whatever a kill, a full disk or a bad disk has left there. */
import { DatabaseSync } from 'node:sqlite'
import { messageOf } from '../../base/errors.ts'
import type { Durability } from '../owner/owner-spec.ts'
import { StoreError } from '../store-error.ts'
import { makeBallast, releaseBallast } from './ballast.ts'
import { leaveCleanMark, takeCleanMark } from './clean-mark.ts'
import { type CommitLevel, CommitSync } from './commit-sync.ts'
import { finishReplacing, isEmptied, replaceDamaged } from './damage.ts'
import {
  databaseOf,
  hasRoom,
  makePrivate,
  prepareFolder,
  type StoreLog,
  sizeOf,
  syncFolder,
  unusable,
} from './folder.ts'
import { DiskRoom } from './full-disk.ts'
import { acquireOwnerLock, type OwnerLock } from './owner-lock.ts'
import { forgetNotes } from './restore-snapshot.ts'
import { applicationId, schema, schemaVersion } from './schema.ts'
import { isDamage, isRoom } from './sqlite-failure.ts'
import { identify, pagesMax, pragma } from './tables.ts'
import { checkPages, DamageError } from './verify-snapshot.ts'
import { findLostTail, isCopiedLost } from './wal-file.ts'

export interface OpenOptions {
  /** The folder, made if there is none. */
  readonly dir: string
  /** When a write is on the disk: see OwnerSpec. */
  readonly durability: Durability
  /** Of the file; 0 for no limit. What is there already stays. */
  readonly maxBytes: number
  /** Told of everything that an operator should know: `store.damaged` and others. */
  readonly log: StoreLog
  /** That of the folder, where this process has it already. It is let go when the file is closed, or cannot be opened. */
  readonly lock?: OwnerLock
}

export interface OpenedDatabase {
  readonly database: DatabaseSync
  readonly commitSync: CommitSync
  readonly room: DiskRoom
  /**
   * Writes everything to the disk and gives the folder free. With `isSound: false` the next owner looks through the file
   * before it uses it: for when SQLite has said that it is corrupt.
   */
  close(options?: { readonly isSound?: boolean }): Promise<void>
}

const pageBytes = 4096
const mapBytes = 256 * 1024 ** 2
// The sync thread has the file for itself for some milliseconds, a slow disk lets it have it for longer.
const busyMs = 5_000
const closeBusyMs = 200
const checkedBytesMax = 256 * 1024 ** 2

/**
 * `everysec` syncs in a thread, and yet is NORMAL: with OFF SQLite would not sync the head of a WAL that it begins anew, so
 * that after a power cut an old head could stand before new pages, and the file would be damaged instead of a second old.
 */
const synchronousOf: Record<Durability, CommitLevel> = { memory: 'OFF', everysec: 'NORMAL', always: 'FULL' }

/**
 * Opens the file of a folder as its only owner, and makes both if there are none. A damaged file is put aside, and the
 * newest valid snapshot takes its place.
 *
 * @throws {StoreError} STORE_UNAVAILABLE when another process owns the folder; STORE_DIRECTORY_UNUSABLE; STORE_DISK_FULL.
 */
export async function openDatabase(options: OpenOptions): Promise<OpenedDatabase> {
  const { dir, log } = options
  prepareFolder(dir, log)
  const lock = options.lock ?? acquireOwnerLock(dir)
  try {
    const database = withRoom(dir, () => openSound(options))
    syncFolder(dir)
    tryMakeBallast(dir, log)
    const commitSync = new CommitSync(database, synchronousOf[options.durability])
    return {
      database,
      commitSync,
      room: new DiskRoom(dir, database),
      close: async ({ isSound = true } = {}) => {
        try {
          await commitSync.disk?.close()
          closeDatabase(options, database, isSound)
        } finally {
          lock.release()
        }
      },
    }
  } catch (error) {
    lock.release()
    throw error instanceof StoreError ? error : unusable(dir, error)
  }
}

/**
 * A process that is killed leaves a sound file, so this is for what else may have happened to it. Of a large one it would
 * keep everybody waiting, a second for each GB; its pages are checked by `saola store check`, and when they are read.
 */
function isWorthChecking(dir: string): boolean {
  return (sizeOf(databaseOf(dir)) ?? 0) <= checkedBytesMax
}

/** To open a file takes room, too. */
function withRoom<Result>(dir: string, open: () => Result): Result {
  try {
    return open()
  } catch (error) {
    if (!isRoom(error)) throw error
    if (releaseBallast(dir)) return withRoom(dir, open)
    // SQLite calls it an error of input and output when it finds no room for its shared memory.
    if (hasRoom(dir)) throw error
    throw Object.assign(new Error(messageOf(error), { cause: error }), { code: 'ENOSPC' })
  }
}

function openSound(options: OpenOptions): DatabaseSync {
  const { dir, log } = options
  finishReplacing(dir, log)
  const mark = takeCleanMark(dir)
  try {
    const isCut = mark === 'changed' && !sizeOf(databaseOf(dir))
    if (isCut || isEmptied(dir)) throw new DamageError('the file is empty, and was not')
    return openFile(options, mark === 'clean' || !isWorthChecking(dir))
  } catch (error) {
    if (!isDamage(error) && !(error instanceof DamageError)) throw error
    replaceDamaged(dir, messageOf(error), log)
    // A snapshot that was verified just now, or nothing.
    return openFile(options, true)
  }
}

function openFile(options: OpenOptions, isSound: boolean): DatabaseSync {
  const file = databaseOf(options.dir)
  makePrivate(file)
  const database = new DatabaseSync(file, { timeout: busyMs })
  try {
    refuseForeign(database, file)
    const isCut = checkWal(database, options)
    if (isCut || !isSound) checkPages(database)
    // Or the next start would find, and tell of, the same once more.
    if (isCut) database.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    configure(database, options)
    return database
  } catch (error) {
    database.close()
    throw error
  }
}

/**
 * Whether a part of the WAL is lost, as it is after a power cut.
 *
 * @throws {DamageError} when it is more than a power cut can take.
 */
function checkWal(database: DatabaseSync, { dir, log }: OpenOptions): boolean {
  const { log: frames } = database.prepare('PRAGMA wal_checkpoint(NOOP)').get() as { log: number }
  const framesRead = Math.max(0, frames)
  if (isCopiedLost(dir, framesRead)) throw new DamageError('a part of the WAL that was on the disk makes no sense')
  const lost = findLostTail(dir, framesRead)
  if (lost) log('store.wal.cut', { dir, ...lost, framesRead, means: 'the last writes before a power cut may be lost' })
  return lost !== undefined
}

function refuseForeign(database: DatabaseSync, file: string): void {
  const identity = identify(database)
  if (identity === 'ours' || identity === 'new') return
  const whose =
    identity === 'newer' ? 'was written by a newer version of Saola' : 'is the database of another application'
  throw new StoreError(
    'STORE_DIRECTORY_UNUSABLE',
    `${file} ${whose}: it was not touched. Choose another folder for the store.`,
  )
}

function configure(database: DatabaseSync, { dir, maxBytes }: OpenOptions): void {
  // The first two only count while the file is empty.
  database.exec(`PRAGMA page_size = ${pageBytes}; PRAGMA auto_vacuum = INCREMENTAL`)
  const { journal_mode: mode } = database.prepare('PRAGMA journal_mode = WAL').get() as { journal_mode: string }
  if (mode !== 'wal') throw unusable(dir, new Error('its filesystem has no shared memory'))
  // A checkpoint of its own would make the owner wait for the disk: the sync thread does them.
  database.exec(`
    PRAGMA wal_autocheckpoint = 0;
    PRAGMA temp_store = MEMORY;
    PRAGMA mmap_size = ${mapBytes};
    PRAGMA max_page_count = ${maxBytes > 0 ? Math.max(1, Math.floor(maxBytes / pageBytes)) : pagesMax};
    PRAGMA synchronous = FULL`)
  makeTables(database)
}

/** All or nothing: a file with some of them would not be known as ours. */
function makeTables(database: DatabaseSync): void {
  database.exec('BEGIN IMMEDIATE')
  if (pragma(database, 'application_id') !== applicationId) {
    database.exec(`PRAGMA application_id = ${applicationId}; PRAGMA user_version = ${schemaVersion}`)
  }
  database.exec(`${schema}; ${forgetNotes}; COMMIT`)
}

/** A failure costs the next owner a longer start, and nothing else: what was committed is in the WAL. */
function closeDatabase({ dir, log }: OpenOptions, database: DatabaseSync, isSound: boolean): void {
  try {
    try {
      database.exec(`PRAGMA busy_timeout = ${closeBusyMs}; PRAGMA synchronous = FULL; PRAGMA wal_checkpoint(TRUNCATE)`)
    } finally {
      database.close()
    }
    if (isSound) leaveCleanMark(dir)
  } catch (error) {
    log('store.close.failed', { dir, error: messageOf(error) })
  }
}

function tryMakeBallast(dir: string, log: StoreLog): void {
  try {
    makeBallast(dir)
  } catch (error) {
    log('store.ballast.failed', { dir, error: messageOf(error) })
  }
}
