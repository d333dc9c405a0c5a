/** Who has to be there before others start, and gone before others stop. */
import type { Dependency, Fleet, Group, GroupSpec, Rollout, Slot } from '../fleet.ts'
import { endOrder } from './end-order.ts'

/**
 * What a group still waits for, in words; undefined when it may start. One that has served once does not wait for what will
 * not come: it knows how to live without it for a while, or it fails and says so.
 */
export function waitOf({ groups }: Fleet, { spec, hasServed }: Group): string | undefined {
  for (const [name, wanted] of Object.entries(spec.dependsOn ?? {})) {
    const other = groups.get(name)
    if (isMetBy(other, wanted) || (hasServed && isLost(other))) continue
    return describeWait(name, wanted, other)
  }
  return undefined
}

export interface RolloutWait {
  readonly reason: string
  /** For what will not come by itself, or nobody knows when: whoever has asked is told so. */
  readonly isVain: boolean
}

/**
 * What a rollout still waits for; undefined when its next place can be taken. What rolls with it is waited for until it has
 * rolled: that a job was done, or a program ready, before it changed, says nothing of the new one. And where that new one has
 * failed, what depends on it fails with it, and serves on as it is.
 */
export function rolloutWaitOf(
  { groups, operations }: Fleet,
  { hasServed }: Group,
  { spec, ticket }: Rollout,
): RolloutWait | undefined {
  const together = operations.get(ticket)?.names
  for (const [name, wanted] of Object.entries(spec.dependsOn ?? {})) {
    const other = groups.get(name)
    const isRolling = other?.rollout?.ticket === ticket
    if (!isRolling && isMetBy(other, wanted)) continue
    const isVain = !isRolling && isLost(other)
    if (isVain && hasServed && !together?.has(name)) continue
    return { reason: describeWait(name, wanted, other), isVain: isVain || (!isRolling && isInDoubt(other, wanted)) }
  }
  return undefined
}

/** It waits for what will not come by itself. */
export function isStuck({ groups }: Fleet, { spec, hasServed }: Group): boolean {
  if (hasServed) return false
  return Object.entries(spec.dependsOn ?? {}).some(([name, wanted]) => {
    const other = groups.get(name)
    return isLost(other) && !isMetBy(other, wanted)
  })
}

/** It has failed to start and is tried again, maybe for long: the reload that mends it cannot begin while another waits for it. */
function isInDoubt(other: Group | undefined, wanted: Dependency): boolean {
  return other?.slots.some(slot => slot.failures > 0 && !isMet(slot, wanted)) ?? false
}

function isMetBy(other: Group | undefined, wanted: Dependency): boolean {
  return other?.slots.every(slot => isMet(slot, wanted)) ?? false
}

function isMet({ child, hasCompleted }: Slot, wanted: Dependency): boolean {
  if (hasCompleted) return true
  if (wanted === 'completed') return false
  return wanted === 'started' ? child?.pid !== undefined : child?.state === 'RUNNING'
}

/** A place of it is empty, and stays so until somebody does something. */
function isLost(other: Group | undefined): boolean {
  return !other || other.slots.some(slot => !slot.child && !slot.hasCompleted && isAbandoned(slot))
}

function isAbandoned({ isHalted, emptyState, retryAt }: Slot): boolean {
  return isHalted || (retryAt === undefined && (emptyState === 'FATAL' || emptyState === 'EXITED'))
}

function describeWait(name: string, wanted: Dependency, other: Group | undefined): string {
  const goal = wanted === 'ready' ? 'to be ready' : wanted === 'started' ? 'to start' : 'to complete'
  if (!other) return `waits for ${name} ${goal}, which is not there`
  const lost = other.slots.find(slot => !slot.child && !slot.hasCompleted && isAbandoned(slot))
  return `waits for ${name} ${goal}${lost ? `, which is ${lost.emptyState}` : ''}`
}

/** Tells of a group whether others that still run need it: made once for a turn, since it looks at every child. */
export function neededGroups({ groups, children }: Fleet): (who: Pick<GroupSpec, 'kind' | 'name'>) => boolean {
  const endsBefore = endOrder([...groups.values()].map(({ spec }) => spec))
  const living = new Map<string, Pick<GroupSpec, 'kind' | 'name'>>()
  for (const { group, kind } of children.values()) living.set(group, { kind, name: group })
  return who => [...living.values()].some(other => other.name !== who.name && endsBefore(other, who))
}
