import type { DatabaseSync } from 'node:sqlite'
import { DiskSync } from './disk-sync.ts'

/** SQLite's `synchronous`. */
export type CommitLevel = 'OFF' | 'NORMAL' | 'FULL'

/**
 * How commits come to the disk. With FULL each of them waits for it. Else what must be durable, such as a task that is enqueued, is
 * committed as all else, and is answered when `disk` has it. Where there is such, the file must never be damaged by a power cut, so
 * OFF becomes NORMAL.
 */
export class CommitSync {
  /** Undefined where each commit has waited already. */
  readonly disk: DiskSync | undefined
  readonly #database: DatabaseSync
  #level: CommitLevel

  /** The level of a file that is opened is set here. */
  constructor(database: DatabaseSync, usual: CommitLevel) {
    this.#database = database
    const isBegun = hasTasks(database)
    this.#level = usual === 'OFF' && isBegun ? 'NORMAL' : usual
    database.exec(`PRAGMA synchronous = ${this.#level}`)
    this.disk = usual === 'FULL' ? undefined : new DiskSync(database, { isBegun })
  }

  /** To be called before a transaction begins: within one SQLite does not change it. */
  begin(isSynced: boolean): void {
    if (!isSynced || this.#level !== 'OFF') return
    this.#level = 'NORMAL'
    this.#database.exec('PRAGMA synchronous = NORMAL')
  }
}

function hasTasks(database: DatabaseSync): boolean {
  const any = 'SELECT 1 WHERE EXISTS (SELECT 1 FROM task_jobs) OR EXISTS (SELECT 1 FROM task_schedules)'
  return database.prepare(any).get() !== undefined
}
