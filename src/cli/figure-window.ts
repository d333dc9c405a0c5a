/** Latency and errors of the last seconds, from looks at counts that only grow. */
import { durationsBetween, percentileOf } from '../base/durations.ts'
import type { TreeFigures, WorkerFigures } from '../control/operations.ts'

/** What has been answered lately. */
export interface RecentLoad {
  /** Responses of the class 5xx. */
  readonly errorsPerSecond: number
  /** In milliseconds; undefined when nothing was answered. */
  readonly p50: number | undefined
  readonly p95: number | undefined
  readonly p99: number | undefined
}

interface Look {
  /** In milliseconds on the monotonic clock. */
  readonly at: number
  readonly counts: ReadonlyMap<string, WorkerFigures>
  /** Applications have sums in any case. */
  readonly isCounted: boolean
}

/** Short enough to show what happens now, long enough for a percentile of a few requests a second. */
const windowMs = 15_000
const serverErrors = 4

export class FigureWindow {
  #looks: Look[] = []

  /** Takes in the figures as they were at `now`. */
  update({ apps, workers }: TreeFigures, now: number): void {
    const counts = new Map<string, WorkerFigures>()
    for (const figures of apps) counts.set(`app ${figures.app}`, figures)
    for (const figures of workers) counts.set(`worker ${figures.worker}@${figures.pid}`, figures)
    this.#looks = [
      ...this.#looks.filter(({ at }) => now - at <= windowMs),
      { at: now, counts, isCounted: workers.length > 0 },
    ]
  }

  /** Whether workers count at all: they do where metrics or the dashboard are configured. */
  get isThere(): boolean {
    return this.#looks.at(-1)?.isCounted === true
  }

  /** Undefined until there were two looks at it. */
  ofApp(app: string): RecentLoad | undefined {
    return this.#between(`app ${app}`)
  }

  ofWorker({ name, pid }: { readonly name: string; readonly pid: number | undefined }): RecentLoad | undefined {
    return this.#between(`worker ${name}@${pid}`)
  }

  #between(key: string): RecentLoad | undefined {
    const last = this.#looks.at(-1)
    const first = this.#looks.find(({ counts }) => counts.has(key))
    const [before, after] = [first?.counts.get(key), last?.counts.get(key)]
    if (!first || !last || !before || !after || first === last) return undefined
    const durations = durationsBetween(before.durations, after.durations)
    const errors = durationsBetween(before.responses, after.responses)[serverErrors] ?? 0
    const percentile = (share: number) => percentileOf(durations, share)
    const errorsPerSecond = (errors * 1_000) / Math.max(1, last.at - first.at)
    return { errorsPerSecond, p50: percentile(0.5), p95: percentile(0.95), p99: percentile(0.99) }
  }
}
