import type { Child, Fleet, Group, GroupSpec, Slot } from '../fleet.ts'
import type { Turn } from './turn.ts'

/** What a child is made of, and the reload that this came with: those of its group, or of a rollout. */
interface Origin {
  readonly spec: GroupSpec
  readonly generation: number
}

/**
 * Creates a child and asks for its process. The caller puts it into its place. While the tree stops there is none: it
 * would keep the tree from ending.
 */
export function spawn(turn: Turn, group: Group, slot: Slot, origin: Origin = group): Child | undefined {
  const { fleet, now } = turn
  if (isEnding(fleet)) return undefined
  const { spec, generation } = origin
  const child: Child = {
    id: fleet.nextId++,
    group: spec.name,
    index: slot.index,
    generation,
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

/** The tree stops, or has stopped. */
export function isEnding({ phase }: Fleet): boolean {
  return phase === 'stopping' || phase === 'ended'
}

/** Begins a group that has served nobody yet with one child only: see startGroups. */
export function startFirst(turn: Turn, group: Group): void {
  const first = group.slots.find(slot => !slot.isHalted)
  if (first && !first.child) first.child = spawn(turn, group, first)
}

/** Fills every empty place that nothing speaks against. */
export function fillSlots(turn: Turn, group: Group): void {
  for (const slot of group.slots) {
    if (!slot.child && !slot.isHalted && slot.retryAt === undefined && slot.emptyState === 'STOPPED') {
      slot.child = spawn(turn, group, slot)
    }
  }
}
