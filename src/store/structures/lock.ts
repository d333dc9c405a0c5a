import { randomUUID } from 'node:crypto'
import { hostname } from 'node:os'
import type { Call, Engine } from '../engines/engine.ts'
import { checkFunction, optionsOf } from '../given.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { LockHandle } from './lock-handle.ts'
import { type Duration, millisecondsOf, nowOf } from './structure.ts'

export interface LockOptions {
  /** How long the lock stays with a holder who says nothing more, because it has died or stands still; 30 s by default. */
  readonly ttl?: Duration
  /** Whether the lease is renewed, each third of it, as long as the process lives; true by default. */
  readonly renew?: boolean
}

export interface AcquireOptions extends LockOptions {
  /** How long to wait for the lock; 30 s by default, Infinity for ever. */
  readonly wait?: Duration
  /** Gives up waiting. */
  readonly signal?: AbortSignal | undefined
}

/** Who holds a lock. */
export interface LockHolder {
  readonly holder: string
  readonly token: number
  /** Milliseconds until the lease ends unless it is renewed. */
  readonly ttl: number
}

const ttlMsDefault = 30_000
const waitMsDefault = 30_000
const tryMs = 10_000

/**
 * One at a time, of all processes. Who waits longest is next. In the store it is the key `lock:<name>`.
 *
 * A process that stands still longer than the lease loses the lock without noticing at once: what must not be done twice
 * should look at `signal`, or better, hand on the `token` and refuse older ones where the work ends.
 *
 * ```ts
 * await store.lock('report').using({ ttl: '10s', wait: '5s' }, async ({ token, signal }) => writeReport(token, signal))
 * ```
 */
export class Lock {
  readonly name: string
  readonly #key: string
  readonly #engine: Engine

  constructor(engine: Engine, name: string) {
    this.#engine = engine
    this.name = name
    this.#key = lockKeyOf(name)
  }

  /**
   * Takes the lock, and waits until it is free. The handle must be released; its lease is renewed until then.
   *
   * @throws {StoreError} STORE_LOCK_TIMEOUT when it is not free in time; STORE_LOCK_LOST when this process stood still while
   *   it got it; the signal's reason when that is aborted.
   */
  async acquire(options: AcquireOptions = {}): Promise<LockHandle> {
    const { wait, signal } = optionsOf(options)
    const isForever = wait === Number.POSITIVE_INFINITY
    const waitMs = isForever ? 0 : wait === undefined ? waitMsDefault : millisecondsOf(wait, 'wait')
    const handle = await this.#take(options, { waitMs, mayWait: true, signal })
    if (handle) return handle
    const message = `The lock ${JSON.stringify(this.name)} was not free within ${waitMs} ms: its holder still works.`
    throw new StoreError('STORE_LOCK_TIMEOUT', message)
  }

  /** Takes the lock if it is free and nobody waits for it; else undefined. */
  async tryAcquire(options: LockOptions = {}): Promise<LockHandle | undefined> {
    return this.#take(optionsOf(options), { waitMs: tryMs, mayWait: false })
  }

  /**
   * Does work that nobody else does at the same time, and returns what it returns. The lease is renewed as long as it runs;
   * afterwards the lock is free, also when the work has thrown.
   *
   * @throws {StoreError} as `acquire`; STORE_LOCK_LOST, when the work has ended, if it went on without the lock.
   */
  async using<Result>(options: AcquireOptions, work: (held: LockHandle) => Result | Promise<Result>): Promise<Result> {
    checkFunction(work, 'The work under a lock, the second argument')
    const handle = await this.acquire(options)
    try {
      const result = await work(handle)
      handle.signal.throwIfAborted()
      return result
    } finally {
      await handle[Symbol.asyncDispose]()
    }
  }

  /** Who holds it; undefined when it is free. */
  async holder(): Promise<LockHolder | undefined> {
    const reply = await this.#engine.call(['saola.lock.holder', this.#key])
    if (reply === null) return undefined
    const [holder, token, ttlMs] = reply as readonly [Buffer, number, number]
    return { holder: holder.toString(), token, ttl: ttlMs < 0 ? Number.POSITIVE_INFINITY : ttlMs }
  }

  async #take(
    { ttl, renew = true }: LockOptions,
    { waitMs, mayWait, signal }: { waitMs: number; mayWait: boolean; signal?: AbortSignal | undefined },
  ): Promise<LockHandle | undefined> {
    const ttlMs = ttl === undefined ? ttlMsDefault : millisecondsOf(ttl)
    const holder = `${hostname()}:${process.pid}:${randomUUID()}`
    let wasSent = false
    const makeCall = (request: string, timeoutMs: number): Call => {
      wasSent = true
      return ['saola.lock.acquire', this.#key, holder, ttlMs, mayWait ? timeoutMs : -1, request]
    }
    const sentAt = nowOf(this.#engine)
    let token: Reply
    try {
      token = await this.#engine.wait(makeCall, { timeoutMs: waitMs, signal })
    } catch (error) {
      // It may be ours all the same, by an answer that was lost.
      if (wasSent) this.#engine.call(['saola.lock.release', this.#key, holder]).catch(() => {})
      throw error
    }
    if (token === null) return undefined
    const grant = { key: this.#key, holder, token: Number(token), ttlMs, willRenew: renew }
    const isYoung = nowOf(this.#engine) - sentAt < ttlMs / 3
    return new LockHandle(this.#engine, { ...grant, sentAt: isYoung ? sentAt : await this.#renewed(holder, ttlMs) })
  }

  /** When the wait was long, it is not known when the lease began: a renewal says it. */
  async #renewed(holder: string, ttlMs: number): Promise<number> {
    const sentAt = nowOf(this.#engine)
    const isHeld = (await this.#engine.call(['saola.lock.renew', this.#key, holder, ttlMs])) === 1
    if (isHeld) return sentAt
    throw new StoreError(
      'STORE_LOCK_LOST',
      `The lock ${JSON.stringify(this.name)} was lost as soon as it was acquired.`,
    )
  }
}

/** The key of a lock. */
export function lockKeyOf(name: string): string {
  return `lock:${name}`
}
