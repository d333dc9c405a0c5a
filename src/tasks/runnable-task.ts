import type { JobContext, JobDefaults, OpenKeys } from './engine/job.ts'

/** Where a task runs: `io` many at once in a process, `cpu` one at a time. */
export type PoolKind = 'io' | 'cpu'

/** What a handler is given beside its input. */
export interface TaskContext {
  /** Of this job. */
  readonly id: string
  readonly task: string
  /** 1 for the first; interruptions (a killed worker, a deploy) do not count. */
  readonly attempt: number
  /** How many there may be. */
  readonly attempts: number
  /** Aborted when the job is cancelled, has taken longer than its soft limit, was given to somebody else, or its process ends. */
  readonly signal: AbortSignal
  /** Where the request came from that enqueued it. */
  readonly context: JobContext
  /** Says how far it is: any JSON value, for `handle.events()` and `saola tasks show`. What comes faster than it is stored is told once. */
  progress(value: unknown): Promise<void>
}

/** A task as the runner sees it: checked input, typed output and the rules of retrying are behind this. */
export interface RunnableTask {
  readonly id: string
  readonly queue: string
  readonly pool: PoolKind
  /** What is told of it in the session of its process, so that the command line can enqueue it: see TaskInfo. */
  readonly defaults?: JobDefaults
  /** Whether uniqueness or a limit goes by a key that is made of the input. */
  readonly hasKeys?: boolean
  readonly openKeys?: OpenKeys
  /** Calls the handler with what the JSON says, and returns the result as JSON; undefined for `undefined`. Rejects with what went wrong. */
  execute(payload: string, context: TaskContext): Promise<string | undefined>
  /** Milliseconds until the next attempt behind this error; null: none, it is dead. `attempt` is the one that failed. */
  retryDelay(error: unknown, attempt: number): number | null
}
