/** How long to wait before the next attempt: 1 s, then twice as long each time up to 15 s; half of it by chance, so that many pages do not come at once. */
export function retryDelayMs(failures: number, chance: number): number {
  const most = Math.min(15_000, 1_000 * 2 ** Math.min(failures, 10))
  return Math.round(most / 2 + (most / 2) * chance)
}
