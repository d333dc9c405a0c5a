export interface BackoffOptions {
  /** The wait after the first failure, in milliseconds. */
  readonly min: number
  /** No wait is longer, in milliseconds. */
  readonly max: number
  /** `linear` waits 1, 2, 3 … times `min`, exactly, as Supervisor does; doubled by default. */
  readonly growth?: 'linear' | 'double'
}

/**
 * How long to wait after `failures` failures in a row (1 for the first): doubled each time up to `max`, less up to
 * a quarter of it at random, so that children that failed together do not come back together.
 */
export function backoffMs(failures: number, options: BackoffOptions, random: () => number = Math.random): number {
  if (options.growth === 'linear') return Math.min(options.max, options.min * failures)
  const full = Math.min(options.max, options.min * 2 ** Math.min(failures - 1, 30))
  return Math.round(full * (1 - random() / 4))
}
