/**
 * What keeps deletes going on a full disk. SQLite appends every change to its WAL first, and the WAL begins anew only when all
 * that it holds was copied into the file. What the file has no room for therefore keeps the WAL's room, too, and then nothing
 * can be written, not even what would free some. So with little left on the disk the WAL is copied at once and kept short,
 * a write is refused when the file would have no room for it, and the ballast is there for what may be missing still.
 */
import { statSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { CommandError } from '../commands/command-error.ts'
import { isBallastThere, releaseBallast } from './ballast.ts'
import { databaseOf, freeBytes } from './folder.ts'
import { pragma } from './tables.ts'

// Between two looks at the disk; the ballast has room for four times as much.
const lookEveryBytes = 1024 ** 2
// A small write changes a page in some of its tables and indexes.
const bytesOfWrite = 12 * 1024
// Asked for beforehand: smaller ones are few between two looks.
const largeBytes = 256 * 1024
const spareBytes = 16 * 1024 ** 2
const blockBytes = 512
// As much as the ballast has, where there is none: others would take it, and deletes could not go on.
const keptBytes = 4 * 1024 ** 2
const readersMs = 100

/** The room on the disk of a store, as its owner keeps an eye on it. */
export class DiskRoom {
  readonly #dir: string
  readonly #database: DatabaseSync
  #written = 0
  #isTight = false
  #hasBallast = false

  constructor(dir: string, database: DatabaseSync) {
    this.#dir = dir
    this.#database = database
  }

  /**
   * To be called before a commit of so many bytes; what only frees is let through.
   *
   * @throws {CommandError} STORE_DISK_FULL when the WAL might take them, and the file could not any more; or when there is
   * no ballast, and what is left is kept for deletes.
   */
  check(bytes: number): void {
    if (bytes >= largeBytes) {
      const needed = this.#missingBytes() + 2 * bytes
      if (freeBytes(this.#dir) < needed) throw full(`a write of ${bytes} bytes needs ${needed} bytes of it`)
    }
    this.#hasBallast ||= isBallastThere(this.#dir)
    if (this.#hasBallast) return
    const unused = pragma(this.#database, 'freelist_count') * pragma(this.#database, 'page_size')
    if (freeBytes(this.#dir) + unused < keptBytes + bytes) throw full('what is left of it is kept for deletes')
  }

  /** To be told of each commit. May wait for a disk that is nearly full. Never throws: what was committed stays so. */
  note(writes: number, bytes: number): void {
    this.#written += writes * bytesOfWrite + bytes
    if (this.#written < lookEveryBytes) return
    this.#written = 0
    try {
      this.#keepShort(freeBytes(this.#dir) < this.#missingBytes() + spareBytes)
    } catch {
      // A disk that fails shows at the next write.
    }
  }

  /** Makes the WAL's room free again, or else that of the ballast. False when neither has any. May wait for the disk. */
  free(): boolean {
    if (beginAnew(this.#database)) return true
    this.#hasBallast = false
    if (!releaseBallast(this.#dir)) return false
    // The pages that could not be copied before have room now.
    beginAnew(this.#database)
    return true
  }

  #keepShort(isTight: boolean): void {
    if (isTight !== this.#isTight) {
      // Room that the WAL has had is room that it fills again.
      this.#database.exec(`PRAGMA journal_size_limit = ${isTight ? lookEveryBytes : -1}`)
      this.#isTight = isTight
    }
    if (isTight) synced(this.#database, () => this.#database.exec('PRAGMA wal_checkpoint(PASSIVE)'))
  }

  /** What the file has yet to take of the disk for what is in the WAL. */
  #missingBytes(): number {
    // Not its length: SQLite makes it longer before it copies, without asking whether there is room.
    const { blocks } = statSync(databaseOf(this.#dir))
    const wanted = pragma(this.#database, 'page_count') * pragma(this.#database, 'page_size')
    return Math.max(0, wanted - blocks * blockBytes)
  }
}

function full(reason: string): CommandError {
  return new CommandError('STORE_DISK_FULL', `the disk is full: ${reason}`)
}

/** Copies what the WAL has, so that it begins anew with the next write. Whether there was something, and it was all copied. */
function beginAnew(database: DatabaseSync): boolean {
  const timeout = pragma(database, 'busy_timeout')
  try {
    const { log } = checkpoint(database, 'NOOP')
    if (log <= 0) return false
    // Who reads just now is waited for, but not who is stopped in the midst of it.
    database.exec(`PRAGMA busy_timeout = ${readersMs}`)
    return synced(database, () => checkpoint(database, 'RESTART').busy) === 0
  } catch {
    return false
  } finally {
    database.exec(`PRAGMA busy_timeout = ${timeout}`)
  }
}

function checkpoint(database: DatabaseSync, mode: 'NOOP' | 'RESTART') {
  return database.prepare(`PRAGMA wal_checkpoint(${mode})`).get() as { busy: number; log: number }
}

/** What is copied must be on the disk before the WAL begins anew, in every mode of durability. */
function synced<Result>(database: DatabaseSync, work: () => Result): Result {
  const before = pragma(database, 'synchronous')
  database.exec('PRAGMA synchronous = FULL')
  try {
    return work()
  } finally {
    database.exec(`PRAGMA synchronous = ${before}`)
  }
}
