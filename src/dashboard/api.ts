/**
 * What the page and its server say to each other: every path below `/api`, with the types of what goes and comes. Both sides
 * import this file, and nothing else of each other.
 *
 * Times are milliseconds since 1970, durations are in milliseconds, sizes in bytes. Every path answers 401 without a session, with a
 * `SignedOutBody`, and any other error is an `ErrorBody`. A POST needs `Content-Type: application/json`.
 *
 * | path                                | what                                                                  |
 * | ----------------------------------- | --------------------------------------------------------------------- |
 * | GET, POST, DELETE /api/session      | who I am (SessionView); sign in by a SignInInput; sign out            |
 * | GET /api/live                       | server-sent events: `hello` (Hello), `tick` (Tick), `event` (TreeEvent) |
 * |                                     | and, of every stream, `bye` ({}): the server ends, or the reader is slow |
 * | GET /api/history?span=              | History                                                               |
 * | GET /api/edge                       | EdgeView                                                              |
 * | GET /api/config                     | ConfigView                                                            |
 * | GET /api/stack?target=              | StackView                                                             |
 * | GET /api/logs?source=&lines=        | server-sent events: `line` (LogLine), `gap` (LogGap)                  |
 * | POST /api/actions/NAME              | an ActionInputs[NAME], answered by ActionOutputs[NAME]                |
 * | GET /api/store                      | StoreView                                                             |
 * | GET /api/store/keys?prefix=&after=  | KeyPage                                                               |
 * | GET /api/store/key?id=&after=       | KeyView, 404 without such a key                                       |
 * | POST /api/store/NAME                | a StoreInputs[NAME], answered by {}                                   |
 * | GET /api/store/topics?pattern=      | server-sent events: `message` (TopicMessage), `gap` (LogGap)          |
 * | GET /api/tasks                      | TasksView                                                             |
 * | GET /api/tasks/jobs?state=&task=&queue=&after= | JobPage                                                    |
 * | GET /api/tasks/job?id=              | JobView, 404 without such a job                                       |
 * | POST /api/tasks/NAME                | a TaskInputs[NAME], answered by TaskDone                              |
 */
import type {
  AppStatus,
  CachePurgeAnswer,
  CachePurgeInput,
  ChildStatus,
  ConfigChange,
  CronStatus,
  Done,
  EdgeFigures,
  ReloadAnswer,
  ReloadOutcome,
  SocketFigures,
  StopAnswer,
  TreeEvent,
} from '../control/operations.ts'

export type {
  AppStatus,
  CronStatus,
  EdgeFigures,
  LogLine,
  ReloadAnswer,
  ReloadOutcome,
  SocketFigures,
  TreeEvent,
} from '../control/operations.ts'

export interface ErrorBody {
  readonly error: { readonly code: string; readonly message: string; readonly problems: readonly string[] }
}

/** Of each 401. */
export interface SignedOutBody extends ErrorBody {
  /** One can sign in with a name and a password, too. */
  readonly hasUsers: boolean
}

/** With the token of a printed address, or as a user of `dashboard.users`. Wrong ones are answered by 401, too many of them by 429. */
export type SignInInput = { readonly token: string } | { readonly user: string; readonly password: string }

export interface SessionView {
  readonly tree: string
  readonly version: string
  readonly node: string
  /** The name of who has signed in with a password; `token` of who had an address. */
  readonly user: string
  /** Nothing may be changed. */
  readonly isReadOnly: boolean
  /** The tree runs tasks. */
  readonly hasTasks: boolean
}

/** The tree as it is; what of it changes comes in ticks. */
export interface Hello {
  readonly at: number
  readonly tree: TreeView
  readonly children: readonly ChildView[]
  readonly sample: Sample
  /** The latest that has happened, the oldest first. */
  readonly events: readonly TreeEvent[]
}

/** Sent each second, and at once when something has changed its state: then the sample is the former one. */
export interface Tick {
  readonly at: number
  /** Only when it is not what it was. */
  readonly tree?: TreeView
  /** Those that are not what they were, or new. */
  readonly changed: readonly ChildView[]
  /** Ids of those that are gone. */
  readonly gone: readonly string[]
  readonly sample: Sample
}

export interface TreeView {
  readonly name: string
  readonly pid: number
  readonly state: 'starting' | 'running' | 'stopping'
  readonly startedAt: number
  readonly generation: number
  readonly configFile: string | undefined
  readonly lastReload: ReloadOutcome | undefined
  readonly apps: readonly AppStatus[]
  readonly cron: readonly CronStatus[]
}

/** A process, or the place of one. */
export interface ChildView extends Omit<ChildStatus, 'uptimeMs' | 'beatAgeMs'> {
  /** Its name and pid: two may have one name while one replaces the other. */
  readonly id: string
  readonly startedAt: number | undefined
  /** No sign of life for longer than usual: since when. */
  readonly silentSince: number | undefined
  /** Of the last second; undefined as long as it has not told its figures twice. */
  readonly requestsPerSecond: number | undefined
}

/** One look at all that serves, over the time since the last. */
export interface Sample {
  readonly at: number
  readonly requestsPerSecond: number
  /** Responses of 500 and above. */
  readonly errorsPerSecond: number
  /** Of the requests that have ended; null when there was none. */
  readonly p50Ms: number | null
  readonly p90Ms: number | null
  readonly p99Ms: number | null
  readonly inFlight: number
  readonly connections: number
  /** The longest of all workers. */
  readonly loopDelayMs: number
  /** Of all processes of the tree. */
  readonly cpuPercent: number
  readonly rssBytes: number
}

export const historySpans = ['10m', '2h', '24h'] as const
export type HistorySpan = (typeof historySpans)[number]

/** What charts are drawn of, in columns: the n-th number of each is of the n-th time. */
export interface History {
  readonly span: HistorySpan
  readonly stepMs: number
  /** The middle of each step, growing. */
  readonly at: readonly number[]
  readonly totals: Readonly<Record<Exclude<keyof Sample, 'at'>, readonly (number | null)[]>>
  /** By the name of the worker; null where there was none. */
  readonly workers: Readonly<Record<string, Readonly<Record<WorkerColumn, readonly (number | null)[]>>>>
  /** Reloads, restarts and deaths, to be marked. */
  readonly marks: readonly Mark[]
}

export const workerColumns = ['requestsPerSecond', 'loopDelayMs', 'cpuPercent', 'rssBytes', 'inFlight'] as const
export type WorkerColumn = (typeof workerColumns)[number]

export interface Mark {
  readonly at: number
  readonly kind: 'reload' | 'reload-failed' | 'restart' | 'death'
  /** `web:1 killed by SIGKILL` */
  readonly text: string
}

export interface EdgeView {
  readonly apps: readonly EdgeAppView[]
  readonly sockets: readonly SocketFigures[]
}

export interface EdgeAppView {
  readonly app: string
  readonly listen: readonly string[]
  /** Since the tree has started. */
  readonly responses: readonly number[]
  readonly bytesSent: number
  /** Undefined without an edge. */
  readonly edge: EdgeFigures | undefined
}

export interface ConfigView {
  /** The effective values, with the origin of each. */
  readonly text: string
  /** What the last reload has changed; undefined before the first. */
  readonly changes: readonly ConfigChange[] | undefined
  readonly lastReload: ReloadOutcome | undefined
}

export interface StackView {
  readonly pid: number
  readonly stack: string
}

/** So many were left out: they came faster than they could be sent. 0: nobody knows how many, the connection was broken. */
export interface LogGap {
  readonly missed: number
}

export interface ActionInputs {
  reload: { readonly dryRun?: boolean }
  restart: { readonly target: string }
  start: { readonly target: string }
  stop: { readonly target: string }
  scale: { readonly target: string; readonly workers: string }
  cachePurge: CachePurgeInput
  reopen: object
  /** Begins a run of an entry of cron, and leaves it to itself. */
  run: { readonly name: string }
}

export interface ActionOutputs {
  reload: ReloadAnswer
  restart: Done
  start: Done
  stop: StopAnswer
  scale: Done
  cachePurge: CachePurgeAnswer
  reopen: Done
  run: Done
}

export type ActionName = keyof ActionInputs

export interface StoreView {
  /** `idle`: nobody has used it yet, and a look does not start it. */
  readonly state: 'idle' | 'open'
  /** Where the data is: in a folder, or at an address (without its password). */
  readonly place: string
  readonly isRemote: boolean
  /** As `saola store info` has it; what a store elsewhere does not tell is absent. */
  readonly info: Readonly<Record<string, string | number>>
}

export interface KeyPage {
  /** In the order of their names; those in Redis in no order. There may be none, and more behind them. */
  readonly keys: readonly KeySummary[]
  /** For `after`; undefined at the end. */
  readonly next: string | undefined
  /** On the first page: the beginnings that the keys of this prefix have up to their next colon, `user:`, as far as they are found at once. */
  readonly spaces: readonly string[]
}

export interface KeySummary {
  /** The bytes of its name, as base64url. */
  readonly id: string
  readonly name: string
  /** `other`: what only Redis has, a stream, say. */
  readonly type: 'string' | 'hash' | 'list' | 'set' | 'zset' | 'other'
  readonly expiresAt: number | undefined
  /** Entries of a structure, bytes of a string. */
  readonly size: number
  /** What it is for, if Saola itself has written it. */
  readonly purpose?: string
}

export interface KeyView extends KeySummary {
  readonly entries: readonly EntryView[]
  /** For `after`; undefined at the end. */
  readonly next: string | undefined
}

/** A string has one, without a field; a list has its index as the field; of a sorted set the field is the member, and the score the value. */
export interface EntryView {
  readonly field: string | undefined
  /** The bytes of a member of a set, or of a field that is no UTF-8 or longer than 1 KiB, as base64url; to be given instead of `field`. None above 64 KiB. */
  readonly fieldId?: string
  /** UTF-8; of bytes that are none, base64. The first 64 KiB. */
  readonly value: string
  readonly encoding: 'json' | 'text' | 'base64'
  readonly bytes: number
  readonly isCut: boolean
  readonly expiresAt?: number
}

export interface StoreInputs {
  /**
   * Of a string without a field; refused when what is shown of it is no longer `was`, if that is given, and when what was JSON would
   * be none any more, unless `asText`.
   */
  set: {
    readonly id: string
    readonly field?: string
    readonly fieldId?: string
    readonly value: string
    readonly was?: string
    readonly asText?: boolean
  }
  /** The key, or a field of it; refused when what is shown of it is no longer `was`, if that is given. */
  delete: { readonly id: string; readonly field?: string; readonly fieldId?: string; readonly was?: string }
  /** Null: it stays. */
  expire: { readonly id: string; readonly ttlMs: number | null }
}

export interface TopicMessage {
  readonly at: number
  readonly topic: string
  readonly message: string
  readonly isCut: boolean
}

export type JobState = 'scheduled' | 'ready' | 'blocked' | 'waiting' | 'active' | 'done' | 'dead' | 'cancelled'

export interface TasksView {
  readonly counts: Readonly<Record<JobState, number>>
  readonly queues: readonly QueueView[]
  readonly workers: readonly TaskWorkerView[]
  readonly schedules: readonly ScheduleView[]
}

export interface QueueView {
  readonly name: string
  readonly isPaused: boolean
  readonly ready: number
  readonly active: number
  readonly scheduled: number
  readonly blocked: number
}

export interface TaskWorkerView {
  readonly slot: string
  readonly pool: string
  readonly host: string
  readonly pid: number
  readonly active: number
  readonly leaseUntil: number
  readonly queues: readonly string[]
  readonly tasks: readonly string[]
}

export interface ScheduleView {
  readonly name: string
  readonly task: string
  readonly when: string
  readonly next: number
  readonly last: number | undefined
}

export interface JobPage {
  readonly jobs: readonly JobSummary[]
  readonly next: string | undefined
}

export interface JobSummary {
  readonly id: string
  readonly task: string
  readonly queue: string
  readonly state: JobState
  readonly attempt: number
  readonly attempts: number
  readonly interruptions: number
  readonly created: number
  readonly due: number | undefined
  readonly started: number | undefined
  readonly finished: number | undefined
  readonly isCancelling: boolean
  readonly progress: number | undefined
  /** The first 200 characters of the input, or of the error. */
  readonly text: string
}

export interface JobView extends JobSummary {
  readonly payload: string
  readonly result: string | undefined
  readonly error: string | undefined
  readonly reason: string | undefined
  readonly worker: string | undefined
  /** What has become of it, the oldest first. */
  readonly timeline: readonly { readonly at: number; readonly text: string }[]
  /** Further facts for people, by name: its key, its flow, its tags. */
  readonly facts: Readonly<Record<string, string>>
}

export interface TaskInputs {
  retry: { readonly ids: readonly string[] } | { readonly all: 'dead'; readonly task?: string; readonly queue?: string }
  cancel: { readonly ids: readonly string[] }
  remove: { readonly ids: readonly string[] }
  pause: { readonly queue: string }
  resume: { readonly queue: string }
}

export interface TaskDone {
  readonly count: number
  /** Why some were left as they were. */
  readonly problems: readonly string[]
}
