/** In which order `saola top` shows processes. */
import type { ChildStatus } from '../control/operations.ts'
import type { FigureWindow } from './figure-window.ts'
import type { RequestRates } from './request-rates.ts'

export const sortKeys = ['name', 'cpu', 'memory', 'requests', 'latency', 'delay'] as const
export type SortKey = (typeof sortKeys)[number]

interface Known {
  readonly rates: RequestRates
  readonly figures: FigureWindow
}

/** The largest first; by name as the tree has them. */
export function sortProcesses(
  children: readonly ChildStatus[],
  sort: SortKey,
  { rates, figures }: Known,
): readonly ChildStatus[] {
  const figure = {
    name: undefined,
    cpu: (child: ChildStatus) => child.cpuPercent,
    memory: (child: ChildStatus) => child.rssBytes,
    requests: (child: ChildStatus) => rates.of(child) ?? 0,
    latency: (child: ChildStatus) => figures.ofWorker(child)?.p99 ?? -1,
    // One that is not heard of may be blocked: that is a delay, too.
    delay: (child: ChildStatus) => Math.max(child.loopDelayMs, child.beatAgeMs > blockedMs ? child.beatAgeMs : 0),
  }[sort]
  return figure ? children.toSorted((a, b) => figure(b) - figure(a)) : children
}

/** A worker that was not heard of for so long, in milliseconds, stands still: they tell their figures every second. */
export const blockedMs = 2_500
