/**
 * Decides over requests by the tokens of their key.
 *
 * A question to the store takes some tenths of a millisecond, and a limit of all workers needs it. So a worker that is asked
 * for the same key again and again takes some tokens ahead, decides at once while it has them, and takes new ones before they
 * are all gone. What it has not used within a second it gives back.
 *
 * What lies in the hands of workers is not known to the others: in any time `t` no more than `burst + rate × t` tokens leave
 * the store, but those that lay there at the beginning come on top. They are no more than `leaseMax` a worker, an eighth of
 * the burst (or a token) for all together, and none while there are fewer tokens than workers.
 */
import type { Clock } from '../../base/clock.ts'
import type { TokenRate } from '../../base/gcra.ts'
import { LeastRecentMap } from '../least-recent.ts'
import { Bucket, type Grant, type Refusal, type TokenSource, type Waiter } from './bucket.ts'

/** How long tokens lie at hand. */
const leaseMs = 1_000
/** Of all keys of a rule together. */
const waitingMax = 10_000

export interface LimiterOptions {
  readonly source: TokenSource
  readonly rate: TokenRate
  readonly clock: Clock
  /** How long a request may wait for a token; 0: it is refused at once. */
  readonly delayMs: number
  readonly maxKeys: number
  /** How many workers take from the source. */
  readonly sharers: number
}

export class Limiter {
  readonly #options: LimiterOptions
  readonly #leaseMax: number
  readonly #intervalMs: number
  readonly #buckets: LeastRecentMap<Bucket>
  /** Buckets with tokens at hand, which may have to go back. */
  readonly #lent = new Set<Bucket>()
  #waiting = 0
  #timer: NodeJS.Timeout | undefined

  constructor(options: LimiterOptions) {
    const { rate, sharers, maxKeys } = options
    this.#options = options
    this.#leaseMax = sharers > 1 ? Math.max(1, Math.floor(rate.burst / (8 * sharers))) : 0
    this.#intervalMs = rate.periodUs / rate.count / 1000
    this.#buckets = new LeastRecentMap(maxKeys)
  }

  /** How many keys are remembered. */
  get size(): number {
    return this.#buckets.size
  }

  /** undefined: the request may go on. A promise only where it has to wait, for the store or for its turn. */
  admit(key: string, isGone: () => boolean): Refusal | undefined | Promise<Refusal | undefined> {
    const bucket = this.#buckets.obtain(key, newBucket)
    const now = this.#options.clock.now()
    if (bucket.hand > 0 && now < bucket.handEndsAt && bucket.waiters.length === 0) {
      bucket.hand--
      if (bucket.hand <= bucket.lease >> 1) this.#takeAhead(bucket, now)
      return undefined
    }
    const isEmpty = now < bucket.emptyUntil
    if (isEmpty && this.#options.delayMs === 0) return { retryAfterMs: bucket.emptyUntil - now }
    if (isEmpty || bucket.isAsking || bucket.waiters.length > 0) return this.#wait(bucket, now, isGone)
    const grant = this.#ask(bucket, 1, now)
    if (grant instanceof Promise) {
      const waiting = this.#wait(bucket, now, isGone)
      void grant.then(settled => this.#settle(bucket, settled, 1))
      return waiting
    }
    if (this.#note(bucket, grant, now) > 0) return undefined
    return this.#options.delayMs > 0 ? this.#wait(bucket, now, isGone) : { retryAfterMs: grant.waitMs }
  }

  /** The request was refused all the same, by another rule. */
  giveBack(key: string): void {
    const bucket = this.#buckets.get(key)
    if (!bucket) return
    bucket.emptyUntil = 0
    if (bucket.hand >= this.#leaseMax) void this.#options.source.giveBack(bucket, 1)
    else this.#keep(bucket, 1, this.#options.clock.now())
  }

  async close(): Promise<void> {
    clearInterval(this.#timer)
    for (const bucket of this.#buckets.values()) clearTimeout(bucket.timer)
    await Promise.allSettled([...this.#lent].map(bucket => this.#options.source.giveBack(bucket, bucket.hand)))
    this.#lent.clear()
  }

  /** Asks for what is needed and, where the key is in use, for some more. */
  #ask(bucket: Bucket, needed: number, now: number): Grant | Promise<Grant> {
    const isWarm = now - bucket.askedAt < leaseMs / 2
    bucket.lease = isWarm ? Math.min(this.#leaseMax, Math.max(1, 2 * bucket.lease)) : 0
    bucket.askedAt = now
    const grant = this.#options.source.take(bucket, needed, now < bucket.scarceUntil ? 0 : bucket.lease)
    bucket.isAsking = grant instanceof Promise
    return grant
  }

  /** In the background, so that the next request finds tokens at hand. */
  #takeAhead(bucket: Bucket, now: number): void {
    if (bucket.isAsking || bucket.lease === 0 || now < bucket.emptyUntil || now < bucket.scarceUntil) return
    const grant = this.#ask(bucket, 0, now)
    if (!(grant instanceof Promise)) return
    void grant.then(settled => {
      // There were fewer than workers: it takes a while until there are more.
      if (settled.granted === 0)
        bucket.scarceUntil = this.#options.clock.now() + this.#intervalMs * this.#options.sharers
      this.#settle(bucket, settled, 0)
    })
  }

  #wait(bucket: Bucket, now: number, isGone: () => boolean): Refusal | Promise<Refusal | undefined> {
    const { delayMs, rate } = this.#options
    const turnMs = Math.max(0, bucket.emptyUntil - now) + bucket.waiters.length * this.#intervalMs
    // Without a delay they wait for an answer of the store only, of which no more than a burst can be served.
    const isHopeless = delayMs > 0 ? turnMs > delayMs : bucket.waiters.length >= rate.burst
    if (isHopeless || this.#waiting >= waitingMax) return { retryAfterMs: Math.max(turnMs - delayMs, this.#intervalMs) }
    const { promise, resolve } = Promise.withResolvers<Refusal | undefined>()
    this.#waiting++
    const settle = (refusal: Refusal | undefined) => {
      this.#waiting--
      resolve(refusal)
    }
    bucket.waiters.push({ deadline: now + delayMs, isGone, settle })
    if (!bucket.isAsking) this.#askLater(bucket, now)
    return promise
  }

  #askLater(bucket: Bucket, now: number): void {
    bucket.timer ??= setTimeout(
      () => {
        bucket.timer = undefined
        this.#askForWaiters(bucket)
      },
      Math.max(1, Math.ceil(bucket.emptyUntil - now)),
    )
  }

  #askForWaiters(bucket: Bucket): void {
    bucket.waiters = bucket.waiters.filter(waiter => {
      if (waiter.isGone()) waiter.settle(undefined)
      return !waiter.isGone()
    })
    const needed = bucket.waiters.length
    if (needed === 0 || bucket.isAsking) return
    const grant = this.#ask(bucket, needed, this.#options.clock.now())
    if (grant instanceof Promise) void grant.then(settled => this.#settle(bucket, settled, needed))
    else this.#settle(bucket, grant, needed)
  }

  #settle(bucket: Bucket, grant: Grant, needed: number): void {
    const now = this.#options.clock.now()
    bucket.isAsking = false
    let tokens = this.#note(bucket, grant, now)
    while (tokens > 0) {
      const waiter = bucket.waiters.shift()
      if (!waiter) break
      if (!waiter.isGone()) tokens--
      waiter.settle(undefined)
    }
    if (tokens > 0) this.#keep(bucket, tokens, now)
    if (bucket.waiters.length === 0) return
    // They came while the store was asked.
    if (grant.granted >= needed && grant.left > 0) this.#askForWaiters(bucket)
    else this.#refuseHopeless(bucket, now)
  }

  /** There is no token now: who cannot wait for one is refused. */
  #refuseHopeless(bucket: Bucket, now: number): void {
    const kept: Waiter[] = []
    for (const waiter of bucket.waiters) {
      const turnAt = Math.max(now, bucket.emptyUntil) + kept.length * this.#intervalMs
      if (waiter.isGone()) waiter.settle(undefined)
      else if (turnAt <= waiter.deadline) kept.push(waiter)
      else waiter.settle({ retryAfterMs: turnAt - now })
    }
    bucket.waiters = kept
    if (kept.length > 0) this.#askLater(bucket, now)
  }

  /** How many tokens have come. */
  #note(bucket: Bucket, { granted, left, waitMs }: Grant, now: number): number {
    bucket.emptyUntil = left === 0 ? now + waitMs : 0
    return granted
  }

  #keep(bucket: Bucket, tokens: number, now: number): void {
    if (this.#leaseMax === 0) {
      void this.#options.source.giveBack(bucket, tokens)
      return
    }
    bucket.hand = (now < bucket.handEndsAt ? bucket.hand : 0) + tokens
    bucket.handEndsAt = now + leaseMs
    this.#lent.add(bucket)
    this.#timer ??= setInterval(this.#returnUnused, leaseMs / 2).unref()
  }

  readonly #returnUnused = (): void => {
    const now = this.#options.clock.now()
    for (const bucket of this.#lent) {
      if (bucket.hand > 0 && now < bucket.handEndsAt) continue
      this.#lent.delete(bucket)
      if (bucket.hand > 0) void this.#options.source.giveBack(bucket, bucket.hand)
      bucket.hand = 0
      bucket.lease = 0
    }
    if (this.#lent.size > 0) return
    clearInterval(this.#timer)
    this.#timer = undefined
  }
}

function newBucket(key: string): Bucket {
  return new Bucket(key)
}
