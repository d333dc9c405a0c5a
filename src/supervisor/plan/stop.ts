/** The end of the whole tree. */
import type { Child, Group } from '../fleet.ts'
import { beginDrain } from './drain.ts'
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
  abandonOperations(turn)
  for (const group of fleet.groups.values()) {
    for (const slot of group.slots) {
      slot.retryAt = undefined
      slot.child = undefined
      slot.successor = undefined
    }
  }
  for (const child of fleet.children.values()) {
    const delayMs = fleet.groups.get(child.group)?.spec.stopDelayMs ?? 0
    if (isQuick) hurry(turn, child)
    else if (child.state === 'STOPPING') continue
    else if (delayMs > 0 && child.state === 'RUNNING') child.drainAt = now + delayMs
    else beginDrain(turn, child, 'stop')
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

/** A tree that stops ends with its last child; one that never came to serve ends with an error. */
export function endWhenEmpty({ fleet, actions }: Turn): void {
  if (fleet.children.size > 0 || fleet.phase === 'ended') return
  const groups = [...fleet.groups.values()]
  const hasFailed = fleet.phase === 'starting' && groups.length > 0 && groups.every(isHopeless)
  if (fleet.phase !== 'stopping' && !hasFailed) return
  fleet.phase = 'ended'
  actions.push({ do: 'exit', code: hasFailed ? 1 : 0 })
}

/** It has given up, and no place is tried again. One that was stopped by an operator has not: it can be started. */
function isHopeless({ slots }: Group): boolean {
  return slots.some(slot => slot.emptyState === 'FATAL') && slots.every(slot => slot.retryAt === undefined)
}
