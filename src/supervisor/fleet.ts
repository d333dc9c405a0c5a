/**
 * The fleet: every group of children, every place in it and every process, as plain data. Only plan/ changes it, and
 * nothing here touches a process; so the whole life of a tree can be tested without one.
 *
 * All times are milliseconds on the monotonic clock.
 */
import type { BackoffOptions } from '../base/backoff.ts'
import type { Beat } from '../ipc/messages.ts'
import type { ChildKind, ChildState } from '../ipc/status.ts'

/** What the supervisor must know of an application, say, to keep its processes. How one is started is not in it. */
export interface GroupSpec {
  readonly kind: ChildKind
  readonly name: string
  /** Which definition of the application it comes from: counts the configurations that were loaded. */
  readonly revision: number
  readonly workers: number
  /** The bounds within which the number of workers follows the load; equal when it does not. */
  readonly scaling: { readonly min: number; readonly max: number }
  readonly bootTimeoutMs: number
  /** Without a sign of life for so long, a worker is killed; 0 never. */
  readonly timeoutMs: number
  /** How long a worker may take to end by itself before it is killed. */
  readonly stopTimeoutMs: number
  /** On a stop of the tree: serve on for so long before the drain begins. */
  readonly stopDelayMs: number
  /** A worker that ends sooner after it became ready counts as a failed start. */
  readonly startMs: number
  readonly startRetries: number
  readonly backoff: BackoffOptions
  /** Replace a worker after so long; 0 never. */
  readonly lifetimeMs: number
  /** Above this a worker is replaced, then drained; undefined never. */
  readonly softBytes: number | undefined
  /** Above this a worker is killed; undefined never. */
  readonly hardBytes: number | undefined
}

/** One process as the planner sees it. What runs inside it is in worker/worker.ts. */
export interface Child {
  readonly id: number
  readonly kind: ChildKind
  readonly group: string
  readonly index: number
  readonly generation: number
  readonly revision: number
  pid: number | undefined
  state: ChildState
  readonly spawnedAt: number
  readyAt: number | undefined
  /** When it must be ready at the latest. */
  readyBy: number
  lastBeatAt: number
  beat: Beat | undefined
  /** The child should be replaced, and why; it serves until its successor is ready. */
  retireReason: string | undefined
  /** When the drain begins, for a child that is to stop only after a delay. */
  drainAt: number | undefined
  /** When it is killed if it has not ended by then. */
  killAt: number | undefined
  /** Why it is killed, in words: becomes the reason of its exit. */
  doom: string | undefined
  /** Until when the stack of a doomed child is waited for. */
  stackUntil: number | undefined
  /** What the child said when it could not boot. */
  bootError: string | undefined
  /** The error that nobody caught and that ends it. */
  lastWords: string | undefined
}

/** One place of a group: `web:0`. Filled by one child, and during a replacement by its successor, too. */
export interface Slot {
  readonly index: number
  /** Stopped by an operator: stays empty until it is started again. */
  isHalted: boolean
  child: Child | undefined
  successor: Child | undefined
  /** The state of an empty place. */
  emptyState: 'STOPPED' | 'BACKOFF' | 'FATAL'
  /** Failed starts in a row. */
  failures: number
  retryAt: number | undefined
  restarts: number
  lastExit: Exit | undefined
}

export interface Exit {
  readonly code: number | undefined
  readonly signal: string | undefined
  readonly reason: string
  readonly atMs: number
}

/** A replacement of all (or one) of a group's children, one place after the other. */
export interface Rollout {
  readonly ticket: number
  readonly spec: GroupSpec
  readonly generation: number
  readonly reason: string
  /** The group came with this rollout, and goes again if it fails. */
  readonly isNewGroup: boolean
  /** Places still to do, in order. One that is stopped or scaled away meanwhile is none any more. */
  pending: number[]
  /** The successor that is booting. */
  childId: number | undefined
  replaced: number
}

export interface Group {
  spec: GroupSpec
  /** The reload that `spec` came with. */
  generation: number
  slots: Slot[]
  rollout: Rollout | undefined
  /** A child of it has been ready at least once: a first boot that fails is the application's fault. */
  hasServed: boolean
  pressure: Pressure
}

/** Since when the load asks for more or fewer workers, and until when nobody listens to it. */
export interface Pressure {
  highSince: number | undefined
  lowSince: number | undefined
  calmUntil: number
}

/** A reload over several groups: settled when each has rolled or failed. */
export interface Operation {
  readonly ticket: number
  readonly startedAt: number
  readonly isReload: boolean
  /** It is about a process that cannot serve on until the next one does. */
  readonly isAlone: boolean
  readonly waiting: Set<string>
  readonly failures: string[]
  replaced: number
}

export interface Fleet {
  phase: 'starting' | 'running' | 'stopping' | 'ended'
  /** The stop is to be quick. */
  isHurried: boolean
  exitCode: 0 | 1
  generation: number
  nextId: number
  readonly groups: Map<string, Group>
  /** Every process that has not been reaped, also those that drain. */
  readonly children: Map<number, Child>
  readonly operations: Map<number, Operation>
  lastTurnAt: number
}

export function createFleet(now: number): Fleet {
  return {
    phase: 'starting',
    isHurried: false,
    exitCode: 0,
    generation: 1,
    nextId: 1,
    groups: new Map(),
    children: new Map(),
    operations: new Map(),
    lastTurnAt: now,
  }
}

export function createGroup(spec: GroupSpec, generation: number): Group {
  const slots = Array.from({ length: spec.workers }, (_, index) => createSlot(index))
  const pressure = { highSince: undefined, lowSince: undefined, calmUntil: 0 }
  return { spec, generation, slots, rollout: undefined, hasServed: false, pressure }
}

export function createSlot(index: number): Slot {
  return {
    index,
    isHalted: false,
    child: undefined,
    successor: undefined,
    emptyState: 'STOPPED',
    failures: 0,
    retryAt: undefined,
    restarts: 0,
    lastExit: undefined,
  }
}

/** `web:0` */
export function nameOf(child: { readonly group: string; readonly index: number }): string {
  return `${child.group}:${child.index}`
}

/** The place that a child fills or is about to fill; undefined for one that drains. */
export function slotOf(fleet: Fleet, child: Child): Slot | undefined {
  const slot = fleet.groups.get(child.group)?.slots[child.index]
  return slot && (slot.child === child || slot.successor === child) ? slot : undefined
}

/**
 * The monotonic times of a fleet moved by `gapMs`: after the supervisor itself was suspended, nobody may be blamed for
 * the time in which nobody looked.
 */
export function shiftTimes(fleet: Fleet, gapMs: number): void {
  for (const child of fleet.children.values()) {
    child.lastBeatAt += gapMs
    child.readyBy += gapMs
    if (child.drainAt !== undefined) child.drainAt += gapMs
    if (child.killAt !== undefined) child.killAt += gapMs
    if (child.stackUntil !== undefined) child.stackUntil += gapMs
  }
}
