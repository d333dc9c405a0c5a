import type { Clock } from '../../base/clock.ts'
import { returnTokens, type TokenRate, takeTokens } from '../../base/gcra.ts'
import type { Bucket, Grant, TokenSource } from './bucket.ts'

/** The tokens of this worker alone, in its memory. */
export class LocalTokens implements TokenSource {
  readonly #rate: TokenRate
  readonly #clock: Clock

  constructor(rate: TokenRate, clock: Clock) {
    this.#rate = rate
    this.#clock = clock
  }

  take(bucket: Bucket, needed: number): Grant {
    const taken = takeTokens(this.#rate, bucket.debt, { nowUs: this.#nowUs(), needed })
    bucket.debt = taken.debt
    return { granted: taken.granted, left: taken.left, waitMs: taken.waitUs / 1000 }
  }

  giveBack(bucket: Bucket, tokens: number): void {
    bucket.debt = returnTokens(this.#rate, bucket.debt, this.#nowUs(), tokens)
  }

  /** From a moment on, by the clock, no more is left of the burst than without these tokens. */
  oweAtLeast(bucket: Bucket, tokens: number, atMs: number): void {
    const atUs = Math.floor(atMs * 1000)
    const { units } = returnTokens(this.#rate, bucket.debt, atUs, 0)
    bucket.debt = { units: Math.max(units, tokens * this.#rate.periodUs), atUs }
  }

  /** Whole tokens that are owed now. */
  owedBy({ debt }: Bucket): number {
    return Math.ceil(returnTokens(this.#rate, debt, this.#nowUs(), 0).units / this.#rate.periodUs)
  }

  #nowUs(): number {
    return Math.floor(this.#clock.now() * 1000)
  }
}

/** The part of one worker, when each counts for itself; a token at least. */
export function shareOf({ count, periodUs, burst }: TokenRate, workers: number): TokenRate {
  return { count, periodUs: periodUs * workers, burst: Math.max(1, Math.floor(burst / workers)) }
}
