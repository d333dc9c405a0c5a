/**
 * How long requests took, as a histogram: a count for each bucket. Buckets can be added up over workers and over time, which
 * percentiles cannot; so percentiles are only taken of sums, by whoever shows them.
 */

/** The upper bounds of the buckets, in milliseconds; a last bucket behind them has none. */
export const durationBoundsMs = [1, 2.5, 5, 10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 30_000] as const

/** The bucket of a duration: the first whose bound it does not exceed. */
export function bucketOf(durationMs: number): number {
  let index = 0
  // Most requests are fast, so looking from the start finds theirs soonest.
  while (index < durationBoundsMs.length && durationMs > (durationBoundsMs[index] ?? 0)) index++
  return index
}

/** What came between two looks at the same counts; a count that has fallen began anew meanwhile. */
export function durationsBetween(before: readonly number[], after: readonly number[]): number[] {
  return after.map((count, index) => {
    const earlier = before[index] ?? 0
    return count >= earlier ? count - earlier : count
  })
}

/**
 * The duration that a share of the requests did not exceed, in milliseconds, as if those of a bucket were spread evenly over it:
 * `percentileOf(durations, 0.99)`. In the last bucket it is the bound below, since nothing tells how far it reaches. Undefined
 * when there was no request.
 */
export function percentileOf(durations: readonly number[], share: number): number | undefined {
  const total = durations.reduce((sum, count) => sum + count, 0)
  if (total === 0) return undefined
  let rest = Math.min(Math.max(share, 0), 1) * total
  for (const [index, count] of durations.entries()) {
    const [from, to] = [durationBoundsMs[index - 1] ?? 0, durationBoundsMs[index]]
    if (to === undefined) break
    if (count > 0 && rest <= count) return from + (to - from) * (rest / count)
    rest -= count
  }
  return durationBoundsMs.at(-1)
}
