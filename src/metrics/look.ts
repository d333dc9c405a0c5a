/** One look at a tree, from which all metrics are read, and where it comes from. */
import type { TreeFigures } from '../ipc/figures.ts'
import type { TreeStatus } from '../ipc/status.ts'
import type { MinReady } from './min-ready.ts'

/** Who is asked; each rejects when there is no answer. The first two are asked of the supervisor. */
export interface MetricsSources {
  status(): Promise<TreeStatus>
  figures(): Promise<TreeFigures>
  store(): Promise<StoreFigures>
  /** Undefined in a tree that runs no tasks. */
  readonly tasks: (() => Promise<TaskFigures>) | undefined
}

export type SourceName = 'figures' | 'store' | 'tasks'

export interface Look {
  readonly status: TreeStatus
  /** Undefined, like the next two: there was no answer. */
  readonly figures: TreeFigures | undefined
  readonly store: StoreFigures | undefined
  readonly tasks: TaskFigures | undefined
  /** Whether those that were asked have not answered. */
  readonly problems: Readonly<Partial<Record<SourceName, boolean>>>
  readonly minReady: MinReady
  /** How long it took to ask. */
  readonly lookMs: number
  /** Milliseconds since 1970. */
  readonly at: number
}

/** What the shared store tells of itself. Counts are since its process has begun; what it does not tell is undefined. */
export interface StoreFigures {
  /** `idle`: nobody has used it yet, and a look does not start it. */
  readonly state: 'idle' | 'open'
  readonly keys?: number | undefined
  readonly sizeBytes?: number | undefined
  readonly uptimeSeconds?: number | undefined
  readonly rssBytes?: number | undefined
  readonly cpuSeconds?: number | undefined
  readonly connections?: number | undefined
  /** Clients that wait for something: an entry of a list, a lock, a job. */
  readonly waiting?: number | undefined
  readonly commands?: number | undefined
  readonly errors?: number | undefined
  readonly connectionsReceived?: number | undefined
  readonly connectionsRejected?: number | undefined
  readonly receivedBytes?: number | undefined
  readonly sentBytes?: number | undefined
  /** Topics that somebody listens to. */
  readonly channels?: number | undefined
  /** Seconds since 1970. */
  readonly snapshotAt?: number | undefined
  readonly isSnapshotGood?: boolean | undefined
}

export interface TaskFigures {
  /** Jobs by state. */
  readonly counts: Readonly<Record<string, number>>
  readonly queues: readonly QueueFigures[]
  readonly workers: readonly TaskWorkerFigures[]
  readonly schedules: readonly ScheduleFigures[]
  /** The clock of the store, by which schedules are due: milliseconds since 1970. */
  readonly now: number
}

export interface QueueFigures {
  readonly name: string
  readonly isPaused: boolean
  readonly scheduled: number
  readonly ready: number
  readonly blocked: number
  readonly active: number
}

export interface TaskWorkerFigures {
  readonly pool: string
  readonly active: number
  readonly queues: readonly string[]
}

export interface ScheduleFigures {
  /** When it is to run next: milliseconds since 1970. */
  readonly next: number
}
