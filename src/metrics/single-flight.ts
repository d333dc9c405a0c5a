/**
 * Does a work once for all who ask while it is under way, and for those who come within `keepMs` after its end. A failure is not kept.
 *
 * ```ts
 * const look = singleFlight(() => askEverybody(), { keepMs: 250, now: performance.now })
 * const [one, same] = await Promise.all([look(), look()])
 * ```
 */
export function singleFlight<Value>(
  work: () => Promise<Value>,
  { keepMs, now }: { readonly keepMs: number; readonly now: () => number },
): () => Promise<Value> {
  let latest: { readonly result: Promise<Value>; goodUntil: number } | undefined
  return () => {
    if (latest && now() < latest.goodUntil) return latest.result
    const flight = { result: work(), goodUntil: Number.POSITIVE_INFINITY }
    latest = flight
    flight.result.then(
      () => {
        flight.goodUntil = now() + keepMs
      },
      () => {
        flight.goodUntil = Number.NEGATIVE_INFINITY
      },
    )
    return flight.result
  }
}
