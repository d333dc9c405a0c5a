/**
 * The order in which a claim looks into queues: drawn anew for each, so that a queue of weight 3 comes first three times as often as
 * one of weight 1, and none is left out for ever.
 *
 * Each gets the key `random^(1 / weight)`, and the largest comes first (Efraimidis and Spirakis).
 */
export function drawOrder(
  queues: readonly string[],
  weights: Readonly<Record<string, number>>,
  random: () => number = Math.random,
): readonly string[] {
  if (queues.length < 2) return queues
  return queues
    .map(queue => ({ queue, key: random() ** (1 / (weights[queue] ?? 1)) }))
    .sort((one, other) => other.key - one.key)
    .map(({ queue }) => queue)
}
