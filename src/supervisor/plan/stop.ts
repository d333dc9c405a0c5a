/** The end of the whole tree. */
import type { Child, Fleet, Group } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { hasOthers } from './spawn.ts'
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
  for (const group of fleet.groups.values()) if (!traitsOf(group.spec).endsLast) vacate(group)
  const isLastOnly = !hasOthers(fleet)
  for (const child of fleet.children.values()) {
    const delayMs = fleet.groups.get(child.group)?.spec.stopDelayMs ?? 0
    if (traitsOf(child).endsLast && !isLastOnly) continue
    if (isQuick) hurry(turn, child)
    else if (child.state === 'STOPPING') continue
    else if (delayMs > 0 && child.state === 'RUNNING') child.drainAt = now + delayMs
    else beginDrain(turn, child, 'stop')
  }
}

/** Nobody takes the place of a child that ends. */
function vacate({ slots }: Group): void {
  for (const slot of slots) {
    slot.retryAt = undefined
    slot.child = undefined
    slot.successor = undefined
  }
}

function hurry(turn: Turn, child: Child): void {
  child.drainAt = undefined
  child.state = 'STOPPING'
  child.killAt = turn.now + quickMs
  turn.actions.push({ do: 'drain', child, reason: 'quick' })
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
  if (fleet.phase === 'ended' || hasOthers(fleet)) return
  if (fleet.phase === 'starting' && hasFailed(fleet)) {
    fleet.phase = 'stopping'
    fleet.exitCode = 1
  }
  if (fleet.phase !== 'stopping') return
  if (fleet.children.size > 0) return stopLast(turn)
  fleet.phase = 'ended'
  actions.push({ do: 'exit', code: fleet.exitCode })
}

function stopLast(turn: Turn): void {
  const { groups, children, isHurried } = turn.fleet
  for (const group of groups.values()) vacate(group)
  for (const child of children.values()) {
    if (child.state === 'STOPPING') continue
    if (isHurried) hurry(turn, child)
    else beginDrain(turn, child, 'stop')
  }
}

function hasFailed({ groups }: Fleet): boolean {
  const awaited = [...groups.values()].filter(group => traitsOf(group.spec).isAwaited)
  return awaited.length > 0 && awaited.every(isHopeless)
}

/** It has given up, and no place is tried again. One that was stopped by an operator has not: it can be started. */
function isHopeless({ slots }: Group): boolean {
  return slots.some(slot => slot.emptyState === 'FATAL') && slots.every(slot => slot.retryAt === undefined)
}
