export type ProbeResult =
  | { readonly ok: true }
  /** `connection refused at 127.0.0.1:6379` */
  | { readonly ok: false; readonly reason: string }

export interface ProbeLimits {
  readonly timeoutMs: number
  /** Ends it; what it has found by then is of no interest. */
  readonly signal: AbortSignal
}

/** Only said to who has ended the probe himself. */
export const unasked: ProbeResult = { ok: false, reason: 'not asked any more' }
