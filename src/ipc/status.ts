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
}

export interface AppStatus {
  readonly name: string
  readonly listen: readonly string[]
  readonly balance: string
  readonly workers: number
  readonly entry: string
}

/** Supervisor's states, with its meanings (http://supervisord.org/subprocess.html#process-states). */
export type ChildState = 'STOPPED' | 'STARTING' | 'RUNNING' | 'BACKOFF' | 'STOPPING' | 'EXITED' | 'FATAL'

/** A worker of an application, or the owner of the shared store. */
export type ChildKind = 'web' | 'store'

export interface ChildStatus {
  /** `web:0`. A worker that drains keeps the name that its successor has, too. */
  readonly name: string
  readonly kind: ChildKind
  /** The name of the application; of another kind of child, that kind. */
  readonly app: string
  readonly index: number
  readonly pid: number | undefined
  readonly state: ChildState
  readonly generation: number
  readonly uptimeMs: number
  /** How often this place was filled again after an end that nobody asked for. */
  readonly restarts: number
  readonly lastExit: ExitStatus | undefined
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
