import type { LogFields, LogLevel } from '../../base/log.ts'
import type { Beat } from '../../ipc/messages.ts'
import { type Child, type Fleet, type GroupSpec, nameOf } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'

/** What can happen to a fleet. Everything reaches the plan as one of these, in the order in which it happened. */
export type FleetEvent =
  | { readonly type: 'start'; readonly specs: readonly GroupSpec[] }
  | { readonly type: 'tick' }
  /** Somebody uses what is started at its first use. */
  | { readonly type: 'wanted'; readonly spec: GroupSpec }
  | { readonly type: 'spawned'; readonly id: number; readonly pid: number }
  | { readonly type: 'spawn-failed'; readonly id: number; readonly message: string }
  | { readonly type: 'ready'; readonly id: number; readonly bootMs: number }
  | { readonly type: 'boot-failed'; readonly id: number; readonly message: string; readonly stack: string }
  | { readonly type: 'last-words'; readonly id: number; readonly message: string }
  | { readonly type: 'beat'; readonly id: number; readonly beat: Beat }
  | { readonly type: 'retire'; readonly id: number; readonly reason: string }
  | { readonly type: 'stack'; readonly id: number; readonly where: string | undefined; readonly stack: string }
  | {
      readonly type: 'exited'
      readonly id: number
      readonly code: number | null
      readonly signal: string | null
      /** The last of what it printed, of a child that never was ready. */
      readonly stderr?: string
    }
  | { readonly type: 'reload'; readonly ticket: number; readonly specs: readonly GroupSpec[] }
  | { readonly type: 'restart'; readonly ticket: number; readonly target: string }
  | { readonly type: 'halt'; readonly ticket: number; readonly target: string }
  | { readonly type: 'scale'; readonly ticket: number; readonly target: string; readonly workers: number }
  | { readonly type: 'stop'; readonly isQuick: boolean }

/** What a plan asks for. Begun at once, never awaited; the outcome comes back as an event. */
export type Action =
  | { readonly do: 'spawn'; readonly child: Child }
  | { readonly do: 'drain'; readonly child: Child; readonly reason: string }
  | { readonly do: 'kill'; readonly child: Child; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly do: 'ask-stack'; readonly child: Child }
  | { readonly do: 'log'; readonly level: LogLevel; readonly event: string; readonly fields: LogFields }
  | { readonly do: 'settle'; readonly ticket: number; readonly ok: boolean; readonly message: string }
  | { readonly do: 'announce'; readonly group: string }
  | { readonly do: 'tree-ready' }
  | { readonly do: 'exit'; readonly code: number }

/** One turn of the supervisor: the fleet, the time, and what is to be done. */
export interface Turn {
  readonly fleet: Fleet
  readonly now: number
  readonly random: () => number
  readonly actions: Action[]
}

/** An event in the life of a child: `worker.ready name=web:0 …`. */
export function logChild(turn: Turn, level: LogLevel, what: string, child: Child, fields: LogFields): void {
  log(turn, level, `${traitsOf(child).noun}.${what}`, { name: nameOf(child), ...fields })
}

export function log(turn: Turn, level: LogLevel, event: string, fields: LogFields): void {
  turn.actions.push({ do: 'log', level, event, fields })
}
