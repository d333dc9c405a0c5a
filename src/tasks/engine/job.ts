/** A job as the engine keeps it, in the store: what a task is to be called with, how often and how long, and what became of it. */

/**
 * `scheduled` waits for its time (a delay, or the next attempt), `blocked` for others of its key, `waiting` for the jobs whose
 * results it gathers. `done`, `dead` and `cancelled` are final.
 */
export type JobState = 'scheduled' | 'ready' | 'blocked' | 'waiting' | 'active' | 'done' | 'dead' | 'cancelled'

export const jobStates: readonly JobState[] = [
  ...(['scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled'] as const),
]

export const finalStates: ReadonlySet<JobState> = new Set(['done', 'dead', 'cancelled'])

/** What went wrong, as it is kept. */
export interface JobError {
  readonly name: string
  readonly message: string
  readonly stack?: string
  readonly code?: string
}

/** Where a request came from, for the logs of what it has caused. */
export interface JobContext {
  readonly requestId?: string
  readonly traceparent?: string
}

/** What is given to `enqueue`. Times are in milliseconds, from when the store takes it. */
export interface NewJob {
  /** 26 letters and digits (ULID), made by whoever enqueues: one that is sent twice counts once. */
  readonly id: string
  readonly task: string
  readonly queue: string
  /** 0 to 9, the smallest first. */
  readonly priority: number
  readonly delayMs?: number
  /** JSON of the input. */
  readonly payload: string
  /** How often it may begin in all, interruptions not counted. */
  readonly attempts: number
  /** How often it may lose its worker; then it is dead. */
  readonly interruptionsMax: number
  /** Cancelled if it has not begun by then. */
  readonly expiresMs?: number
  /** After so long its signal is aborted; 0 never. */
  readonly softMs: number
  /** After so long its process is killed; 0 never. */
  readonly hardMs: number
  /** How long it is kept when it is done, and when it is dead or cancelled: two seconds at least, for whoever waits for it. */
  readonly resultMs: number
  readonly failureMs: number
  readonly context?: JobContext
  /** One at a time of this key: until it is finished, or for so long if `ttlMs` is given. */
  readonly unique?: { readonly key: string; readonly ttlMs?: number; readonly on: 'skip' | 'replace' }
  /** So many of this key are active at once. */
  readonly limit?: { readonly key: string; readonly max: number }
  /** So many of this key begin in a period; `burst` at once. */
  readonly rate?: { readonly key: string; readonly count: number; readonly periodMs: number; readonly burst: number }
  /**
   * It waits for so many others, whose `parent` it is. `one`: the result of the child is its payload; `all`: the list of results by
   * their index; `result`: it has no run of its own, the list is its result at once. If a child is dead or cancelled, so is it, until
   * that begins anew. Of more than 16 MiB of results it is dead.
   */
  readonly gather?: { readonly count: number; readonly mode: 'one' | 'all' | 'result' }
  readonly parent?: { readonly id: string; readonly index: number }
}

/** A job as `get`, `list`, `wait` and `claim` answer it. Times are milliseconds since 1970 by the clock of the store. */
export interface Job {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: JobState
  readonly priority: number
  readonly payload: string
  readonly attempt: number
  readonly attempts: number
  readonly interruptions: number
  readonly interruptionsMax: number
  readonly created: number
  /** When it is to be looked at again: scheduled, or kept until. */
  readonly due?: number
  readonly started?: number
  readonly finished?: number
  /** Of an active job: the name of the process that runs it, and what this proves it by. */
  readonly worker?: string
  readonly token?: number
  readonly softMs: number
  readonly hardMs: number
  readonly context?: JobContext
  readonly uniqueKey?: string
  readonly limitKey?: string
  readonly parent?: { readonly id: string; readonly index: number }
  /** JSON of what the handler has returned; undefined also for `undefined`. */
  readonly result?: string
  /** Of the last attempt that failed, also when a later one is done. */
  readonly error?: JobError
  /** JSON of what the handler said last. */
  readonly progress?: string
  /** Whether somebody has asked to cancel it while it is active. */
  readonly isCancelling?: boolean
  /** Grows with every change that somebody may wait for. */
  readonly version: number
}

/** What became of one job of an `enqueue`. */
export interface Enqueued {
  readonly id: string
  readonly state: JobState
  /** False: it was there already, by its id or its unique key; `id` is that of the other. */
  readonly isNew: boolean
}

/** Whether an answer of a worker counted: `lost`, when the job was given to another one meanwhile, or is over. */
export type Verdict = 'ok' | 'lost'

/** Which jobs: those to which all that is given applies. */
export interface JobFilter {
  readonly states?: readonly JobState[]
  readonly task?: string
  readonly queue?: string
  /** 100 by default, 1,000 at most. */
  readonly limit?: number
  /** From an earlier answer. */
  readonly cursor?: string
  /** So many bytes of the payload, result and progress of each are answered, which then may be no JSON; 0 to 1,048,576, all by default. */
  readonly textBytesMax?: number
}

/** A queue, and how many of its jobs are in each state that is not an end. */
export interface QueueInfo {
  readonly name: string
  readonly isPaused: boolean
  readonly scheduled: number
  readonly ready: number
  readonly blocked: number
  readonly active: number
}

/**
 * What a process tells of a task that it runs: enough to enqueue one by its name, without its code. What the code makes of the input
 * (a key of its own for uniqueness or a limit) is not in it; `hasKeys` says that there is such a thing.
 */
export interface TaskInfo {
  readonly id: string
  readonly queue: string
  readonly hasKeys?: boolean
  readonly defaults: JobDefaults
  /** The rules whose keys are not known before there is an input. */
  readonly openKeys?: OpenKeys
}

/** Without a key, so that whoever enqueues by name can give one. `isWholeInput`: it is made of the payload, see new-job.ts. */
export interface OpenKeys {
  readonly limit?: Omit<NonNullable<NewJob['limit']>, 'key'>
  readonly rate?: Omit<NonNullable<NewJob['rate']>, 'key'>
  readonly unique?: Omit<NonNullable<NewJob['unique']>, 'key'> & { readonly isWholeInput: boolean }
}

/** What is the same for all jobs of a task, if nobody asks for anything else. */
export type JobDefaults = Pick<
  NewJob,
  | ('priority' | 'attempts' | 'interruptionsMax' | 'expiresMs' | 'softMs' | 'hardMs' | 'resultMs' | 'failureMs')
  | ('limit' | 'rate' | 'unique')
>

/** A process that runs jobs, as the store knows it. */
export interface WorkerInfo {
  readonly name: string
  readonly slot: string
  readonly pid: number
  readonly host: string
  readonly pool: string
  readonly queues: readonly string[]
  /** As it was entered. */
  readonly tasks?: readonly TaskInfo[]
  readonly leaseUntil: number
  readonly active: number
}

/** When a task is to run, again and again. What `spec` means, the store does not know: src/tasks/schedule/ does. */
export interface Schedule {
  readonly name: string
  /** JSON. */
  readonly spec: string
  readonly job: Omit<NewJob, 'id'>
  /** When it is to run next. */
  readonly next: number
  /** The slot that ran last, and its job. */
  readonly last?: number
  readonly lastJob?: string
}
