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
  /** Programs that must have come so far before the first child starts, by name; none by default. */
  readonly dependsOn?: Readonly<Record<string, Dependency>>
  /** Of all that its processes are made of: a reload leaves alone what has the same. Without one, it replaces them in any case. */
  readonly fingerprint?: string
  /** Of a program only. */
  readonly program?: ProgramRules
}

export type Dependency = 'started' | 'ready' | 'completed'

/** What holds for a program: a command that knows nothing of Saola. */
export interface ProgramRules {
  /** Starts with the tree, and not only when it is asked for. */
  readonly autostart: boolean
  /** When it ends after it was up. */
  readonly restart: 'always' | 'on-failure' | 'never'
  readonly successExitCodes: readonly number[]
  /** Lower ones start first and stop last, as far as dependencies leave it open. */
  readonly priority: number
  /** A probe says when it is ready; else it is when it has been up for `startMs`. */
  readonly isProbed: boolean
  readonly stopSignal: NodeJS.Signals
  /** All that it has started gets this signal, too. */
  readonly stopsGroup: boolean
}

/** One process as the planner sees it. What runs inside it is in worker/worker.ts. */
export interface Child {
  readonly id: number
  readonly kind: ChildKind
  readonly group: string
  readonly index: number
  /** Which of those that share its place it is, 0 if it is alone there: a number that no other has as long as it lives. */
  readonly lane: number
  readonly generation: number
  readonly revision: number
  pid: number | undefined
  state: ChildState
  /** When it was asked for, and then when there was a process: of many that begin in one turn, the last has to wait. */
  spawnedAt: number
  readyAt: number | undefined
  /** Its probe has found it ready; it may still have to be up for longer. */
  isProven: boolean
  /** The process has ended; how is not told yet. */
  isGone: boolean
  /** When it must be ready at the latest. */
  readyBy: number
  /** What it says that keeps it from being ready. */
  waitsFor: string | undefined
  lastBeatAt: number
  /** Since when its main thread stands still for a heap snapshot, … */
  stillSince: number | undefined
  /** … and until when its silence is no fault. */
  stillUntil: number | undefined
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
  emptyState: 'STOPPED' | 'BACKOFF' | 'EXITED' | 'FATAL'
  /** Its last process was up, and has ended with success. */
  hasCompleted: boolean
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
  /** Of programs: the places under way, with the new child once the old one has ended. */
  readonly steps: Map<number, number | undefined>
  /** Others that it waits for before it goes on, in words. */
  waitsFor: string | undefined
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
  /** Others that it waits for before it starts, in words. */
  waitsFor: string | undefined
  /** A reload has taken it away, and others still need it: see plan/leave.ts. */
  isLeaving: boolean
  pressure: Pressure
}

/** Since when the load asks for more or fewer workers, and until when nobody listens to it. */
export interface Pressure {
  highSince: number | undefined
  lowSince: number | undefined
  calmUntil: number
}

/** A reload, restart or start over several groups: settled when each has rolled or failed. */
export interface Operation {
  readonly ticket: number
  readonly startedAt: number
  readonly verb: 'reload' | 'restart' | 'start'
  /** It is about a process that cannot serve on until the next one does. */
  readonly isAlone: boolean
  readonly waiting: Set<string>
  /** Of all groups that roll with it, also of those that have settled. */
  readonly names: Set<string>
  readonly failures: string[]
  /** A group has failed that has old workers, which serve on. */
  servesOn: boolean
  replaced: number
  /** What became of programs: `redis replaced`. */
  readonly programs: string[]
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
  /** How many operations wait for the end of this one. */
  queued: number
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
    queued: 0,
    lastTurnAt: now,
  }
}

export function createGroup(spec: GroupSpec, generation: number): Group {
  const slots = Array.from({ length: spec.workers }, (_, index) => createSlot(index))
  if (spec.program?.autostart === false) for (const slot of slots) slot.isHalted = true
  const pressure = { highSince: undefined, lowSince: undefined, calmUntil: 0 }
  return {
    spec,
    generation,
    slots,
    rollout: undefined,
    hasServed: false,
    waitsFor: undefined,
    isLeaving: false,
    pressure,
  }
}

/** Gives a group so many places at least. While a program does not run because it should not, new ones do not either. */
export function addSlots({ spec, slots }: Group, count: number): void {
  const isHalted = spec.program !== undefined && slots.length > 0 && slots.every(slot => slot.isHalted)
  while (slots.length < count) slots.push({ ...createSlot(slots.length), isHalted })
}

function createSlot(index: number): Slot {
  return {
    index,
    isHalted: false,
    child: undefined,
    successor: undefined,
    emptyState: 'STOPPED',
    hasCompleted: false,
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

/** What a child is to be: while a group rolls, its new ones are of another specification than the rest. */
export function specOf({ groups }: Fleet, { id, group: name, index }: Child): GroupSpec | undefined {
  const group = groups.get(name)
  const { rollout } = group ?? {}
  const isNew = rollout !== undefined && (rollout.childId === id || rollout.steps.get(index) === id)
  return isNew ? rollout.spec : group?.spec
}

/**
 * The monotonic times of a fleet moved by `gapMs`: after the supervisor itself was suspended, nobody may be blamed for
 * the time in which nobody looked.
 */
export function shiftTimes(fleet: Fleet, gapMs: number): void {
  for (const child of fleet.children.values()) {
    child.lastBeatAt += gapMs
    child.readyBy += gapMs
    if (child.stillSince !== undefined) child.stillSince += gapMs
    if (child.stillUntil !== undefined) child.stillUntil += gapMs
    if (child.drainAt !== undefined) child.drainAt += gapMs
    if (child.killAt !== undefined) child.killAt += gapMs
    if (child.stackUntil !== undefined) child.stackUntil += gapMs
  }
}
