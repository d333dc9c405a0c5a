/**
 * What is different in the life of a program, which does not say itself how it is. Its states and their times are those of
 * Supervisor (http://supervisord.org/subprocess.html#process-states): it is up after `startMs`; what ends before is tried
 * again after 1, 2, 3 … seconds and then FATAL; what ends later is EXITED, and starts again if its rules say so.
 */
import type { Child, Exit, Fleet, Group, ProgramRules, Slot } from '../fleet.ts'
import { slotOf, specOf } from '../fleet.ts'
import { beginDrain } from './drain.ts'
import { waitOf } from './order.ts'
import { retryLater } from './retry.ts'
import { fillPlaces, isDue, startable, startFirst } from './spawn.ts'
import { logChild, logHeld, type Turn } from './turn.ts'

// As often as Supervisor's loop turns: what is up at once and ends at once may not take a processor for itself.
const startEveryMs = 1_000

/** When a program that starts may be up, as far as time decides it. */
export function upAt(fleet: Fleet, child: Child): number | undefined {
  const spec = specOf(fleet, child)
  if (!spec?.program || child.state !== 'STARTING' || child.pid === undefined || child.isGone) return undefined
  return spec.program.isProbed && !child.isProven ? undefined : child.spawnedAt + spec.startMs
}

/** Its checks have failed too often: it ends as a stop would end it, and starts again. */
export function onUnhealthy(turn: Turn, id: number, reason: string): void {
  const child = turn.fleet.children.get(id)
  const slot = child && slotOf(turn.fleet, child)
  if (!slot || child?.state !== 'RUNNING') return
  logChild(turn, 'error', 'unhealthy', child, { pid: child.pid, reason })
  slot.restarts++
  renew(turn, slot, child, 'unhealthy')
  child.doom = reason
}

/** Its probe does not find it ready in time: it ends as a stop would end it, and is a failed start. */
export function onNotReady(turn: Turn, child: Child, reason: string): void {
  logChild(turn, 'error', 'not-ready', child, { pid: child.pid, reason })
  beginDrain(turn, child, 'not ready')
  child.doom = reason
}

/** Ends a program to start it anew, in its place. */
export function renew(turn: Turn, slot: Slot, child: Child, reason: string): void {
  slot.child = undefined
  beginDrain(turn, child, reason)
}

/** What becomes of the place of a program that has ended by itself, or was killed by us. */
export function settleEnd(turn: Turn, group: Group, slot: Slot, ended: Child, exit: Exit): void {
  const rules = group.spec.program
  if (!rules) return
  if (ended.readyAt === undefined) {
    slot.failures++
    return retryLater(turn, { group, slot, ended, exit })
  }
  slot.failures = 0
  slot.hasCompleted = ended.doom === undefined && isSuccess(exit, rules)
  // What we have ended ourselves, for its memory, say, was not its own wish to end.
  const comesBack = ended.doom !== undefined || wantsRestart(exit, rules)
  if (!comesBack) return
  slot.retryAt = Math.max(turn.now, ended.spawnedAt + startEveryMs)
  slot.restarts++
}

/** It has ended as it should. */
export function isSuccess({ code }: Exit, { successExitCodes }: ProgramRules): boolean {
  return code !== undefined && successExitCodes.includes(code)
}

function wantsRestart(exit: Exit, rules: ProgramRules): boolean {
  return rules.restart === 'always' || (rules.restart === 'on-failure' && !isSuccess(exit, rules))
}

/** Starts what may start: programs whose place is free, and all that has waited for others. */
export function startWaiting(turn: Turn): void {
  const mayStart = startable(turn.fleet)
  // All are asked before the first of them begins: one that has completed, and starts again, is what others waited for.
  const free = [...turn.fleet.groups.values()].filter(group => mayStart(group) && isFreeToBegin(turn, group))
  for (const group of free) {
    if (group.spec.program) fillPlaces(turn, group)
    else startFirst(turn, group)
  }
}

function isFreeToBegin(turn: Turn, group: Group): boolean {
  return !group.rollout && (group.spec.program !== undefined || group.waitsFor !== undefined) && mayBegin(turn, group)
}

/** Whether those that a group depends on have come so far. Said in the log when that changes. */
export function mayBegin(turn: Turn, group: Group): boolean {
  const waitsFor = isAnyDue(turn, group) ? waitOf(turn.fleet, group) : undefined
  if (waitsFor !== undefined && waitsFor !== group.waitsFor) logHeld(turn, group.spec, waitsFor)
  group.waitsFor = waitsFor
  return waitsFor === undefined
}

function isAnyDue({ now }: Turn, { slots }: Group): boolean {
  return slots.some(slot => isDue(slot, now))
}
