import type { Engine } from '../engines/engine.ts'
import { StoreError } from '../store-error.ts'
import { nowOf } from './structure.ts'

/** A lease as it was granted. */
export interface Grant {
  readonly key: string
  readonly holder: string
  readonly token: number
  readonly ttlMs: number
  /** By `nowOf`, before the lease was asked for: it cannot end earlier than `ttlMs` after that. */
  readonly sentAt: number
  readonly willRenew: boolean
}

/** A lock that is held, until `release` or the end of its lease. Lost locks abort `signal`. */
export class LockHandle {
  /** Larger than that of all who have held the lock before: what the lock guards can refuse smaller ones. */
  readonly token: number
  /** The name of this holder: host, process and a random part. */
  readonly holder: string
  readonly #engine: Engine
  readonly #grant: Grant
  readonly #lost = new AbortController()
  #endsAt = 0
  #endTimer: NodeJS.Timeout | undefined
  #renewTimer: NodeJS.Timeout | undefined
  readonly #forgetClock: (() => void) | undefined
  #isReleased = false

  constructor(engine: Engine, grant: Grant) {
    this.#engine = engine
    this.#grant = grant
    this.token = grant.token
    this.holder = grant.holder
    this.#forgetClock = engine.clock?.onMove(() => this.#onEnd())
    this.#extend(grant.sentAt)
  }

  /** Aborted, with a StoreError STORE_LOCK_LOST, when the lock is not held any more though it was not released. */
  get signal(): AbortSignal {
    return this.#lost.signal
  }

  /** Whether the lease lasts. Right also after this process stood still for long, when `signal` was not told yet. */
  get isHeld(): boolean {
    return !this.#isReleased && !this.signal.aborted && nowOf(this.#engine) < this.#endsAt
  }

  /**
   * Gives the lock back, once; whether it was still held.
   *
   * @throws {StoreError} STORE_UNAVAILABLE and the like: then it is free when the lease ends.
   */
  async release(): Promise<boolean> {
    if (this.#isReleased) return false
    this.#isReleased = true
    this.#end()
    return (await this.#engine.call(['saola.lock.release', this.#grant.key, this.holder])) === 1
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // The lease ends by itself.
    await this.release().catch(() => {})
  }

  #extend(sentAt: number): void {
    const { ttlMs, willRenew } = this.#grant
    this.#stop()
    this.#endsAt = sentAt + ttlMs
    const now = nowOf(this.#engine)
    this.#endTimer = timerOf(this.#onEnd, this.#endsAt - now)
    if (willRenew) this.#renewTimer = timerOf(this.#renew, sentAt + ttlMs / 3 - now)
  }

  readonly #renew = async (): Promise<void> => {
    const { key, ttlMs } = this.#grant
    const sentAt = nowOf(this.#engine)
    const timeoutMs = Math.max(1, this.#endsAt - sentAt)
    let isHeld: boolean
    try {
      isHeld = (await this.#engine.call(['saola.lock.renew', key, this.holder, ttlMs], { timeoutMs })) === 1
    } catch {
      // Tried again until the lease ends.
      if (!this.#isOver) this.#renewTimer = timerOf(this.#renew, ttlMs / 10)
      return
    }
    if (this.#isOver) return
    if (isHeld) this.#extend(sentAt)
    else this.#lose('somebody has taken it away')
  }

  readonly #onEnd = (): void => {
    const leftMs = this.#endsAt - nowOf(this.#engine)
    clearTimeout(this.#endTimer)
    if (leftMs > 0) this.#endTimer = timerOf(this.#onEnd, leftMs)
    else this.#lose(`its lease of ${this.#grant.ttlMs} ms is over`)
  }

  get #isOver(): boolean {
    return this.#isReleased || this.signal.aborted
  }

  #lose(why: string): void {
    this.#end()
    const message = `The lock ${JSON.stringify(this.#grant.key)} is lost, ${why}: another may hold it.`
    this.#lost.abort(new StoreError('STORE_LOCK_LOST', message))
  }

  #end(): void {
    this.#forgetClock?.()
    this.#stop()
  }

  #stop(): void {
    clearTimeout(this.#endTimer)
    clearTimeout(this.#renewTimer)
  }
}

/** It may fire early: timers of Node end after 24 days. */
function timerOf(run: () => void, ms: number): NodeJS.Timeout {
  return setTimeout(run, Math.min(Math.max(0, Math.ceil(ms)), 2 ** 31 - 1)).unref()
}
