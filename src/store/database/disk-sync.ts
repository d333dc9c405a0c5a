/**
 * What was committed comes to the disk beside the owner's work: it goes on with the next turn while the system syncs the WAL, and all
 * that was committed meanwhile shares the next sync.
 *
 * A commit with `synchronous=NORMAL` has written its frames when it returns. From then on they are in the WAL, or, when the WAL has
 * begun anew, in the file, which whoever copies them has synced before. So a sync of the WAL that begins after the commit covers it.
 */
import { closeSync, fdatasync, openSync } from 'node:fs'
import type { DatabaseSync } from 'node:sqlite'
import { pragma } from './tables.ts'

// Who reads just now is waited for, but not who is stopped in the midst of it.
const readersMs = 100

type Done = (error: Error | undefined) => void

export class DiskSync {
  readonly #database: DatabaseSync
  /** Of its own: SQLite's locks are not on the WAL. The file is the same for as long as the database is open. */
  #fd: number | undefined
  #waiting: Done[] = []
  #underWay: Done[] | undefined
  #isBroken = false
  #onIdle: (() => void)[] = []

  /** Of an open database. With `isBegun` what an owner that was killed has left there is synced at once. */
  constructor(database: DatabaseSync, { isBegun }: { readonly isBegun: boolean }) {
    this.#database = database
    if (isBegun) this.#begin()
  }

  /** Whether all that somebody has waited for is on the disk. */
  get isSettled(): boolean {
    return !this.#isBroken && !this.#underWay
  }

  /** Calls back when all that was committed before is on the disk; with an error when nobody knows whether it is. */
  wait(done: Done): void {
    this.#waiting.push(done)
    if (!this.#underWay) this.#begin()
  }

  /** Resolves when nobody waits any more. */
  async idle(): Promise<void> {
    if (this.#underWay) await new Promise<void>(resolve => this.#onIdle.push(resolve))
  }

  /** Before the database is closed. */
  async close(): Promise<void> {
    await this.idle()
    if (this.#fd !== undefined) closeSync(this.#fd)
  }

  #begin(): void {
    this.#underWay = this.#waiting
    this.#waiting = []
    try {
      if (this.#isBroken) beginAnew(this.#database)
      // There is none yet where nothing was written since the file was opened.
      this.#fd ??= openSync(`${this.#database.location()}-wal`, 'r')
      fdatasync(this.#fd, error => this.#end(error ?? undefined))
    } catch (error) {
      setImmediate(() => this.#end(error as Error))
    }
  }

  #end(error: Error | undefined): void {
    const group = this.#underWay ?? []
    this.#underWay = undefined
    this.#isBroken = error !== undefined
    // The disk works while those are answered.
    if (this.#waiting.length > 0) this.#begin()
    for (const done of group) done(error)
    if (!this.#underWay) for (const resolve of this.#onIdle.splice(0)) resolve()
  }
}

/**
 * After a sync that has failed the system takes what it could not write for written, and says nothing of it the next time. What comes
 * behind it in the WAL could not be read after a power cut. So all is copied to the file, and the WAL begins anew.
 *
 * @throws when the disk fails again, or somebody reads what is in the WAL.
 */
function beginAnew(database: DatabaseSync): void {
  const [synchronous, timeout] = [pragma(database, 'synchronous'), pragma(database, 'busy_timeout')]
  database.exec(`PRAGMA synchronous = FULL; PRAGMA busy_timeout = ${readersMs}`)
  try {
    const { busy } = database.prepare('PRAGMA wal_checkpoint(TRUNCATE)').get() as { busy: number }
    if (busy !== 0) throw new Error('a sync has failed, and what is read just now keeps the WAL from beginning anew')
  } finally {
    database.exec(`PRAGMA synchronous = ${synchronous}; PRAGMA busy_timeout = ${timeout}`)
  }
}
