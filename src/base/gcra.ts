/**
 * How many requests a rate allows: the generic cell rate algorithm, in the form of the continuous-state leaky bucket
 * (ITU-T I.371, annex A: it decides the same as the form with a theoretical arrival time). A bucket holds a debt; each
 * token adds to it, time takes it away, and above `burst` tokens there is none to take.
 *
 * All numbers are whole: a token is `periodUs` units, and each microsecond takes `count` units away. So nothing is lost
 * or won by rounding, and in any time `t` no more than `burst + count × t / periodUs` are given away.
 */
export interface TokenRate {
  /** So many tokens … */
  readonly count: number
  /** … in so many microseconds. */
  readonly periodUs: number
  /** So many at once, after a rest. */
  readonly burst: number
}

/** What is owed, and when that was reckoned, in microseconds. Absent: nothing. */
export interface TokenDebt {
  readonly units: number
  readonly atUs: number
}

export interface TokensTaken {
  readonly granted: number
  /** Tokens that are still there. */
  readonly left: number
  /** Microseconds until one is there; 0 when one is. */
  readonly waitUs: number
  readonly debt: TokenDebt
}

export interface TokensWanted {
  readonly nowUs: number
  /** Of these as many are given as there are. */
  readonly needed: number
  /** Of these only a share of what is left then: one of `sharers`. So the last tokens lie with nobody unused. */
  readonly ahead?: number
  readonly sharers?: number
}

/** Whether the numbers stay below 2^53. */
export function isTokenRateExact({ periodUs, burst }: TokenRate): boolean {
  return (burst + 1) * periodUs <= Number.MAX_SAFE_INTEGER
}

/** Takes tokens. */
export function takeTokens(
  rate: TokenRate,
  debt: TokenDebt | undefined,
  { nowUs, needed, ahead = 0, sharers = 1 }: TokensWanted,
): TokensTaken {
  const { count, periodUs, burst } = rate
  const units = unitsAt(rate, debt, nowUs)
  const there = Math.floor((burst * periodUs - units) / periodUs)
  const first = Math.min(needed, there)
  const granted = first + Math.min(ahead, Math.floor((there - first) / sharers))
  const left = there - granted
  const owed = units + granted * periodUs
  return {
    granted,
    left,
    waitUs: left > 0 ? 0 : Math.ceil((owed + periodUs - burst * periodUs) / count),
    debt: { units: owed, atUs: nowUs },
  }
}

/** Gives back what was taken and not used. */
export function returnTokens(rate: TokenRate, debt: TokenDebt | undefined, nowUs: number, tokens: number): TokenDebt {
  return { units: Math.max(0, unitsAt(rate, debt, nowUs) - tokens * rate.periodUs), atUs: nowUs }
}

/** Microseconds until nothing is owed any more. */
export function settledAfterUs({ count }: TokenRate, { units }: TokenDebt): number {
  return Math.ceil(units / count)
}

/** What is owed now. A clock that was set back takes nothing away, and gives nothing. */
function unitsAt({ count, periodUs, burst }: TokenRate, debt: TokenDebt | undefined, nowUs: number): number {
  if (!debt) return 0
  const elapsedUs = Math.max(0, nowUs - debt.atUs)
  // Compared before it is multiplied, which could be above 2^53.
  const units = elapsedUs >= debt.units / count ? 0 : debt.units - elapsedUs * count
  return Math.min(units, burst * periodUs)
}
