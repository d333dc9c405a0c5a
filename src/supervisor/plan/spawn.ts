import type { Child, Fleet, Group, GroupSpec, Slot } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { neededGroups } from './order.ts'
import { isOccupied, tellBegin } from './states.ts'
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
  if (traitsOf(spec).isAlone && isOccupied(fleet, spec.name, slot.index)) return undefined
  const child: Child = {
    id: fleet.nextId++,
    kind: spec.kind,
    group: spec.name,
    index: slot.index,
    lane: freeLane(fleet, spec.name, slot.index),
    generation,
    revision: spec.revision,
    pid: undefined,
    state: 'STARTING',
    spawnedAt: now,
    readyAt: undefined,
    isProven: false,
    isGone: false,
    readyBy: now + spec.bootTimeoutMs,
    waitsFor: undefined,
    lastBeatAt: now,
    stillSince: undefined,
    stillUntil: undefined,
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
  slot.hasCompleted = false
  // In this order: a process that was begun has a number that can be told.
  turn.actions.push({ do: 'spawn', child })
  tellBegin(turn, child, slot)
  fleet.children.set(child.id, child)
  return child
}

function freeLane({ children }: Fleet, group: string, index: number): number {
  const beside = [...children.values()].filter(child => child.group === group && child.index === index)
  let lane = 0
  while (beside.some(child => child.lane === lane)) lane++
  return lane
}

/** The tree stops, or has stopped. */
export function isEnding({ phase }: Fleet): boolean {
  return phase === 'stopping' || phase === 'ended'
}

export function mayStart(fleet: Fleet, group: Group): boolean {
  return startable(fleet)(group)
}

/**
 * While the tree stops nothing begins, which would keep it from ending, but for what those that still drain need. To be made
 * once for many groups, since it looks at all of them.
 */
export function startable(fleet: Fleet): (group: Group) => boolean {
  if (!isEnding(fleet)) return () => true
  if (fleet.phase === 'ended' || fleet.isHurried) return () => false
  const isNeeded = neededGroups(fleet)
  return ({ spec }) => isNeeded(spec)
}

/** Begins a group that has served nobody yet with one child only: see startGroups. */
export function startFirst(turn: Turn, group: Group): void {
  if (group.waitsFor !== undefined) return
  const first = group.slots.find(slot => !slot.isHalted)
  if (first && !first.child) first.child = spawn(turn, group, first)
}

/** Fills every empty place that nothing speaks against. Programs are looked at in each turn: see startWaiting. */
export function fillSlots(turn: Turn, group: Group): void {
  if (group.waitsFor === undefined && !group.spec.program) fillPlaces(turn, group)
}

/** It is to have a process now. When it was to be tried again, it may be in any state until it is. */
export function isDue({ child, isHalted, emptyState, retryAt }: Slot, now: number): boolean {
  if (child || isHalted) return false
  return retryAt === undefined ? emptyState === 'STOPPED' : retryAt <= now
}

/** It stays without a process until somebody asks for one. */
export function isAtRest(slot: Slot, now: number): boolean {
  return !slot.child && slot.retryAt === undefined && !isDue(slot, now)
}

export function fillPlaces(turn: Turn, group: Group): void {
  for (const slot of group.slots) {
    if (isDue(slot, turn.now)) slot.child = spawn(turn, group, slot)
  }
}
