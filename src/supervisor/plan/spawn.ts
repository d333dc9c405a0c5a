import type { Child, Group, GroupSpec, Slot } from '../fleet.ts'
import type { Turn } from './turn.ts'

/** Creates a child and asks for its process. The caller puts it into its place. */
export function spawn(turn: Turn, group: Group, slot: Slot, spec: GroupSpec = group.spec): Child {
  const { fleet, now } = turn
  const child: Child = {
    id: fleet.nextId++,
    group: spec.name,
    index: slot.index,
    generation: group.rollout?.generation ?? fleet.generation,
    revision: spec.revision,
    pid: undefined,
    state: 'STARTING',
    spawnedAt: now,
    readyAt: undefined,
    readyBy: now + spec.bootTimeoutMs,
    lastBeatAt: now,
    beat: undefined,
    retireReason: undefined,
    drainAt: undefined,
    killAt: undefined,
    doom: undefined,
    stackUntil: undefined,
    bootError: undefined,
    lastWords: undefined,
  }
  slot.retryAt = undefined
  fleet.children.set(child.id, child)
  turn.actions.push({ do: 'spawn', child })
  return child
}

/** Fills every empty place that nothing speaks against. */
export function fillSlots(turn: Turn, group: Group): void {
  if (turn.fleet.phase === 'stopping') return
  for (const slot of group.slots) {
    if (!slot.child && !slot.isHalted && slot.retryAt === undefined && slot.emptyState === 'STOPPED') {
      slot.child = spawn(turn, group, slot)
    }
  }
}
