/**
 * The thread that waits for the disk, so that the owner never does. It has a connection of its own, on which it copies what
 * the WAL has into the file, and syncs both. How the owner sees it is in sync.ts.
 */
import { closeSync, fdatasyncSync, openSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { pathToFileURL } from 'node:url'
import { parentPort } from 'node:worker_threads'
import { backoffMs } from '../../base/backoff.ts'
import { messageOf } from '../../base/errors.ts'
import type { Durability } from '../owner/owner-spec.ts'
import { makeBallast } from './ballast.ts'
import { databaseOf, freeBytes } from './folder.ts'
import { takeSnapshot } from './snapshot.ts'
import { isFull, isNoSpace } from './sqlite-failure.ts'
import { pragma } from './tables.ts'
import type { SnapshotInfo } from './verify-snapshot.ts'
import { noteCopied, readSalts } from './wal-file.ts'
import { findWalReaders } from './wal-readers.ts'

/** What a thread is started for. */
export type ThreadTask =
  | { readonly task: 'sync'; readonly dir: string; readonly durability: Durability; readonly everyMs: number }
  | { readonly task: 'snapshot'; readonly dir: string; readonly file: string }

/** `round` asks for one round now, `stop` for a last one. */
export type ToSyncThread = { readonly type: 'round'; readonly id: number } | { readonly type: 'stop' }

export type FromSyncThread =
  | { readonly type: 'done'; readonly id: number }
  | { readonly type: 'stopped' }
  /** Said when it begins, again each minute, and, without `error`, when it is over. */
  | { readonly type: 'trouble'; readonly work: string; readonly error: string | undefined }

export type FromSnapshotThread =
  | { readonly type: 'taken'; readonly info: SnapshotInfo }
  | { readonly type: 'failed'; readonly code: string | undefined; readonly message: string; readonly isFull: boolean }

// SQLite's own measure: 4 MB.
const checkpointPagesMin = 1000
const walBytesMax = 64 * 1024 ** 2
// The owner waits while the WAL is cut, and readers that look at it can hold that up for so long.
const cutBusyMs = 50
const chasesMax = 3
// A read takes microseconds: who holds up that many cuts, one each round, is stopped, or computes in the midst of its reads.
const uncutMax = 3
const troubleEveryMs = 60_000
// A timestamp of a file is as coarse as the clock tick of the system.
const tickMs = 50n
// With less left on the disk, all is copied in each round: pages in the WAL would need their room twice.
const roomBytesMin = 16 * 1024 ** 2
// Then the WAL keeps so much for the changes that deletes make.
const tightWalBytesMax = 4 * 1024 ** 2
const ballastEveryMs = 10_000
// What the file is longer than it has to be; more than this, and than an eighth of it, is cut off.
const surplusBytesMin = 4 * 1024 ** 2
const surplusShare = 1 / 8
// Who reads an old view keeps it from being cut: for microseconds, unless the process is stopped just then, or perhaps for hours; each
// try makes writers wait.
const surplusRetryMs = { min: 2_000, max: 60_000 }

/** Runs what a thread was started for. */
export function runThread(task: ThreadTask): void {
  const port = parentPort
  if (!port) throw new Error('This runs in a thread.')
  if (task.task === 'snapshot') {
    port.postMessage(snapshotReply(task))
    return
  }
  const syncer = new Syncer(task.dir, task.durability, message => port.postMessage(message))
  let timer: NodeJS.Timeout | undefined
  const next = () => {
    const startedAt = performance.now()
    syncer.round()
    timer = setTimeout(next, Math.max(0, task.everyMs - (performance.now() - startedAt)))
  }
  port.on('message', (message: ToSyncThread) => {
    syncer.round()
    if (message.type === 'round') {
      port.postMessage({ type: 'done', id: message.id } satisfies FromSyncThread)
      return
    }
    clearTimeout(timer)
    syncer.close()
    port.postMessage({ type: 'stopped' } satisfies FromSyncThread)
    port.close()
  })
  next()
}

function snapshotReply({ dir, file }: { dir: string; file: string }): FromSnapshotThread {
  try {
    return { type: 'taken', info: takeSnapshot(dir, file) }
  } catch (error) {
    return {
      type: 'failed',
      code: (error as { code?: string }).code,
      message: messageOf(error),
      isFull: isFull(error) || isNoSpace(error),
    }
  }
}

type WalState = { readonly busy: number; readonly log: number; readonly checkpointed: number }

export class Syncer {
  readonly #dir: string
  readonly #wal: string
  readonly #isSyncing: boolean
  readonly #tell: (message: FromSyncThread) => void
  readonly #troubledUntil = new Map<string, number>()
  #connection: DatabaseSync | undefined
  #syncedMark: string | undefined
  /** How often the WAL could not be cut, one after the other. */
  #uncut = 0
  #ballastAt = 0
  /** How often the file could not be cut, one after the other. */
  #surplusFailures = 0
  #surplusRetryAt = 0

  /** Tells of trouble; there is nobody who could catch what it throws. */
  constructor(dir: string, durability: Durability, tell: (message: FromSyncThread) => void) {
    this.#dir = dir
    this.#wal = `${databaseOf(dir)}-wal`
    this.#isSyncing = durability === 'everysec'
    this.#tell = tell
  }

  round(): void {
    if (this.#isSyncing) this.#guard('sync', () => this.#sync())
    this.#guard('checkpoint', () => this.#checkpoint())
    this.#guard('wal', () => this.#checkLength())
    if (performance.now() < this.#ballastAt) return
    this.#ballastAt = performance.now() + ballastEveryMs
    this.#guard('ballast', () => void makeBallast(this.#dir))
  }

  close(): void {
    this.#connection?.close()
    this.#connection = undefined
  }

  #sync(): void {
    const lookedAt = BigInt(Date.now())
    const status = statSync(this.#wal, { bigint: true, throwIfNoEntry: false })
    if (!status) return
    const mark = `${status.ino} ${status.size} ${status.mtimeNs}`
    if (mark === this.#syncedMark) return
    // By a descriptor of its own: SQLite's locks are not on this file.
    const fd = openSync(this.#wal, 'r+')
    try {
      fdatasyncSync(fd)
    } finally {
      closeSync(fd)
    }
    // What is written within the same tick leaves the same time: then it is synced once more. By the time of the look: a sync that
    // takes longer than a tick has not seen what was written behind it.
    const isSettled = lookedAt - status.mtimeMs > tickMs
    this.#syncedMark = isSettled ? mark : undefined
  }

  /** Copies what the WAL has into the file. Writers go on meanwhile, so it may have to be done again for what they add. */
  #checkpoint(): void {
    const isTight = freeBytes(this.#dir) < roomBytesMin
    const pagesMin = isTight ? 0 : checkpointPagesMin
    for (let chase = 0; chase < chasesMax; chase++) {
      const { log, checkpointed } = this.#pragma('NOOP')
      if (log <= pagesMin || log - checkpointed <= (chase === 0 ? 0 : checkpointPagesMin)) break
      this.#copy()
    }
    const walBytes = statSync(this.#wal, { throwIfNoEntry: false })?.size ?? 0
    // Only between two transactions can it be cut; its last pages are copied and synced while the owner waits.
    const isLong = walBytes > (isTight ? tightWalBytesMax : walBytesMax)
    const isTried = isLong || this.#hasSurplus()
    const isBusy = isTried && this.#pragma('TRUNCATE').busy === 1
    this.#uncut = isLong && isBusy ? this.#uncut + 1 : 0
    if (!isTried) return
    this.#surplusFailures = isBusy ? this.#surplusFailures + 1 : 0
    this.#surplusRetryAt = isBusy ? performance.now() + backoffMs(this.#surplusFailures, surplusRetryMs) : 0
  }

  /**
   * Whether the file has an end that was given back, and it is time to cut it off. Only a checkpoint that copies the whole WAL makes it shorter: beside an owner
   * that writes all the time one hardly ever does, unless the owner waits for it.
   */
  #hasSurplus(): boolean {
    if (performance.now() < this.#surplusRetryAt) return false
    const fileBytes = statSync(databaseOf(this.#dir), { throwIfNoEntry: false })?.size ?? 0
    if (fileBytes <= surplusBytesMin) return false
    const database = this.#open()
    const surplus = fileBytes - pragma(database, 'page_count') * pragma(database, 'page_size')
    return surplus > Math.max(surplusBytesMin, fileBytes * surplusShare)
  }

  #copy(): void {
    const salts = readSalts(this.#dir)
    const { checkpointed } = this.#pragma('PASSIVE')
    // With others it has begun anew meanwhile, and the count may be of either.
    if (salts !== undefined && salts === readSalts(this.#dir)) noteCopied(this.#dir, salts, checkpointed)
  }

  /** Who reads keeps the WAL as it was when the read began. It grows for as long, so an operator should know who it is. */
  #checkLength(): void {
    if (this.#uncut < uncutMax) return
    const readers = findWalReaders(this.#dir)
    // A snapshot that this process takes ends by itself.
    if (readers?.length === 0) return
    const names = readers?.map(({ pid, isStopped }) => `process ${pid}${isStopped ? ', which is stopped' : ''}`)
    const bytes = statSync(this.#wal, { throwIfNoEntry: false })?.size
    throw new Error(
      `the WAL has ${bytes} bytes and grows until a read has ended: of ${names?.join('; ') ?? 'some process'}. Let it go on, or end it.`,
    )
  }

  #pragma(mode: 'NOOP' | 'PASSIVE' | 'TRUNCATE'): WalState {
    return this.#open().prepare(`PRAGMA wal_checkpoint(${mode})`).get() as unknown as WalState
  }

  /** In every mode of durability it syncs what it copies: or a power cut could leave a file that is half of now. */
  #open(): DatabaseSync {
    if (this.#connection) return this.#connection
    // Not made where there is none: an empty file in the place of one that was taken away would pass for the store.
    const connection = new DatabaseSync(`${pathToFileURL(databaseOf(this.#dir)).href}?mode=rw`, { timeout: cutBusyMs })
    connection.exec('PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0')
    this.#connection = connection
    return connection
  }

  #guard(work: string, act: () => void): void {
    try {
      act()
      if (this.#troubledUntil.delete(work)) this.#tell({ type: 'trouble', work, error: undefined })
    } catch (error) {
      if (performance.now() < (this.#troubledUntil.get(work) ?? 0)) return
      this.#troubledUntil.set(work, performance.now() + troubleEveryMs)
      this.#tell({ type: 'trouble', work, error: messageOf(error) })
    }
  }
}
