/** Places whose process did not come up. */
import { backoffMs } from '../../base/backoff.ts'
import type { Child, Exit, Group, Slot } from '../fleet.ts'
import { rest } from './states.ts'
import { logChild, type Turn } from './turn.ts'

interface FailedStart {
  readonly group: Group
  readonly slot: Slot
  readonly ended: Child
  readonly exit: Exit
  /** To try again would not help. */
  readonly isHopeless?: boolean
}

/**
 * Tries a failed start again, later and later, and at last not at all: BACKOFF, or FATAL behind it, as Supervisor has them. How
 * it ended does not matter, only that it was not up for long enough.
 */
export function retryLater(turn: Turn, { group, slot, ended, exit, isHopeless = false }: FailedStart): void {
  const { startRetries, backoff, program } = group.spec
  const { failures } = slot
  rest(turn, group, slot, 'BACKOFF', exit.reason)
  if (isHopeless || failures > startRetries) {
    rest(turn, group, slot, 'FATAL', exit.reason)
    logChild(turn, 'error', 'fatal', ended, { failures, reason: exit.reason })
    return
  }
  const waitMs = backoffMs(failures, backoff, turn.random)
  slot.retryAt = turn.now + waitMs
  if (program) slot.restarts++
  logChild(turn, 'warn', 'backoff', ended, { failures, waitMs })
}
