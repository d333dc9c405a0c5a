/**
 * Replacing children that serve: start the new one, wait until it is ready, drain the old one, go to the next place.
 * A reload and a rolling restart do so with a whole group, recycling with one child at a time.
 */
import { suggest } from '../../base/suggest.ts'
import { createGroup, createSlot, type Group, type GroupSpec, nameOf, type Operation, type Slot } from '../fleet.ts'
import { beginDrain } from './drain.ts'
import { fillSlots, spawn } from './spawn.ts'
import { log, type Turn } from './turn.ts'

/** Rolls every group to its new specification. Groups that are new start, groups that are gone drain. */
export function onReload(turn: Turn, ticket: number, specs: readonly GroupSpec[]): void {
  const { fleet } = turn
  fleet.generation++
  const operation = openOperation(turn, ticket, true)
  const names = new Set(specs.map(spec => spec.name))
  for (const [name, group] of fleet.groups) if (!names.has(name)) removeGroup(turn, group)
  for (const wanted of specs) {
    const known = fleet.groups.get(wanted.name)
    const spec = known ? keepScaled(wanted, known.spec.workers) : wanted
    const group = known ?? createGroup(spec)
    fleet.groups.set(spec.name, group)
    while (group.slots.length < spec.workers) group.slots.push(createSlot(group.slots.length))
    const places = group.slots.filter(slot => !slot.isHalted && slot.index < spec.workers).map(slot => slot.index)
    beginRollout(turn, operation, { group, spec, places, isNewGroup: known === undefined })
  }
}

/** A number of workers that follows the load is not reset by a reload. */
function keepScaled(spec: GroupSpec, workers: number): GroupSpec {
  const { min, max } = spec.scaling
  return min < max ? { ...spec, workers: Math.min(max, Math.max(min, workers)) } : spec
}

/** Rolls a group, a place or all, with the specification that they have. What was stopped starts. */
export function onRestart(turn: Turn, ticket: number, target: string): void {
  const matches = matchTarget(turn, ticket, target)
  if (!matches) return
  const operation = openOperation(turn, ticket, false)
  for (const { group, slots } of matches) {
    for (const slot of slots) slot.isHalted = false
    const places = slots.map(slot => slot.index)
    beginRollout(turn, operation, { group, spec: group.spec, places, isNewGroup: false })
  }
}

/**
 * The groups and places that an operator's word means: `web`, `web:1` or `all`.
 * Without a match, the ticket is settled with the reason, and undefined is returned.
 */
export function matchTarget(turn: Turn, ticket: number, target: string): { group: Group; slots: Slot[] }[] | undefined {
  const groups = [...turn.fleet.groups.values()]
  if (target === 'all') return groups.map(group => ({ group, slots: group.slots }))
  for (const group of groups) {
    if (target === group.spec.name) return [{ group, slots: group.slots }]
    const slot = group.slots.find(slot => target === `${group.spec.name}:${slot.index}`)
    if (slot) return [{ group, slots: [slot] }]
  }
  const known = groups.flatMap(group => [
    group.spec.name,
    ...group.slots.map(slot => `${group.spec.name}:${slot.index}`),
  ])
  const hint = suggest(target, known)
  const message = `Nothing here is named "${target}"${hint ? `, did you mean ${hint}?` : `. There is: ${known.join(', ')}.`}`
  turn.actions.push({ do: 'settle', ticket, ok: false, message })
  return undefined
}

function openOperation(turn: Turn, ticket: number, isReload: boolean): Operation {
  const operation: Operation = { ticket, startedAt: turn.now, isReload, waiting: new Set(), failures: [], replaced: 0 }
  turn.fleet.operations.set(ticket, operation)
  return operation
}

interface RolloutStart {
  readonly group: Group
  readonly spec: GroupSpec
  readonly places: number[]
  readonly isNewGroup: boolean
}

function beginRollout(turn: Turn, operation: Operation, { group, spec, places, isNewGroup }: RolloutStart): void {
  operation.waiting.add(spec.name)
  group.rollout = {
    ticket: operation.ticket,
    spec,
    generation: turn.fleet.generation,
    reason: operation.isReload ? 'reload' : 'restart',
    isNewGroup,
    pending: places,
    childId: undefined,
    replaced: 0,
  }
}

/** Takes the next step of each rollout that waits for none. */
export function continueRollouts(turn: Turn): void {
  for (const group of turn.fleet.groups.values()) {
    const { rollout } = group
    if (!rollout || rollout.childId !== undefined) continue
    const index = rollout.pending.shift()
    const slot = index === undefined ? undefined : group.slots[index]
    if (slot) beginStep(turn, group, slot)
    else finishRollout(turn, group)
  }
}

function beginStep(turn: Turn, group: Group, slot: Slot): void {
  const { rollout } = group
  if (!rollout) return
  if (slot.successor) beginDrain(turn, slot.successor, rollout.reason)
  // A child that still boots is of the old code and serves nobody: no reason to wait for it.
  if (slot.child?.state === 'STARTING') {
    beginDrain(turn, slot.child, rollout.reason)
    slot.child = undefined
  }
  slot.failures = 0
  slot.emptyState = 'STOPPED'
  const child = spawn(turn, group, slot, rollout.spec)
  rollout.childId = child.id
  if (slot.child) slot.successor = child
  else slot.child = child
}

/** The successor takes the place, and the old child drains. */
export function promote(turn: Turn, group: Group, slot: Slot): void {
  const old = slot.child
  slot.child = slot.successor
  slot.successor = undefined
  slot.failures = 0
  slot.retryAt = undefined
  if (old) beginDrain(turn, old, old.retireReason ?? group.rollout?.reason ?? 'replaced')
}

export function rolloutStepDone(group: Group): void {
  const { rollout } = group
  if (!rollout) return
  rollout.childId = undefined
  rollout.replaced++
  // From the first child on that works with it, the new specification is the one that holds.
  group.spec = rollout.spec
}

/** The new code does not become ready: what serves, serves on, and nothing more is replaced. */
export function failRollout(turn: Turn, group: Group, why: string): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  const name = group.spec.name
  if (rollout.isNewGroup && rollout.replaced === 0) turn.fleet.groups.delete(name)
  else trimSlots(turn, group)
  settleGroup(turn, rollout.ticket, name, rollout.replaced, `${name}: the new worker ${why}`)
}

function finishRollout(turn: Turn, group: Group): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  group.spec = rollout.spec
  trimSlots(turn, group)
  fillSlots(turn, group)
  settleGroup(turn, rollout.ticket, group.spec.name, rollout.replaced, undefined)
}

/** Drops the places that the specification no longer has. */
export function trimSlots(turn: Turn, group: Group): void {
  for (const slot of group.slots.splice(group.spec.workers)) {
    for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'scale')
  }
}

function removeGroup(turn: Turn, group: Group): void {
  turn.fleet.groups.delete(group.spec.name)
  for (const slot of group.slots) {
    for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'removed', group.spec)
  }
}

function settleGroup(turn: Turn, ticket: number, name: string, replaced: number, failure: string | undefined): void {
  const operation = turn.fleet.operations.get(ticket)
  if (!operation) return
  operation.waiting.delete(name)
  operation.replaced += replaced
  if (failure !== undefined) operation.failures.push(failure)
  if (operation.waiting.size > 0) return
  turn.fleet.operations.delete(ticket)
  const verb = operation.isReload ? 'reload' : 'restart'
  const durationMs = Math.round(turn.now - operation.startedAt)
  const ok = operation.failures.length === 0
  const workers = `${operation.replaced} worker${operation.replaced === 1 ? '' : 's'} replaced`
  const message = ok ? workers : `${operation.failures.join('; ')}; the old workers keep serving and the ${verb} stops.`
  const fields = { generation: turn.fleet.generation, replaced: operation.replaced, durationMs }
  log(turn, ok ? 'info' : 'error', `${verb}.${ok ? 'done' : 'failed'}`, { ...fields, error: ok ? undefined : message })
  turn.actions.push({ do: 'settle', ticket, ok, message })
}

/** Ends every operation that still waits, because the tree stops. */
export function abandonOperations(turn: Turn): void {
  for (const group of turn.fleet.groups.values()) group.rollout = undefined
  for (const { ticket } of turn.fleet.operations.values()) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: 'The tree is stopping.' })
  }
  turn.fleet.operations.clear()
}

export function onRetire(turn: Turn, id: number, reason: string): void {
  const child = turn.fleet.children.get(id)
  if (child) child.retireReason ??= reason
}

/** Recycles: one child of a group at a time, so that a leak common to all does not take them down together. */
export function retireOld(turn: Turn): void {
  if (turn.fleet.phase === 'stopping') return
  for (const group of turn.fleet.groups.values()) {
    if (group.rollout || group.slots.some(slot => slot.successor)) continue
    // The oldest first: where workers wear out as fast as they boot, each gets its turn.
    const [slot] = group.slots.filter(isWornOut).sort((a, b) => (a.child?.id ?? 0) - (b.child?.id ?? 0))
    if (!slot?.child) continue
    log(turn, 'info', 'worker.recycling', {
      name: nameOf(slot.child),
      pid: slot.child.pid,
      reason: slot.child.retireReason,
    })
    slot.successor = spawn(turn, group, slot)
  }
}

function isWornOut({ child, retryAt }: Slot): boolean {
  return child?.state === 'RUNNING' && child.retireReason !== undefined && retryAt === undefined
}
