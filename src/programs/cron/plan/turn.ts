/** What can happen to the entries of `cron`, and what can be begun about it. */
import type { LogFields } from '../../../base/log.ts'
import type { CronResult } from '../../../ipc/status.ts'
import type { CronDefinition } from '../cron-definition.ts'
import type { CronRun, CronState, LeftOverRun, RememberedEntry } from '../cron-state.ts'
import type { RunEnd } from '../run-end.ts'

export type CronEvent =
  | { readonly type: 'look' }
  | Configure
  | AskedRun
  | { readonly type: 'started'; readonly id: number; readonly pid: number }
  | { readonly type: 'ended'; readonly id: number; readonly end: RunEnd }
  | { readonly type: 'stop'; readonly isQuick: boolean }

/** The start, or a reload. */
export interface Configure {
  readonly type: 'configure'
  readonly definitions: readonly CronDefinition[]
  /** At the start: what is known from before, and what is still there. */
  readonly remembered?: ReadonlyMap<string, RememberedEntry> | undefined
  readonly leftOver?: readonly LeftOverRun[]
}

/** Somebody asks for a run; the ticket is told what becomes of it. */
export interface AskedRun {
  readonly type: 'run'
  readonly name: string
  readonly args: readonly string[]
  readonly ticket: number
}

export type CronAction =
  | { readonly do: 'start'; readonly run: CronRun; readonly definition: CronDefinition }
  /** Not started by this process: its end must be looked for. */
  | { readonly do: 'watch'; readonly run: CronRun }
  /** To the run and all that it has started. */
  | { readonly do: 'signal'; readonly run: CronRun; readonly signal: NodeJS.Signals }
  | { readonly do: 'log'; readonly level: Level; readonly event: string; readonly fields: LogFields }
  | { readonly do: 'tell'; readonly ticket: number; readonly news: RunNews }
  /** Nothing of this name runs or will run: its output is not asked for any more. */
  | { readonly do: 'forget'; readonly name: string }
  /** What is to be remembered has changed. */
  | { readonly do: 'save' }

/** What the one who has asked for a run is told. */
export type RunNews =
  | { readonly type: 'refused'; readonly message: string }
  | { readonly type: 'waiting' }
  | { readonly type: 'started'; readonly pid: number }
  | { readonly type: 'ended'; readonly result: CronResult }

/** Deadlines go by `now`, which never goes back; schedules by `date`, in milliseconds since 1970. */
export interface Moment {
  readonly now: number
  readonly date: number
}

/** One event being thought through. */
export interface Turn extends Moment {
  readonly state: CronState
  readonly actions: CronAction[]
}

/** The answer to who asks for a run by then. */
export const stopping = 'The tree is stopping.'

type Level = 'info' | 'warn' | 'error'

export function log({ actions }: Turn, level: Level, event: string, fields: LogFields): void {
  actions.push({ do: 'log', level, event, fields })
}
