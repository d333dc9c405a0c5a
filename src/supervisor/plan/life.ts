/** The life of a child: spawned, ready, ended, and what becomes of its place. */
import { backoffMs } from '../../base/backoff.ts'
import {
  type Child,
  createGroup,
  type Exit,
  type Fleet,
  type Group,
  type GroupSpec,
  type Slot,
  slotOf,
} from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { describeExit } from './exit-reason.ts'
import { failRollout, stepDone } from './operation.ts'
import { isStuck } from './order.ts'
import { isSuccess, mayBegin, settleEnd, upAt } from './programs.ts'
import { retryLater } from './retry.ts'
import { promote } from './rollout.ts'
import { fillSlots, mayStart, spawn, startFirst } from './spawn.ts'
import { enter, isOccupied, rest, tellEnd } from './states.ts'
import { type FleetEvent, logChild, type Turn } from './turn.ts'

// A worker that has said why it cannot boot ends by itself; this is how long it may take.
const bootFailedExitMs = 2_000

/**
 * Starts each group with one child only. When that one is ready, the application works, and the others follow all at
 * once; when it is not, the reason is printed once and not once a core.
 */
export function startGroups(turn: Turn, specs: readonly GroupSpec[]): void {
  const groups = specs.map(spec => createGroup(spec, turn.fleet.generation))
  for (const group of groups) turn.fleet.groups.set(group.spec.name, group)
  for (const group of groups) {
    // Programs start at the end of the turn, as do those that wait for them.
    if (!group.spec.program && mayBegin(turn, group)) startFirst(turn, group)
  }
}

/** What has run already lives its own life: also when it has ended, was stopped, or cannot work. */
export function onWanted(turn: Turn, spec: GroupSpec): void {
  if (!turn.fleet.groups.has(spec.name)) startGroups(turn, [spec])
}

export function onSpawned(turn: Turn, { id, pid, at = turn.now }: FleetEvent & { type: 'spawned' }): void {
  const child = turn.fleet.children.get(id)
  if (!child) return
  child.pid = pid
  child.readyBy += at - child.spawnedAt
  child.spawnedAt = at
}

export function onSpawnFailed(turn: Turn, id: number, message: string): void {
  const child = turn.fleet.children.get(id)
  if (!child) return
  child.bootError = message
  logChild(turn, 'error', 'spawn-failed', child, { error: message })
  onExited(turn, { id, code: null, signal: null })
}

export function onReady(turn: Turn, id: number, bootMs: number): void {
  const child = turn.fleet.children.get(id)
  // What a probe says of a program is half of it: it has to be up for some time, too.
  if (child?.kind === 'program') child.isProven = true
  else if (child) markReady(turn, child, bootMs)
}

/** Programs that have been up for long enough, and whose probes agree. */
export function declareUp(turn: Turn): void {
  for (const child of turn.fleet.children.values()) {
    const at = child.kind === 'program' ? upAt(turn.fleet, child) : undefined
    if (at !== undefined && at <= turn.now) markReady(turn, child, turn.now - child.spawnedAt)
  }
}

function markReady(turn: Turn, child: Child, bootMs: number): void {
  const { fleet, now } = turn
  const group = fleet.groups.get(child.group)
  if (!group || child.state !== 'STARTING') return
  enter(turn, child, 'RUNNING')
  child.readyAt = now
  child.lastBeatAt = now
  turn.actions.push({ do: 'serves', child })
  const { pid, generation } = child
  logChild(turn, 'info', 'ready', child, { pid, generation, bootMs: Math.round(bootMs) })
  const slot = slotOf(fleet, child)
  if (slot && group.spec.program) slot.failures = 0
  if (slot?.successor === child) promote(turn, group, slot)
  if (group.rollout?.childId === child.id) stepDone(group)
  if (group.rollout?.steps.get(child.index) === child.id) stepDone(group, child.index)
  if (!group.hasServed) {
    group.hasServed = true
    turn.actions.push({ do: 'announce', group: group.spec.name })
  }
  if (!group.rollout) fillSlots(turn, group)
}

/** The tree has started when every child serves that should; nobody waits for what was stopped or cannot work. */
export function declareReady({ fleet, actions }: Turn): void {
  if (fleet.phase !== 'starting') return
  const groups = [...fleet.groups.values()]
  const serves = (child: Child) => traitsOf(child).isAwaited && child.state === 'RUNNING'
  if (groups.some(({ spec }) => traitsOf(spec).isAwaited) && ![...fleet.children.values()].some(serves)) return
  for (const group of groups) {
    if (group.spec.program && !isSettled(fleet, group)) return
    if (!traitsOf(group.spec).isAwaited || isStuck(fleet, group)) continue
    const isFatal = group.slots.some(slot => slot.emptyState === 'FATAL')
    if (!isFatal && group.slots.some(slot => !slot.isHalted && slot.child?.state !== 'RUNNING')) return
  }
  fleet.phase = 'running'
  actions.push({ do: 'tree-ready' })
}

/** A program that is up, has done what it was for, or will not come up by itself. */
function isSettled(fleet: Fleet, group: Group): boolean {
  if (isStuck(fleet, group)) return true
  return group.slots.every(
    ({ child, isHalted, emptyState, retryAt }) =>
      isHalted ||
      (child
        ? child.state === 'RUNNING'
        : retryAt === undefined && (emptyState === 'FATAL' || emptyState === 'EXITED')),
  )
}

export function onBootFailed(turn: Turn, event: FleetEvent & { type: 'boot-failed' }): void {
  const child = turn.fleet.children.get(event.id)
  if (!child) return
  child.bootError = event.message
  child.killAt = turn.now + bootFailedExitMs
  const { pid } = child
  logChild(turn, 'error', 'boot-failed', child, { pid, error: event.message, stack: event.stack || undefined })
}

export function onLastWords(turn: Turn, id: number, message: string): void {
  const child = turn.fleet.children.get(id)
  if (!child) return
  if (child.state === 'STARTING') child.bootError ??= message
  else child.lastWords = message
}

/** What has ended can not come up any more, although its end is told only when its last words are there. */
export function onGone(turn: Turn, id: number): void {
  const child = turn.fleet.children.get(id)
  if (child) child.isGone = true
}

export function onExited(turn: Turn, event: Omit<FleetEvent & { type: 'exited' }, 'type'>): void {
  const { fleet } = turn
  const child = fleet.children.get(event.id)
  if (!child) return
  fleet.children.delete(child.id)
  const group = fleet.groups.get(child.group)
  const place = group?.slots[child.index]
  const slot = slotOf(fleet, child)
  const exit = describeExit(child, event, turn.now)
  reportExit(turn, child, exit, slot !== undefined)
  if (place && (slot || child.doom)) place.lastExit = exit
  if (!group || !slot) return tellEnd(turn, child, stateBehind(turn, child, place), exit.reason)
  const wasRolling = isOfRollout(group, child)
  const { successor } = slot
  const endState = child.readyAt === undefined && !successor ? 'BACKOFF' : 'EXITED'
  tellEnd(turn, child, endState, exit.reason)
  slot.successor = undefined
  if (successor === child) {
    if (!wasRolling) delayRetirement(turn, group, slot)
  } else {
    slot.child = successor
    if (!group.spec.program) slot.restarts++
    if (!successor) {
      slot.emptyState = endState
      refill(turn, group, slot, child, exit)
    }
  }
  if (wasRolling) failRollout(turn, group, exit.reason)
}

/** It is the new one of a place that rolls. */
function isOfRollout({ rollout }: Group, { id, index }: Child): boolean {
  return rollout !== undefined && (rollout.childId === id || rollout.steps.get(index) === id)
}

/** The end of one that had to go: of the last in a place, what that is then. A successor may have had to take the place of one that hung. */
function stateBehind({ fleet }: Turn, { doom, group, index }: Child, place: Slot | undefined): Slot['emptyState'] {
  if (doom !== undefined && place?.child) return 'EXITED'
  return place && !isOccupied(fleet, group, index) ? place.emptyState : 'STOPPED'
}

function reportExit(turn: Turn, child: Child, exit: Exit, isUnexpected: boolean): void {
  const rules = turn.fleet.groups.get(child.group)?.spec.program
  const isExpected = child.readyAt !== undefined && rules !== undefined && isSuccess(exit, rules)
  const { pid, generation } = child
  const { code, signal, reason } = exit
  const isClean = child.doom === undefined && (!isUnexpected || isExpected)
  const fields = { pid, generation, code, signal, reason: isClean ? undefined : reason }
  logChild(turn, isClean ? 'info' : 'error', isUnexpected || child.doom ? 'exited' : 'stopped', child, fields)
}

/** Fills a place again whose child ended by itself: at once after a good run, later and later after failed starts. */
function refill(turn: Turn, group: Group, slot: Slot, ended: Child, exit: Exit): void {
  const { fleet, now } = turn
  slot.retryAt = undefined
  if (!mayStart(fleet, group)) {
    if (slot.emptyState === 'BACKOFF') rest(turn, group, slot, 'STOPPED', 'stop')
    return
  }
  if (group.spec.program) return settleEnd(turn, group, slot, ended, exit)
  const wasStable = ended.readyAt !== undefined && now - ended.readyAt >= group.spec.startMs
  if (wasStable) {
    slot.failures = 0
    slot.child = spawn(turn, group, slot)
    return
  }
  slot.failures++
  // The very first boot threw: the fault is in the application, not in the moment, and someone is watching.
  const isHopeless = !group.hasServed && ended.bootError !== undefined
  retryLater(turn, { group, slot, ended, exit, isHopeless })
}

/** A successor of a child that should be recycled failed: the old one serves on, and it is tried again later. */
function delayRetirement(turn: Turn, group: Group, slot: Slot): void {
  slot.failures++
  slot.retryAt = turn.now + backoffMs(slot.failures, group.spec.backoff, turn.random)
}
