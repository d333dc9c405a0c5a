import type { Child, Fleet, Group, GroupSpec, Slot } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import type { Turn } from './turn.ts'

/** What a child is made of, and the reload that this came with: those of its group, or of a rollout. */
interface Origin {
  readonly spec: GroupSpec
  readonly generation: number
}

/**
 * Creates a child and asks for its process. The caller puts it into its place. While the tree stops there is none: see
 * mayStart.
 */
export function spawn(turn: Turn, group: Group, slot: Slot, origin: Origin = group): Child | undefined {
  const { fleet, now } = turn
  if (!mayStart(fleet, group)) return undefined
  const { spec, generation } = origin
  const child: Child = {
    id: fleet.nextId++,
    kind: spec.kind,
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

/** While the tree stops nothing begins, which would keep it from ending, but for what those that still drain need. */
export function mayStart(fleet: Fleet, { spec }: Group): boolean {
  if (!isEnding(fleet)) return true
  return fleet.phase === 'stopping' && !fleet.isHurried && traitsOf(spec).endsLast && hasOthers(fleet)
}

/** Children that end before those that end last. */
export function hasOthers({ children }: Fleet): boolean {
  return [...children.values()].some(child => !traitsOf(child).endsLast)
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
