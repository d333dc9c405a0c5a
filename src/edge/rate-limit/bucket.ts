import type { TokenDebt } from '../../base/gcra.ts'

/** Where tokens come from: this worker alone, or the store. */
export interface TokenSource {
  /** Takes what is `needed` as far as there is, and from what is left then some `ahead`. Never rejects. */
  take(bucket: Bucket, needed: number, ahead: number): Grant | Promise<Grant>
  /** Takes tokens back that were not used. */
  giveBack(bucket: Bucket, tokens: number): void | Promise<void>
}

export interface Grant {
  readonly granted: number
  readonly left: number
  /** Milliseconds until there is a token; 0 when there is one. */
  readonly waitMs: number
}

/** A request that waits for a token. */
export interface Waiter {
  /** When it is refused, by the clock. */
  readonly deadline: number
  isGone(): boolean
  /** undefined: it may go on. */
  settle(refusal: Refusal | undefined): void
}

export interface Refusal {
  readonly retryAfterMs: number
}

/** What a worker knows of one key. */
export class Bucket {
  readonly key: string
  /** Tokens at hand, until `handEndsAt`. */
  hand = 0
  handEndsAt = 0
  /** How many tokens are taken ahead: none until the key is asked for again and again. */
  lease = 0
  askedAt = Number.NEGATIVE_INFINITY
  isAsking = false
  /** Until then there is no token. */
  emptyUntil = 0
  /** Until then nothing is taken ahead. */
  scarceUntil = 0
  waiters: Waiter[] = []
  timer: NodeJS.Timeout | undefined
  /** Of a limit that is this worker's own, also while the store is away. */
  debt: TokenDebt | undefined
  /** When tokens were last asked for with success, from the store or alone. */
  countedAt = Number.NEGATIVE_INFINITY
  /** Tokens that were taken while the store was away, and that it does not know of yet. */
  takenAlone = 0

  constructor(key: string) {
    this.key = key
  }
}
