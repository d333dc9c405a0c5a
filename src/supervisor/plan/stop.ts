/** The end of the whole tree. */
import type { Child, Fleet, Group } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { isStuck, neededGroups } from './order.ts'
import { enter, rest } from './states.ts'
import { log, type Turn } from './turn.ts'

const quickMs = 1_000

/** The answer to who asks for anything else by then. */
export const stopping = 'The tree is stopping.'

/** Stops the tree: gracefully at first; asked again, or asked to be quick, within a second. */
export function onStop(turn: Turn, isQuickAsked: boolean): void {
  const { fleet, now } = turn
  if (fleet.phase === 'ended') return
  const isQuick = isQuickAsked || fleet.phase === 'stopping'
  log(turn, 'info', 'tree.stopping', { quick: isQuick, workers: fleet.children.size })
  fleet.phase = 'stopping'
  fleet.isHurried ||= isQuick
  abandonOperations(turn)
  const isNeeded = neededGroups(fleet)
  for (const group of fleet.groups.values()) {
    if (!isNeeded(group.spec)) vacate(turn, group)
    else if (group.spec.program && !group.hasServed) closeEmpty(turn, group)
  }
  for (const child of fleet.children.values()) {
    const delayMs = fleet.groups.get(child.group)?.spec.stopDelayMs ?? 0
    if (isNeeded(placeOf(child))) continue
    if (isQuick) hurry(turn, child)
    else if (child.state === 'STOPPING') continue
    else if (delayMs > 0 && child.state === 'RUNNING') child.drainAt = now + delayMs
    else beginDrain(turn, child, 'stop')
  }
}

function placeOf({ kind, group: name }: Child) {
  return { kind, name }
}

/** Nobody takes the place of a child that ends. */
function vacate(turn: Turn, group: Group): void {
  for (const slot of group.slots) {
    slot.retryAt = undefined
    slot.child = undefined
    slot.successor = undefined
    if (slot.emptyState === 'BACKOFF') rest(turn, group, slot, 'STOPPED', 'stop')
  }
}

/** Nobody works with a program that has never been up: it does not begin now, for those that still drain. */
function closeEmpty(turn: Turn, group: Group): void {
  for (const slot of group.slots.filter(slot => !slot.child)) {
    slot.isHalted = true
    slot.retryAt = undefined
    if (slot.emptyState === 'BACKOFF') rest(turn, group, slot, 'STOPPED', 'stop')
  }
}

function hurry(turn: Turn, child: Child): void {
  child.drainAt = undefined
  if (child.state !== 'STOPPING') enter(turn, child, 'STOPPING', 'quick')
  child.killAt = turn.now + quickMs
  const program = turn.fleet.groups.get(child.group)?.spec.program
  turn.actions.push({ do: 'drain', child, reason: 'quick', program })
}

/** Ends every operation that still waits. */
function abandonOperations({ fleet, actions }: Turn): void {
  for (const group of fleet.groups.values()) group.rollout = undefined
  for (const ticket of fleet.operations.keys()) actions.push({ do: 'settle', ticket, ok: false, message: stopping })
  fleet.operations.clear()
}

/**
 * A tree that stops ends with its last child; one that never came to serve ends with an error. What others need is stopped when
 * they are gone.
 */
export function endWhenEmpty(turn: Turn): void {
  const { fleet, actions } = turn
  if (fleet.phase === 'ended') return
  if (fleet.phase === 'starting' && hasFailed(fleet)) {
    fleet.phase = 'stopping'
    fleet.exitCode = 1
    abandonOperations(turn)
  }
  if (fleet.phase !== 'stopping') return
  if (fleet.children.size > 0) return stopNext(turn)
  fleet.phase = 'ended'
  actions.push({ do: 'exit', code: fleet.exitCode })
}

/** Those whom nobody needs any more. */
function stopNext(turn: Turn): void {
  const { fleet } = turn
  const isNeeded = neededGroups(fleet)
  for (const group of fleet.groups.values()) if (!isNeeded(group.spec)) vacate(turn, group)
  for (const child of fleet.children.values()) {
    if (child.state === 'STOPPING' || child.drainAt !== undefined || isNeeded(placeOf(child))) continue
    if (fleet.isHurried) hurry(turn, child)
    else beginDrain(turn, child, 'stop')
  }
}

function hasFailed(fleet: Fleet): boolean {
  if ([...fleet.children.values()].some(child => traitsOf(child).isAwaited)) return false
  const awaited = [...fleet.groups.values()].filter(group => traitsOf(group.spec).isAwaited)
  return awaited.length > 0 && awaited.every(group => isHopeless(group) || isStuck(fleet, group))
}

/** It has given up, and no place is tried again. One that was stopped by an operator has not: it can be started. */
function isHopeless({ slots }: Group): boolean {
  return slots.some(slot => slot.emptyState === 'FATAL') && slots.every(slot => slot.retryAt === undefined)
}
