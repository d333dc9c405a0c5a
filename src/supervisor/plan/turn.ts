import type { LogFields, LogLevel } from '../../base/log.ts'
import type { Beat } from '../../ipc/messages.ts'
import type { StateChange } from '../../ipc/status.ts'
import { type Child, type Fleet, type GroupSpec, nameOf, type ProgramRules } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'

/** How an operation ended. */
export interface Outcome {
  readonly ok: boolean
  readonly message: string
  /** There was nothing to do. */
  readonly isIdle?: boolean
}

/** What can happen to a fleet. Everything reaches the plan as one of these, in the order in which it happened. */
export type FleetEvent =
  | { readonly type: 'start'; readonly specs: readonly GroupSpec[] }
  | { readonly type: 'tick' }
  /** Somebody uses what is started at its first use. */
  | { readonly type: 'wanted'; readonly spec: GroupSpec }
  | { readonly type: 'spawned'; readonly id: number; readonly pid: number; readonly at?: number }
  | { readonly type: 'spawn-failed'; readonly id: number; readonly message: string }
  | { readonly type: 'ready'; readonly id: number; readonly bootMs: number }
  | { readonly type: 'waiting'; readonly id: number; readonly reason: string }
  | { readonly type: 'boot-failed'; readonly id: number; readonly message: string; readonly stack: string }
  | { readonly type: 'last-words'; readonly id: number; readonly message: string }
  | { readonly type: 'beat'; readonly id: number; readonly beat: Beat }
  /** It is not to be blamed for its silence: its heap snapshot is taken. 0: from now on it is again. */
  | { readonly type: 'stands-still'; readonly id: number; readonly forMs: number }
  /** The checks of a program have failed too often. */
  | { readonly type: 'unhealthy'; readonly id: number; readonly reason: string }
  | { readonly type: 'retire'; readonly id: number; readonly reason: string }
  | { readonly type: 'stack'; readonly id: number; readonly where: string | undefined; readonly stack: string }
  /** It has ended; what it said last is still being read. */
  | { readonly type: 'gone'; readonly id: number }
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
  /** Those places of it that do not run. */
  | { readonly type: 'start-places'; readonly ticket: number; readonly target: string }
  /** `spares`: programs stay. */
  | { readonly type: 'halt'; readonly ticket: number; readonly target: string; readonly spares?: 'programs' }
  | { readonly type: 'scale'; readonly ticket: number; readonly target: string; readonly workers: number }
  /** One reload, restart or start more that waits for its turn, or one less. */
  | { readonly type: 'queued'; readonly by: 1 | -1 }
  | { readonly type: 'stop'; readonly isQuick: boolean }

/** What a plan asks for. Begun at once, never awaited; the outcome comes back as an event. */
export type Action =
  | { readonly do: 'spawn'; readonly child: Child }
  | {
      readonly do: 'drain'
      readonly child: Child
      readonly reason: string
      /** How a program is asked, which knows nothing of draining. */
      readonly program: ProgramRules | undefined
    }
  /** The child serves from now on. */
  | { readonly do: 'serves'; readonly child: Child }
  /** `id`: of the process, where it is one. */
  | { readonly do: 'state'; readonly id: number | undefined; readonly change: StateChange }
  | { readonly do: 'kill'; readonly child: Child; readonly signal: 'SIGKILL' | 'SIGTERM' }
  | { readonly do: 'ask-stack'; readonly child: Child }
  | { readonly do: 'log'; readonly level: LogLevel; readonly event: string; readonly fields: LogFields }
  | ({ readonly do: 'settle'; readonly ticket: number } & Outcome)
  | { readonly do: 'announce'; readonly group: string }
  /** A group is gone, and nobody waits for the answer to a reload. */
  | { readonly do: 'forget' }
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

/** A group waits for others before it begins. */
export function logHeld(turn: Turn, { kind, name }: Pick<GroupSpec, 'kind' | 'name'>, reason: string): void {
  log(turn, 'info', `${kind === 'program' ? 'program' : 'app'}.held`, { name, reason })
}

export function log(turn: Turn, level: LogLevel, event: string, fields: LogFields): void {
  turn.actions.push({ do: 'log', level, event, fields })
}
