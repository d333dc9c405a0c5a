/**
 * Whether a worker has said what it may. An application has the same channel, and could say anything under our names: the supervisor
 * must not fall over it.
 */
import type { WorkerFigures } from './figures.ts'
import type { Beat } from './messages.ts'

const beatNumbers = [
  ...(['loopDelayMs', 'utilization', 'rssBytes', 'heapBytes', 'cpuPercent'] as const),
  ...(['connections', 'inFlight', 'requests', 'logDropped'] as const),
]
const cacheNumbers = ['hits', 'stale', 'misses', 'passes', 'addresses', 'bytes']

export function isBeat(value: unknown): value is Beat {
  // NaN is null on the channel, and a beat is a sign of life also then. Its figures are looked at where they are used.
  return isRecord(value) && beatNumbers.every(name => value[name] === null || isNumber(value[name]))
}

export function isWorkerFigures(value: unknown): value is WorkerFigures {
  if (!hasNumbers(value, ['durationSumMs', 'bytesSent'])) return false
  const { responses, durations, edge } = value
  return isListOf(responses, isNumber) && isListOf(durations, isNumber) && (edge === undefined || isEdge(edge))
}

function isEdge(value: unknown): boolean {
  if (!isRecord(value)) return false
  const { routes, refusals, cache, upstreams } = value
  return (
    isListOf(routes, item => hasNumbers(item, ['requests']) && areTexts(item.step, item.rule)) &&
    isListOf(upstreams, isUpstream) &&
    isRecord(refusals) &&
    Object.values(refusals).every(isNumber) &&
    (cache === undefined || hasNumbers(cache, cacheNumbers))
  )
}

function isUpstream(value: unknown): boolean {
  return hasNumbers(value, ['inFlight', 'requests', 'failures']) && areTexts(value.rule, value.url)
}

function hasNumbers(value: unknown, names: readonly string[]): value is Readonly<Record<string, unknown>> {
  return isRecord(value) && names.every(name => isNumber(value[name]))
}

function isListOf(value: unknown, isItem: (item: unknown) => boolean): boolean {
  return Array.isArray(value) && value.every(isItem)
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null
}

function isNumber(value: unknown): boolean {
  return typeof value === 'number'
}

function areTexts(...values: readonly unknown[]): boolean {
  return values.every(value => typeof value === 'string')
}
