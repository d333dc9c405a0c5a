/**
 * Replacing children that serve: start the new one, wait until it is ready, drain the old one, go to the next place.
 * A reload and a rolling restart do so with a whole group, recycling with one child at a time.
 */
import { suggest } from '../../base/suggest.ts'
import {
  createGroup,
  createSlot,
  type Group,
  type GroupSpec,
  type Operation,
  type Rollout,
  type Slot,
  slotOf,
} from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { fillSlots, isEnding, spawn } from './spawn.ts'
import { log, logChild, type Turn } from './turn.ts'

/**
 * Rolls every group to its new specification. Groups that are new start, groups that are gone drain. What does not roll stays as
 * it is: its settings are of those that a reload refuses to change.
 */
export function onReload(turn: Turn, ticket: number, specs: readonly GroupSpec[]): void {
  const { fleet } = turn
  const operation = openOperation(turn, ticket, { isReload: true })
  if (!operation) return
  fleet.generation++
  const names = new Set(specs.map(spec => spec.name))
  for (const [name, group] of fleet.groups) {
    if (!names.has(name) && traitsOf(group.spec).rolls) removeGroup(turn, group)
  }
  for (const wanted of specs.filter(spec => traitsOf(spec).rolls)) {
    const known = fleet.groups.get(wanted.name)
    const spec = known ? keepScaled(wanted, known.spec.workers) : wanted
    const group = known ?? createGroup(spec, fleet.generation)
    fleet.groups.set(spec.name, group)
    while (group.slots.length < spec.workers) group.slots.push(createSlot(group.slots.length))
    const places = group.slots.filter(slot => !slot.isHalted && slot.index < spec.workers).map(slot => slot.index)
    beginRollout(operation, { group, spec, generation: fleet.generation, places, isNewGroup: known === undefined })
  }
  settleIfDone(turn, operation)
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
  const isAlone = matches.some(({ group }) => traitsOf(group.spec).isAlone)
  const operation = openOperation(turn, ticket, { isReload: false, isAlone })
  if (!operation) return
  for (const { group, slots } of matches) {
    for (const slot of slots) slot.isHalted = false
    const places = slots.map(slot => slot.index)
    const { spec, generation } = group
    beginRollout(operation, { group, spec, generation, places, isNewGroup: false })
  }
  settleIfDone(turn, operation)
}

/**
 * The groups and places that an operator's word means: `web`, `web:1`, or `all` for those of the applications.
 * Without a match, the ticket is settled with the reason, and undefined is returned.
 */
export function matchTarget(turn: Turn, ticket: number, target: string): { group: Group; slots: Slot[] }[] | undefined {
  const groups = [...turn.fleet.groups.values()]
  if (target === 'all') {
    return groups.filter(group => traitsOf(group.spec).rolls).map(group => ({ group, slots: group.slots }))
  }
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

/** One at a time: who asks for the next waits for the end of the last (processes/reloader.ts), or is refused here. */
function openOperation(
  turn: Turn,
  ticket: number,
  { isReload, isAlone = false }: { readonly isReload: boolean; readonly isAlone?: boolean },
): Operation | undefined {
  if (turn.fleet.operations.size > 0) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: 'Another reload or restart is under way.' })
    return undefined
  }
  const { now: startedAt } = turn
  const operation: Operation = { ticket, startedAt, isReload, isAlone, waiting: new Set(), failures: [], replaced: 0 }
  turn.fleet.operations.set(ticket, operation)
  return operation
}

interface RolloutStart {
  readonly group: Group
  readonly spec: GroupSpec
  readonly generation: number
  readonly places: number[]
  readonly isNewGroup: boolean
}

function beginRollout(operation: Operation, { group, spec, generation, places, isNewGroup }: RolloutStart): void {
  operation.waiting.add(spec.name)
  group.rollout = {
    ticket: operation.ticket,
    spec,
    generation,
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
    if (!group.rollout || isStepUnderWay(turn, group.rollout) || !hasRoom(turn, group, group.rollout)) continue
    const slot = nextPlace(group, group.rollout)
    if (slot) beginStep(turn, group, slot)
    else finishRollout(turn, group)
  }
}

/** A child that has lost its place, because that was stopped or scaled away, is waited for no longer. */
function isStepUnderWay({ fleet }: Turn, rollout: Rollout): boolean {
  const child = rollout.childId === undefined ? undefined : fleet.children.get(rollout.childId)
  if (child && slotOf(fleet, child)) return true
  rollout.childId = undefined
  return false
}

/** Where there cannot be two, the old one is ended first. Whether the next step can be taken. */
function hasRoom(turn: Turn, group: Group, { pending, reason }: Rollout): boolean {
  if (!traitsOf(group.spec).isAlone || pending.length === 0) return true
  const children = [...turn.fleet.children.values()].filter(child => child.group === group.spec.name)
  for (const slot of group.slots) slot.child = undefined
  for (const child of children) if (child.state !== 'STOPPING') beginDrain(turn, child, reason)
  return children.length === 0
}

/** The next place that is still there and that nobody has stopped meanwhile. */
function nextPlace({ slots }: Group, { pending }: Rollout): Slot | undefined {
  for (let index = pending.shift(); index !== undefined; index = pending.shift()) {
    const slot = slots[index]
    if (slot && !slot.isHalted) return slot
  }
  return undefined
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
  const child = spawn(turn, group, slot, rollout)
  rollout.childId = child?.id
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
  adoptSpec(group, rollout)
}

function adoptSpec(group: Group, { spec, generation }: Rollout): void {
  group.spec = spec
  group.generation = generation
}

/** The new code does not become ready: what serves, serves on, and nothing more is replaced. */
export function failRollout(turn: Turn, group: Group, why: string): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  const name = group.spec.name
  if (rollout.isNewGroup && rollout.replaced === 0) turn.fleet.groups.delete(name)
  else {
    trimSlots(turn, group)
    // Places that were asked for meanwhile. A group that has never served goes on with one child only.
    if (group.hasServed) fillSlots(turn, group)
  }
  const who = traitsOf(group.spec).isAlone ? name : `${name}: the new worker`
  settleGroup(turn, rollout.ticket, name, rollout.replaced, `${who} ${why}`)
}

function finishRollout(turn: Turn, group: Group): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  adoptSpec(group, rollout)
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
  settleIfDone(turn, operation)
}

function settleIfDone(turn: Turn, operation: Operation): void {
  if (operation.waiting.size > 0) return
  const { ticket } = operation
  turn.fleet.operations.delete(ticket)
  const verb = operation.isReload ? 'reload' : 'restart'
  const durationMs = Math.round(turn.now - operation.startedAt)
  const ok = operation.failures.length === 0
  const workers = `${operation.replaced} worker${operation.replaced === 1 ? '' : 's'} replaced`
  const rest = operation.isAlone ? '.' : `; the old workers keep serving and the ${verb} stops.`
  const message = ok ? (operation.isAlone ? 'started anew' : workers) : `${operation.failures.join('; ')}${rest}`
  const fields = { generation: turn.fleet.generation, replaced: operation.replaced, durationMs }
  log(turn, ok ? 'info' : 'error', `${verb}.${ok ? 'done' : 'failed'}`, { ...fields, error: ok ? undefined : message })
  turn.actions.push({ do: 'settle', ticket, ok, message })
}

export function onRetire(turn: Turn, id: number, reason: string): void {
  const child = turn.fleet.children.get(id)
  if (child) child.retireReason ??= reason
}

/** Recycles: one child of a group at a time, so that a leak common to all does not take them down together. */
export function retireOld(turn: Turn): void {
  if (isEnding(turn.fleet)) return
  for (const group of turn.fleet.groups.values()) {
    if (group.rollout || group.slots.some(slot => slot.successor)) continue
    // The oldest first: where workers wear out as fast as they boot, each gets its turn.
    const [slot] = group.slots.filter(isWornOut).sort((a, b) => (a.child?.id ?? 0) - (b.child?.id ?? 0))
    if (!slot?.child) continue
    const { pid, retireReason: reason } = slot.child
    logChild(turn, 'info', 'recycling', slot.child, { pid, reason })
    slot.successor = spawn(turn, group, slot)
  }
}

function isWornOut({ child, retryAt }: Slot): boolean {
  return child?.state === 'RUNNING' && child.retireReason !== undefined && retryAt === undefined
}
