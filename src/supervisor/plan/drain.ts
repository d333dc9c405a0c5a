import { type Child, type GroupSpec, specOf } from '../fleet.ts'
import { enter } from './states.ts'
import { logChild, type Turn } from './turn.ts'

// Over and above the time that a worker itself takes to give up on its last requests.
const killMarginMs = 1_000

/**
 * Asks a child to finish what it has and to end. It is killed if it takes longer than it may. One that still boots ends
 * at once, but is asked like the others: it may have become ready a moment ago, and have taken connections.
 */
export function beginDrain(turn: Turn, child: Child, reason: string, removed?: GroupSpec): void {
  const { fleet, now, actions } = turn
  child.drainAt = undefined
  if (child.state !== 'STOPPING') enter(turn, child, 'STOPPING', reason)
  // It is killed already.
  if (child.doom !== undefined) return
  const spec = removed ?? specOf(fleet, child)
  child.killAt = now + (spec?.stopTimeoutMs ?? 0) + (spec?.program ? 0 : killMarginMs)
  logChild(turn, 'info', 'stopping', child, { pid: child.pid, reason })
  actions.push({ do: 'drain', child, reason, program: spec?.program })
}
