/**
 * How many connections one worker of a shared socket should hold before it leaves the next ones to the others.
 *
 * The kernel wakes whichever worker waits, not the one with the least to do: with 4 workers, keep-alive clients were
 * measured to end at 6, 9, 33 and 51 % of the requests. A worker above the average plus some slack pauses its
 * accepting until the others have caught up.
 */
const slackMin = 4
const slackRatio = 0.06

/** @returns the share, or undefined when there is nobody to share with. */
export function fairShare(connections: readonly number[]): number | undefined {
  if (connections.length < 2) return undefined
  const average = connections.reduce((sum, count) => sum + count, 0) / connections.length
  return Math.ceil(average + Math.max(slackMin, average * slackRatio))
}
