import { mkdirSync, readdirSync, rmSync, statSync } from 'node:fs'
import { basename, join } from 'node:path'
import { messageOf } from '../../base/errors.ts'
import { databaseOf, type StoreLog, snapshotsName } from './folder.ts'
import { removeSnapshot } from './snapshot.ts'
import type { SnapshotInfo } from './verify-snapshot.ts'

export interface ScheduleOptions {
  /** The folder of the store; snapshots go to `snapshots/` in it. */
  readonly dir: string
  /** Milliseconds from one to the next; 0: only those that are asked for. */
  readonly everyMs: number
  /** How many of its own it leaves; at least 1. */
  readonly keep: number
  /** Writes one to a file: StoreSync.snapshot. */
  readonly take: (file: string) => Promise<SnapshotInfo>
  /** A number that is another one after each change of the store since it was opened: `changesOf(database)`. */
  readonly changes: () => number
  readonly log: StoreLog
  /** Milliseconds since 1970; Date.now by default. */
  readonly now?: () => number
}

const timerMax = 2 ** 31 - 1
const retryMsMax = 60_000
const ownName = /^store-\d{4}-\d\d-\d\dT\d\d-\d\d-\d\d\.\d{3}Z\.db$/

/** Takes a snapshot every so often when something has changed, and removes the oldest of its own when a new one is there. */
export class SnapshotSchedule {
  readonly #options: Required<ScheduleOptions>
  readonly #folder: string
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  /** Of the last snapshot; undefined before the first, when only the files can tell. */
  #changesTaken: number | undefined

  /** The first is due so long after the last one of an earlier owner: restarts must not put it off for ever. */
  constructor(options: ScheduleOptions) {
    this.#options = { now: Date.now, ...options }
    this.#folder = join(options.dir, snapshotsName)
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 })
    this.#removeLeftovers()
    const lastAt = this.newestAt()
    const age = lastAt === undefined ? 0 : Math.max(0, this.#options.now() - lastAt)
    if (options.everyMs > 0) this.#wait(Math.max(0, options.everyMs - age))
  }

  /** When the last one was taken, in milliseconds since 1970. */
  newestAt(): number | undefined {
    const name = this.#own().at(-1)
    return name === undefined ? undefined : timeOf(name)
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /**
   * Takes one now, unless nothing has changed since the last; then it is undefined. With `isForced` it is taken all the same.
   *
   * @throws {StoreError} what `take` says. Older ones are only removed after a success.
   */
  async run({ isForced = false } = {}): Promise<SnapshotInfo | undefined> {
    const changes = this.#options.changes()
    if (!isForced && !this.#hasChanged(changes)) return undefined
    const info = await this.#options.take(join(this.#folder, nameOf(this.#options.now())))
    this.#changesTaken = changes
    this.#removeOldest(basename(info.file))
    return info
  }

  #wait(ms: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(
      () => (ms > timerMax ? this.#wait(ms - timerMax) : this.#runLogged()),
      Math.min(ms, timerMax),
    )
    this.#timer.unref()
  }

  async #runLogged(): Promise<void> {
    const { everyMs, log } = this.#options
    let waitMs = everyMs
    try {
      const info = await this.run()
      if (info) log('store.snapshot.taken', { file: info.file, bytes: info.sizeBytes, keys: info.rows.keys })
    } catch (error) {
      if (this.#isStopped) return
      log('store.snapshot.failed', { error: messageOf(error) })
      waitMs = Math.min(everyMs, retryMsMax)
    }
    this.#wait(waitMs)
  }

  #hasChanged(changes: number): boolean {
    if (this.#changesTaken !== undefined) return changes !== this.#changesTaken
    const takenAt = this.newestAt()
    return takenAt === undefined || changes > 0 || this.#writtenAt() > takenAt
  }

  /** When the store's files were last written: also by a checkpoint, so at worst one snapshot too many is taken. */
  #writtenAt(): number {
    const file = databaseOf(this.#options.dir)
    return Math.max(...[file, `${file}-wal`].map(path => statSync(path, { throwIfNoEntry: false })?.mtimeMs ?? 0))
  }

  /** The one just taken stays, even where the clock has gone back. */
  #removeOldest(taken: string): void {
    const others = this.#own().filter(name => name !== taken)
    for (const name of others.slice(0, Math.max(0, others.length - (this.#options.keep - 1)))) {
      removeSnapshot(join(this.#folder, name))
    }
  }

  /** Of an owner that was killed while it took one. */
  #removeLeftovers(): void {
    for (const name of readdirSync(this.#folder)) {
      if (/\.partial(\.sha256|-journal)?$/.test(name)) rmSync(join(this.#folder, name), { force: true })
    }
  }

  /** Oldest first. Others are none of its business. */
  #own(): string[] {
    return readdirSync(this.#folder)
      .filter(name => ownName.test(name))
      .sort()
  }
}

function nameOf(time: number): string {
  return `store-${new Date(time).toISOString().replaceAll(':', '-')}.db`
}

function timeOf(name: string): number {
  const [date, clock = ''] = name.slice('store-'.length, -'.db'.length).split('T')
  return Date.parse(`${date}T${clock.replaceAll('-', ':')}`)
}
