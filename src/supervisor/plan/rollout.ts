/**
 * Replacing children that serve: start the new one, wait until it is ready, drain the old one, go to the next place.
 * A reload and a rolling restart do so with a whole group, recycling with one child at a time.
 */
import { suggest } from '../../base/suggest.ts'
import {
  addSlots,
  createGroup,
  type Group,
  type GroupSpec,
  type Operation,
  type Rollout,
  type Slot,
  slotOf,
} from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { dismiss } from './leave.ts'
import { adoptSpec, failRollout, finishRollout, mayGoOn, openOperation, settleIfDone, trimSlots } from './operation.ts'
import { rolloutWaitOf } from './order.ts'
import { renew } from './programs.ts'
import { continueReplacement } from './replace.ts'
import { isAtRest, isDue, isEnding, spawn } from './spawn.ts'
import { logChild, type Turn } from './turn.ts'

/**
 * Rolls every group to its new specification. Groups that are new start, groups that are gone drain. What does not roll stays as
 * it is: its settings are of those that a reload refuses to change.
 */
export function onReload(turn: Turn, ticket: number, specs: readonly GroupSpec[]): void {
  const { fleet } = turn
  const operation = openOperation(turn, ticket, { verb: 'reload' })
  if (!operation) return
  fleet.generation++
  const names = new Set(specs.map(spec => spec.name))
  const dismissed = [...fleet.groups.values()].filter(({ spec }) => traitsOf(spec).rolls && !names.has(spec.name))
  dismiss(turn, dismissed)
  for (const { spec } of dismissed) if (spec.program) operation.programs.push(`${spec.name} stopped`)
  for (const wanted of specs.filter(spec => traitsOf(spec).rolls)) {
    const known = fleet.groups.get(wanted.name)
    if (known) stay(known, wanted)
    if (known && isUnchanged(known, wanted)) {
      keepProcesses(turn, known, wanted)
      continue
    }
    const spec = known ? keepScaled(wanted, known.spec.workers) : wanted
    const group = known ?? createGroup(spec, fleet.generation)
    fleet.groups.set(spec.name, group)
    addSlots(group, spec.workers)
    const places = placesFor(group, spec)
    beginRollout(operation, { group, spec, generation: fleet.generation, places, isNewGroup: known === undefined })
  }
  settleIfDone(turn, operation)
}

/** It is in the configuration, again or still. What starts by itself from now on starts. */
function stay(group: Group, { program }: GroupSpec): void {
  group.isLeaving = false
  if (program?.autostart && group.spec.program?.autostart === false)
    for (const slot of group.slots) slot.isHalted = false
}

/**
 * The places that roll. Of a program first those that run: what comes up in one of them comes up in the others, and what does
 * not must not be tried where there is nothing to go back to.
 */
function placesFor({ slots }: Group, { workers, program }: GroupSpec): number[] {
  const places = slots.filter(slot => !slot.isHalted && slot.index < workers)
  const inOrder = program ? places.toSorted((a, b) => Number(!a.child) - Number(!b.child)) : places
  return inOrder.map(slot => slot.index)
}

/** Its processes are what they would be if they began now. */
function isUnchanged({ spec }: Group, { fingerprint }: GroupSpec): boolean {
  return fingerprint !== undefined && spec.fingerprint === fingerprint
}

/** Takes what of a new specification holds at once, and starts or stops places. Nobody is replaced. */
function keepProcesses(turn: Turn, group: Group, wanted: GroupSpec): void {
  group.spec = { ...wanted, revision: group.spec.revision }
  addSlots(group, wanted.workers)
  trimSlots(turn, group)
}

/** A number of workers that follows the load is not reset by a reload. */
function keepScaled(spec: GroupSpec, workers: number): GroupSpec {
  const { min, max } = spec.scaling
  return min < max ? { ...spec, workers: Math.min(max, Math.max(min, workers)) } : spec
}

/** Rolls a group, a place or all, with the specification that they have. What was stopped starts. */
export function onRestart(turn: Turn, ticket: number, target: string): void {
  const matches = matchTarget(turn, ticket, target)
  if (matches) rollPlaces(turn, ticket, { verb: 'restart', matches })
}

/** Rolls those places of it that do not run: what was stopped, has ended or was given up. */
export function onStartPlaces(turn: Turn, ticket: number, target: string): void {
  const matches = matchTarget(turn, ticket, target)
  if (!matches) return
  const idle = matches.map(({ group, slots }) => ({ group, slots: slots.filter(slot => isAtRest(slot, turn.now)) }))
  const wanted = idle.filter(({ slots }) => slots.length > 0)
  if (wanted.length > 0) return rollPlaces(turn, ticket, { verb: 'start', matches: wanted })
  const waits = matches.flatMap(({ group }) => group.waitsFor ?? []).join(', ')
  const message = `${target} is running already${waits && `: ${waits}`}.`
  turn.actions.push({ do: 'settle', ticket, ok: false, message })
}

interface Places {
  readonly verb: 'restart' | 'start'
  readonly matches: readonly Match[]
}

function rollPlaces(turn: Turn, ticket: number, { verb, matches }: Places): void {
  const isAlone = matches.every(({ group }) => traitsOf(group.spec).isAlone)
  const operation = openOperation(turn, ticket, { verb, isAlone })
  if (!operation) return
  for (const { group, slots } of matches) {
    for (const slot of slots) slot.isHalted = false
    const places = slots.map(slot => slot.index)
    const { spec, generation } = group
    beginRollout(operation, { group, spec, generation, places, isNewGroup: false })
  }
  settleIfDone(turn, operation)
}

/** Some places of a group, or all. */
interface Match {
  readonly group: Group
  readonly slots: readonly Slot[]
}

/**
 * The groups and places that an operator's word means: `web`, `web:1`, `redis`, or `all` for all but the store.
 * Without a match, the ticket is settled with the reason, and undefined is returned.
 */
export function matchTarget(turn: Turn, ticket: number, target: string): Match[] | undefined {
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

interface RolloutStart {
  readonly group: Group
  readonly spec: GroupSpec
  readonly generation: number
  readonly places: number[]
  readonly isNewGroup: boolean
}

function beginRollout(operation: Operation, { group, spec, generation, places, isNewGroup }: RolloutStart): void {
  operation.waiting.add(spec.name)
  operation.names.add(spec.name)
  // Where no program runs there is none to go back to: what is tried again is what it is to be.
  if (spec.program && !group.slots.some(slot => slot.child)) adoptSpec(group, { spec, generation })
  group.rollout = {
    ticket: operation.ticket,
    spec,
    generation,
    reason: operation.verb,
    isNewGroup,
    pending: places,
    childId: undefined,
    steps: new Map(),
    waitsFor: undefined,
    replaced: 0,
  }
}

/** Takes the next step of each rollout that waits for none. */
export function continueRollouts(turn: Turn): void {
  for (const group of turn.fleet.groups.values()) {
    if (group.rollout && group.spec.program) continueReplacement(turn, group, group.rollout)
    else if (group.rollout) continueRollout(turn, group, group.rollout)
  }
  if (turn.fleet.queued > 0) for (const operation of turn.fleet.operations.values()) giveWay(turn, operation)
}

/**
 * Ends an operation of which nothing is left but to wait for programs: that may be for ever, and others wait for its end. What it
 * would still have replaced stays as it is.
 */
function giveWay(turn: Turn, { waiting }: Operation): void {
  const { fleet } = turn
  const left = [...waiting].map(name => {
    const group = fleet.groups.get(name)
    if (!group?.rollout || isUnderWay(turn, group, group.rollout)) return undefined
    return { group, wait: rolloutWaitOf(fleet, group, group.rollout) }
  })
  if (left.some(each => each?.wait === undefined)) return
  for (const each of left) if (each?.wait) failRollout(turn, each.group, each.wait.reason)
}

function isUnderWay(turn: Turn, group: Group, rollout: Rollout): boolean {
  if (!group.spec.program) return isStepUnderWay(turn, rollout)
  return [...rollout.steps.values()].some(childId => childId !== undefined)
}

function continueRollout(turn: Turn, group: Group, rollout: Rollout): void {
  if (isStepUnderWay(turn, rollout) || !hasRoom(turn, group, rollout)) return
  if (rollout.pending.length > 0 && !mayGoOn(turn, group, rollout)) return
  const slot = nextPlace(group, rollout)
  if (slot) beginStep(turn, group, slot)
  else finishRollout(turn, group)
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

export function onRetire(turn: Turn, id: number, reason: string): void {
  const child = turn.fleet.children.get(id)
  if (child) child.retireReason ??= reason
}

/** Recycles: one child of a group at a time, so that a leak common to all does not take them down together. */
export function retireOld(turn: Turn): void {
  if (isEnding(turn.fleet)) return
  for (const group of turn.fleet.groups.values()) {
    const isBusy = (slot: Slot) => (group.spec.program ? isChanging(slot, turn.now) : slot.successor !== undefined)
    if (group.rollout || group.slots.some(isBusy)) continue
    // The oldest first: where workers wear out as fast as they boot, each gets its turn.
    const [slot] = group.slots.filter(isWornOut).sort((a, b) => (a.child?.id ?? 0) - (b.child?.id ?? 0))
    if (!slot?.child) continue
    const { pid, retireReason: reason } = slot.child
    logChild(turn, 'info', 'recycling', slot.child, { pid, reason })
    if (group.spec.program) renew(turn, slot, slot.child, reason ?? 'recycled')
    else slot.successor = spawn(turn, group, slot)
  }
}

function isWornOut({ child, retryAt }: Slot): boolean {
  return child?.state === 'RUNNING' && child.retireReason !== undefined && retryAt === undefined
}

/** Its next child is on its way. */
function isChanging(slot: Slot, now: number): boolean {
  return slot.child ? slot.child.state !== 'RUNNING' : isDue(slot, now)
}
