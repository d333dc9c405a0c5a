import type { Child, GroupSpec } from '../fleet.ts'
import { logChild, type Turn } from './turn.ts'

// Over and above the time that a worker itself takes to give up on its last requests.
const killMarginMs = 1_000

/**
 * Asks a child to finish what it has and to end. It is killed if it takes longer than it may. One that still boots ends
 * at once, but is asked like the others: it may have become ready a moment ago, and have taken connections.
 */
export function beginDrain(turn: Turn, child: Child, reason: string, spec?: GroupSpec): void {
  const { fleet, now, actions } = turn
  child.drainAt = undefined
  if (child.doom !== undefined) return
  const stopTimeoutMs = (spec ?? fleet.groups.get(child.group)?.spec)?.stopTimeoutMs ?? 0
  child.state = 'STOPPING'
  child.killAt = now + stopTimeoutMs + killMarginMs
  logChild(turn, 'info', 'stopping', child, { pid: child.pid, reason })
  actions.push({ do: 'drain', child, reason })
}
