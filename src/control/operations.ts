/**
 * What a running tree can be asked, in one list: the server answers from it, the client and with it every command and
 * page asks by it. A new operation is one row here and one handler in processes/operations.ts.
 */
import type { ReloadOutcome, TreeStatus } from '../ipc/status.ts'

export type { AppStatus, ChildStatus, ReloadOutcome, TreeStatus } from '../ipc/status.ts'

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
  reload: { method: 'POST', path: '/reload', summary: 'Read the configuration again and replace every worker.' },
  restart: {
    method: 'POST',
    path: '/restart',
    summary: 'Replace workers one after the other; start those that were stopped.',
  },
  stop: { method: 'POST', path: '/stop', summary: 'Stop workers, or without a target the whole tree.' },
  scale: { method: 'POST', path: '/scale', summary: 'Change the number of workers.' },
  stack: { method: 'GET', path: '/stack', summary: 'The stack of a worker, blocked or not.' },
  reopen: { method: 'POST', path: '/reopen', summary: 'Open log files again, after they were moved.' },
  config: { method: 'GET', path: '/config', summary: 'The configuration in force, with the origin of every value.' },
  logs: { method: 'GET', path: '/logs', summary: 'The latest lines of output, and those to come.', isStream: true },
} as const satisfies Record<string, OperationRow>

export type OperationName = keyof typeof operations

/** What each operation is given and answers. */
export interface OperationTypes {
  status: { input: object; output: TreeStatus }
  reload: { input: ReloadInput; output: ReloadAnswer }
  restart: { input: { target: string }; output: Done }
  stop: { input: { target?: string; quick?: boolean }; output: Done }
  scale: { input: { target: string; workers: string }; output: Done }
  stack: { input: { target: string }; output: { pid: number; stack: string } }
  reopen: { input: object; output: Done }
  config: { input: object; output: { text: string; values: unknown } }
  logs: { input: { source?: string; lines?: string; follow?: boolean }; output: LogLine }
}

export interface Done {
  readonly message: string
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

/** One line of output of a child, or of the supervisor itself. */
export interface LogLine {
  readonly time: string
  readonly source: string
  readonly stream: string
  readonly message: string
}

/** The handlers of a tree: one for each operation; a stream is given where its lines go, and returns how to end it. */
export type OperationHandlers = {
  readonly [Name in Exclude<OperationName, 'logs'>]: (
    input: OperationTypes[Name]['input'],
  ) => OperationTypes[Name]['output'] | Promise<OperationTypes[Name]['output']>
} & {
  readonly logs: (input: OperationTypes['logs']['input'], send: (line: LogLine) => void, end: () => void) => () => void
}
