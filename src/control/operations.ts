/**
 * What a running tree can be asked, in one list: the server answers from it, the client and with it every command and
 * page asks by it. A new operation is one row here and one handler in processes/operations.ts.
 */
import type { CaptureLine } from '../ipc/captures.ts'
import type { TreeFigures } from '../ipc/figures.ts'
import type { CronResult, ReloadOutcome, TreeStatus } from '../ipc/status.ts'

export type { CaptureLine } from '../ipc/captures.ts'
export type {
  AppFigures,
  EdgeFigures,
  NamedFigures,
  SocketFigures,
  TreeFigures,
  WorkerFigures,
} from '../ipc/figures.ts'
export type { AppStatus, ChildStatus, CronResult, CronStatus, ReloadOutcome, TreeStatus } from '../ipc/status.ts'

export interface OperationRow {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** What it does, a line for people. */
  readonly summary: string
  /** The answer comes in lines as they happen, until the client goes. */
  readonly isStream?: boolean
}

export const operations = {
  status: { method: 'GET', path: '/status', summary: 'The tree and its children as they are now.' },
  figures: {
    method: 'GET',
    path: '/figures',
    summary: 'What workers, sockets and the supervisor have done, in numbers.',
  },
  reload: { method: 'POST', path: '/reload', summary: 'Read the configuration again and replace every worker.' },
  restart: {
    method: 'POST',
    path: '/restart',
    summary: 'Replace workers one after the other, and programs; start those that were stopped.',
  },
  start: { method: 'POST', path: '/start', summary: 'Start what of it does not run; refused when all of it does.' },
  stop: { method: 'POST', path: '/stop', summary: 'Stop workers and programs, or without a target the whole tree.' },
  scale: { method: 'POST', path: '/scale', summary: 'Change the number of workers, or of processes of a program.' },
  stack: { method: 'GET', path: '/stack', summary: 'The stack of a worker, blocked or not.' },
  profile: {
    method: 'POST',
    path: '/profile',
    summary: 'What a worker spends its time on, as a .cpuprofile in pieces.',
    isStream: true,
  },
  heap: { method: 'POST', path: '/heap', summary: 'A heap snapshot of a worker, in pieces.', isStream: true },
  reopen: { method: 'POST', path: '/reopen', summary: 'Open log files again, after they were moved.' },
  config: { method: 'GET', path: '/config', summary: 'The configuration in force, with the origin of every value.' },
  cachePurge: { method: 'POST', path: '/cache/purge', summary: 'Forget what the caches of the edge keep.' },
  cacheStats: { method: 'GET', path: '/cache/stats', summary: 'What the cache of each worker has done.' },
  dashboardLink: {
    method: 'POST',
    path: '/dashboard/link',
    summary: 'An address to sign in to the dashboard with, once.',
  },
  dashboardRedeem: {
    method: 'POST',
    path: '/dashboard/redeem',
    summary: 'Whether a token of such an address is right: true once.',
  },
  dashboardSignOut: {
    method: 'POST',
    path: '/dashboard/sign-out',
    summary: 'Never take this session of the dashboard again.',
  },
  dashboardSignedOut: {
    method: 'GET',
    path: '/dashboard/signed-out',
    summary: 'Sessions of the dashboard that are never taken again.',
  },
  logs: { method: 'GET', path: '/logs', summary: 'The latest lines of output, and those to come.', isStream: true },
  run: { method: 'POST', path: '/run', summary: 'Run an entry of cron now, and follow it to its end.', isStream: true },
  events: { method: 'GET', path: '/events', summary: 'What has happened to the tree, and what will.', isStream: true },
} as const satisfies Record<string, OperationRow>

export type OperationName = keyof typeof operations

/** Those that are answered in lines. */
export type StreamName = {
  [Name in OperationName]: (typeof operations)[Name] extends { readonly isStream: true } ? Name : never
}[OperationName]

/** Those that are answered at once. */
export type CallName = Exclude<OperationName, StreamName>

/** What each operation is given and answers. */
export interface OperationTypes {
  status: { input: object; output: TreeStatus }
  figures: { input: object; output: TreeFigures }
  reload: { input: ReloadInput; output: ReloadAnswer }
  restart: { input: { target: string }; output: Done }
  start: { input: { target: string }; output: Done }
  stop: { input: { target?: string; quick?: boolean }; output: StopAnswer }
  scale: { input: { target: string; workers: string }; output: Done }
  stack: { input: { target: string }; output: { pid: number; stack: string } }
  profile: { input: { target: string; seconds?: number }; output: CaptureLine }
  heap: { input: { target: string }; output: CaptureLine }
  reopen: { input: object; output: Done }
  config: { input: object; output: ConfigAnswer }
  cachePurge: { input: CachePurgeInput; output: CachePurgeAnswer }
  cacheStats: { input: { app?: string }; output: { workers: readonly CacheFigures[] } }
  dashboardLink: { input: object; output: DashboardLinkAnswer }
  dashboardRedeem: { input: { token: string }; output: { isRight: boolean } }
  dashboardSignOut: { input: { session: string }; output: object }
  dashboardSignedOut: { input: object; output: { sessions: readonly string[] } }
  logs: { input: { source?: string; lines?: string; follow?: boolean }; output: LogLine }
  run: { input: RunInput; output: RunLine }
  events: { input: { name?: string; lines?: string; follow?: boolean }; output: TreeEvent }
}

export interface Done {
  readonly message: string
}

export interface StopAnswer extends Done {
  /** Nothing of it ran. */
  readonly isIdle: boolean
}

export interface ReloadInput {
  /** Only say what would change. */
  readonly dryRun?: boolean
  /** False: answer as soon as the configuration has been checked; the reload goes on. */
  readonly wait?: boolean
}

export interface ReloadAnswer {
  /** Absent for a dry run, and when the end was not waited for. */
  readonly outcome?: ReloadOutcome
  readonly changes: readonly ConfigChange[]
  readonly warnings: readonly string[]
}

export interface ConfigChange {
  readonly path: string
  /** As one would write it; undefined for an application that is new. */
  readonly from: string | undefined
  /** As one would write it; undefined for an application that is gone. */
  readonly to: string | undefined
  readonly effect: 'live' | 'restart' | 'refused'
}

export interface ConfigAnswer {
  /** Every setting with its value and where it comes from, a line each. */
  readonly text: string
  readonly values: unknown
  /** What the last reload has changed; absent before the first that has come to an end. */
  readonly changes?: readonly ConfigChange[]
}

export interface DashboardLinkAnswer {
  /** With a token that signs in once. Where the dashboard listens on no port, `http://localhost/…`. */
  readonly url: string
  readonly listen: readonly string[]
  /** ISO 8601. */
  readonly expiresAt: string
}

export interface CachePurgeInput {
  /** What `value` is: a path, the beginning of paths by whole segments, a tag of answers; or all there is. */
  readonly kind: 'path' | 'prefix' | 'tag' | 'all'
  readonly value?: string
  /** Only of this application. */
  readonly app?: string
}

export interface CachePurgeAnswer {
  /** Those that have forgotten it: `web:0`. */
  readonly workers: readonly string[]
}

/** What the cache of one worker has done since it began. */
export interface CacheFigures {
  readonly worker: string
  readonly hits: number
  /** Of the hits: not fresh any more. */
  readonly stale: number
  readonly misses: number
  /** Requests that went past the cache. */
  readonly passes: number
  readonly addresses: number
  readonly bytes: number
}

/** One line of output of a child, or of the supervisor itself. */
export interface LogLine {
  readonly time: string
  readonly source: string
  readonly stream: string
  readonly message: string
}

export interface RunInput {
  /** Of the entry. */
  readonly name: string
  /** Behind the words of its command, or for its module. */
  readonly args?: readonly string[]
  /** True: answer when it has begun or waits, and leave it to itself. */
  readonly detach?: boolean
}

/** What happens in a run, line by line. */
export type RunLine =
  /** Another run is under way: this one begins when that is over. */
  | { readonly type: 'waiting' }
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'line'; readonly stream: 'stdout' | 'stderr'; readonly message: string }
  /** So many lines were left out: the reader was too slow. */
  | { readonly type: 'gap'; readonly lines: number }
  /** It has waited, and now it will not begin. */
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'ended'; readonly result: CronResult }

/** Where the lines of a stream go. */
export interface LineSink<Line> {
  /** False: it was not taken, because the reader is far behind, or gone. */
  send(line: Line): boolean
  /** The last lines are taken in any case. */
  end(...last: readonly Line[]): void
  /** Settles when the reader has caught up; undefined when there is room. */
  room(): Promise<void> | undefined
}

/**
 * Something that has happened to a tree. With `event: 'state'`, the other fields are those of a StateChange; else they are those
 * of a line of Saola's own log. docs/reference/tree-events.md has them all.
 */
export interface TreeEvent {
  /** ISO 8601. */
  readonly time: string
  readonly event: string
  readonly [field: string]: string | number | boolean | undefined
}

/** The handlers of a tree: one for each operation; a stream is given where its lines go, and returns how to end it. */
export type OperationHandlers = {
  readonly [Name in CallName]: (
    input: OperationTypes[Name]['input'],
  ) => OperationTypes[Name]['output'] | Promise<OperationTypes[Name]['output']>
} & {
  readonly [Name in StreamName]: (
    input: OperationTypes[Name]['input'],
    lines: LineSink<OperationTypes[Name]['output']>,
  ) => () => void
}
