/**
 * Replacing programs: a second one beside the first would want the same port or file, so the old one ends before the new one
 * begins. The first place goes alone; when its new program is up, all others follow at once. If it does not come up, the
 * others stay as they are, and the place is filled as it was before.
 */
import type { Group, Rollout, Slot } from '../fleet.ts'
import { beginDrain } from './drain.ts'
import { finishRollout, mayGoOn } from './operation.ts'
import { spawn } from './spawn.ts'
import { isOccupied } from './states.ts'
import type { Turn } from './turn.ts'

/** Takes each place of a rolling program as far as it can go at this moment. */
export function continueReplacement(turn: Turn, group: Group, rollout: Rollout): void {
  for (const [index, childId] of rollout.steps) {
    const slot = group.slots[index]
    if (!slot || slot.isHalted) rollout.steps.delete(index)
    // It comes up or fails: that is dealt with where it is heard of (life.ts).
    else if (childId !== undefined && turn.fleet.children.has(childId)) continue
    else if (!takeStep(turn, group, slot, rollout)) return
  }
  if (rollout.steps.size > 0) return
  if (rollout.pending.length === 0) return finishRollout(turn, group)
  const next = rollout.replaced === 0 ? rollout.pending.splice(0, 1) : rollout.pending.splice(0)
  for (const index of next) rollout.steps.set(index, undefined)
  continueReplacement(turn, group, rollout)
}

/** False when the rollout has ended with it. While the new program has to wait for others, the old one goes on. */
function takeStep(turn: Turn, group: Group, slot: Slot, rollout: Rollout): boolean {
  if (!mayGoOn(turn, group, rollout)) return group.rollout === rollout
  if (!isEmptied(turn, group, slot, rollout.reason)) return true
  slot.failures = 0
  slot.child = spawn(turn, group, slot, rollout)
  rollout.steps.set(slot.index, slot.child?.id)
  return true
}

/** Ends what is still in the place, which is to be filled then, whatever its state is. Whether it is empty. */
function isEmptied(turn: Turn, group: Group, slot: Slot, reason: string): boolean {
  const { child } = slot
  slot.retryAt = turn.now
  slot.child = undefined
  if (child && child.state !== 'STOPPING') beginDrain(turn, child, reason)
  return !isOccupied(turn.fleet, group.spec.name, slot.index)
}
