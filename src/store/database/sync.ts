/** The owner's side of the threads that wait for the disk: what runs in them is in sync-thread.ts. */
import { Worker as Thread } from 'node:worker_threads'
import { backoffMs } from '../../base/backoff.ts'
import { messageOf } from '../../base/errors.ts'
import { threadEnvironment } from '../../base/thread-environment.ts'
import type { Durability } from '../owner/owner-spec.ts'
import { StoreError, type StoreErrorCode, storeErrorCodes } from '../store-error.ts'
import type { StoreLog } from './folder.ts'
import type { FromSnapshotThread, FromSyncThread, ThreadTask, ToSyncThread } from './sync-thread.ts'
import type { SnapshotInfo } from './verify-snapshot.ts'

export interface SyncOptions {
  /** The folder; its database is open. */
  readonly dir: string
  readonly durability: Durability
  /** The file of the threads: processes/store-sync.ts. */
  readonly threadFile: URL
  readonly log: StoreLog
  /** Milliseconds from one round to the next; 1,000 by default. */
  readonly everyMs?: number
  /** Milliseconds that the last round may take; 10,000 by default. */
  readonly stopTimeoutMs?: number
}

const defaults = { everyMs: 1000, stopTimeoutMs: 10_000 }
const restartMs = { min: 100, max: 10_000 }
const healthyAfterMs = 60_000
const threadMemoryMb = 64

/** Keeps the promise of `everysec`, and the WAL short. Begins at once; `stop` ends it. */
export class StoreSync {
  readonly #options: Required<SyncOptions>
  readonly #rounds = new Map<number, PromiseWithResolvers<void>>()
  #thread: Thread | undefined
  #restart: NodeJS.Timeout | undefined
  #roundNext = 1
  #failures = 0
  #isStopped = false
  #snapshot: Thread | undefined

  constructor(options: SyncOptions) {
    this.#options = { ...defaults, ...options }
    this.#start()
  }

  /**
   * Resolves when all that was committed before is on the disk (but with `memory`), and was copied to the file if it is much.
   *
   * @throws {StoreError} STORE_UNAVAILABLE when the thread has just died.
   */
  async round(): Promise<void> {
    if (!this.#thread)
      throw new StoreError('STORE_UNAVAILABLE', 'The sync thread of the store does not run: try again.')
    const id = this.#roundNext++
    const done = Promise.withResolvers<void>()
    this.#rounds.set(id, done)
    this.#thread.ref()
    this.#thread.postMessage({ type: 'round', id } satisfies ToSyncThread)
    await done.promise
  }

  /**
   * Writes a snapshot to a file, in a thread of its own: syncs must not wait for it. See takeSnapshot.
   *
   * @throws {StoreError} STORE_BUSY while another one is taken; STORE_CLOSED; and what takeSnapshot says.
   */
  async snapshot(file: string): Promise<SnapshotInfo> {
    if (this.#isStopped) throw new StoreError('STORE_CLOSED', 'The store is closing: no snapshot was taken.')
    if (this.#snapshot) throw new StoreError('STORE_BUSY', 'A snapshot is being taken: wait until it is done.')
    const thread = this.#spawn({ task: 'snapshot', dir: this.#options.dir, file })
    this.#snapshot = thread
    try {
      return infoOf(await firstMessage(thread))
    } finally {
      this.#snapshot = undefined
    }
  }

  /** Ends after a last round. The database must still be open. A snapshot that is being taken is given up. */
  async stop(): Promise<void> {
    if (this.#isStopped) return
    this.#isStopped = true
    clearTimeout(this.#restart)
    // A thread in the middle of a long statement ends after it: nobody waits for what is given up.
    const isGivenUp = new Promise(resolve => setTimeout(resolve, this.#options.stopTimeoutMs).unref())
    await Promise.all([this.#stopThread(), Promise.race([this.#snapshot?.terminate(), isGivenUp])])
  }

  async #stopThread(): Promise<void> {
    const thread = this.#thread
    if (!thread) return
    thread.ref()
    const isOver = new Promise(resolve => thread.once('exit', resolve))
    thread.postMessage({ type: 'stop' } satisfies ToSyncThread)
    const timer = setTimeout(() => {
      this.#options.log('store.sync.slow', { waitedMs: this.#options.stopTimeoutMs })
      thread.terminate()
    }, this.#options.stopTimeoutMs)
    await isOver
    clearTimeout(timer)
  }

  #start(): void {
    const { dir, durability, everyMs } = this.#options
    const startedAt = performance.now()
    const thread = this.#spawn({ task: 'sync', dir, durability, everyMs })
    thread.unref()
    this.#thread = thread
    let cause: unknown = 'it ended'
    thread.on('message', this.#hear)
    thread.on('error', error => {
      cause = error
    })
    thread.once('exit', () => {
      this.#thread = undefined
      this.#failRounds(cause)
      if (this.#isStopped) return
      this.#failures = performance.now() - startedAt > healthyAfterMs ? 1 : this.#failures + 1
      this.#options.log('store.sync.died', { error: messageOf(cause), failures: this.#failures })
      this.#restart = setTimeout(() => this.#start(), backoffMs(this.#failures, restartMs))
      this.#restart.unref()
    })
  }

  #spawn(workerData: ThreadTask): Thread {
    return new Thread(this.#options.threadFile, {
      workerData,
      execArgv: [],
      env: threadEnvironment(),
      resourceLimits: { maxOldGenerationSizeMb: threadMemoryMb },
    })
  }

  readonly #hear = (message: FromSyncThread): void => {
    if (message.type === 'trouble') {
      const { work, error } = message
      this.#options.log(error === undefined ? `store.${work}.recovered` : `store.${work}.failed`, { error })
    } else if (message.type === 'done') {
      this.#rounds.get(message.id)?.resolve()
      this.#rounds.delete(message.id)
      if (this.#rounds.size === 0 && !this.#isStopped) this.#thread?.unref()
    }
  }

  #failRounds(cause: unknown): void {
    const error = new StoreError('STORE_UNAVAILABLE', `The sync thread of the store has ended: ${messageOf(cause)}.`)
    for (const { reject } of this.#rounds.values()) reject(error)
    this.#rounds.clear()
  }
}

function firstMessage(thread: Thread): Promise<FromSnapshotThread> {
  return new Promise((resolve, reject) => {
    thread.once('message', resolve)
    thread.once('error', reject)
    thread.once('exit', () => reject(new StoreError('STORE_CLOSED', 'The snapshot was given up: the store closes.')))
  })
}

function infoOf(reply: FromSnapshotThread): SnapshotInfo {
  if (reply.type === 'taken') return reply.info
  if (reply.isFull) throw new StoreError('STORE_DISK_FULL', `No snapshot was taken: ${reply.message}. Make room.`)
  const code = reply.code && reply.code in storeErrorCodes ? (reply.code as StoreErrorCode) : 'STORE_UNAVAILABLE'
  throw new StoreError(code, reply.code === code ? reply.message : `No snapshot was taken: ${reply.message}.`)
}
