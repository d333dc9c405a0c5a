/** The state of a tree as `saola status --json` prints it. Durations are in milliseconds, sizes in bytes. */
export interface TreeStatus {
  readonly name: string
  readonly pid: number
  readonly state: 'starting' | 'running' | 'stopping'
  readonly version: string
  readonly node: string
  readonly uptimeMs: number
  /** Counts the reloads since the start, from 1. */
  readonly generation: number
  readonly configFile: string | undefined
  readonly lastReload: ReloadOutcome | undefined
  readonly apps: readonly AppStatus[]
  readonly children: readonly ChildStatus[]
  /** What is run at certain times; absent in a tree without a section `cron`. */
  readonly cron?: readonly CronStatus[]
}

/** What a listen socket speaks. */
export type Protocol = 'http' | 'https' | 'redirect'

export interface AppStatus {
  readonly name: string
  readonly listen: readonly string[]
  /** What is spoken on each of them: on one of `redirect` everybody is sent to TLS. */
  readonly protocols: readonly Protocol[]
  readonly balance: string
  readonly workers: number
  readonly entry: string
}

/** A process, or the place where one was, has changed its state. */
export interface StateChange {
  /** `web:0`. */
  readonly name: string
  readonly kind: ChildKind
  readonly app: string
  readonly pid: number | undefined
  readonly generation: number
  readonly from: ChildState
  readonly to: ChildState
  /** Why, where there is a reason: how it ended, say. */
  readonly reason: string | undefined
}

/** Supervisor's states, with its meanings (http://supervisord.org/subprocess.html#process-states). */
export type ChildState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'EXITED' | 'FATAL'

/** A worker of an application, a process that runs tasks, a program of any kind, the owner of the shared store, or who shows the tree. */
export type ChildKind = 'web' | 'tasks' | 'program' | 'store' | 'monitor'

export interface ChildStatus {
  /** `web:0`. A worker that drains keeps the name that its successor has, too. */
  readonly name: string
  readonly kind: ChildKind
  /** The name of the application; of another kind of child, that of its group: `tasks:io`, `redis`, `store`. */
  readonly app: string
  readonly index: number
  readonly pid: number | undefined
  readonly state: ChildState
  readonly generation: number
  readonly uptimeMs: number
  /** How often this place was filled again after an end that nobody asked for. */
  readonly restarts: number
  readonly lastExit: ExitStatus | undefined
  /** What keeps it from starting or from being ready, in words. */
  readonly waitsFor: string | undefined
  /** How old the figures below are: a worker tells them every second, and one that is blocked does not. */
  readonly beatAgeMs: number
  readonly connections: number
  readonly inFlight: number
  readonly requests: number
  readonly loopDelayMs: number
  readonly utilization: number
  readonly cpuPercent: number
  readonly rssBytes: number
  /** Lines of output dropped because a reader or a disk was too slow. */
  readonly logDropped: number
}

export interface ExitStatus {
  readonly code: number | undefined
  readonly signal: string | undefined
  /** In words: `killed by SIGKILL`, `blocked 30.0s in parseCsv (src/import.ts:41)`. */
  readonly reason: string
  /** ISO 8601. */
  readonly at: string
}

export interface ReloadOutcome {
  readonly ok: boolean
  readonly generation: number
  /** What was replaced, or why nothing was: one sentence. */
  readonly message: string
  readonly at: string
  readonly durationMs: number
}

/** An entry of the section `cron`. */
export interface CronStatus {
  readonly name: string
  /** As it is written: `0 3 * * *`. */
  readonly schedule: string
  readonly timeZone: string
  /** When it runs next: ISO 8601. Undefined in `saola dev`, where nothing runs by itself. */
  readonly next: string | undefined
  readonly running: readonly CronRunStatus[]
  /** Whether a run waits for the end of the one under way. */
  readonly isWaiting: boolean
  /** The last run that has ended, also one before the last start of the tree. */
  readonly last: CronResult | undefined
  /** When a run has last ended well: ISO 8601. Kept while later ones fail. */
  readonly lastSuccessAt: string | undefined
  /** Since the start of the tree: runs that have begun, … */
  readonly runs: number
  /** … those that have failed, … */
  readonly failures: number
  /** … and those that were left out: the run before was not over, or their time was missed. */
  readonly skipped: number
}

export interface CronRunStatus {
  readonly pid: number | undefined
  /** ISO 8601. */
  readonly startedAt: string
  readonly by: 'schedule' | 'run'
}

/** How a run has ended. */
export interface CronResult {
  /** ISO 8601. */
  readonly startedAt: string
  readonly durationMs: number
  readonly ok: boolean
  readonly code: number | undefined
  readonly signal: string | undefined
  /** Why it has failed, in words: `exited with code 1: no such table: sessions`. */
  readonly reason: string | undefined
  /** Its time had come, or somebody has asked for it: `saola run`. */
  readonly by: 'schedule' | 'run'
}
