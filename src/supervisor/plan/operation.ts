/** An operation over several groups, a reload or a restart, and how the rollout of each of them ends. */
import type { Group, Operation, Rollout } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { rolloutWaitOf } from './order.ts'
import { fillSlots } from './spawn.ts'
import { rest } from './states.ts'
import { log, logHeld, type Turn } from './turn.ts'

/** One at a time: who asks for the next waits for the end of the last (processes/reloader.ts), or is refused here. */
export function openOperation(
  turn: Turn,
  ticket: number,
  { verb, isAlone = false }: { readonly verb: Operation['verb']; readonly isAlone?: boolean },
): Operation | undefined {
  if (turn.fleet.operations.size > 0) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: 'Another reload, restart or start is under way.' })
    return undefined
  }
  const operation: Operation = {
    ticket,
    startedAt: turn.now,
    verb,
    isAlone,
    waiting: new Set(),
    names: new Set(),
    failures: [],
    servesOn: false,
    replaced: 0,
    programs: [],
  }
  turn.fleet.operations.set(ticket, operation)
  return operation
}

/** A place has its new child, and that serves. `index`: of a program, whose places may be under way together. */
export function stepDone(group: Group, index?: number): void {
  const { rollout } = group
  if (!rollout) return
  if (index === undefined) rollout.childId = undefined
  else rollout.steps.delete(index)
  rollout.replaced++
  // From the first child on that works with it, the new specification is the one that holds.
  adoptSpec(group, rollout)
}

export function adoptSpec(group: Group, { spec, generation }: Pick<Rollout, 'spec' | 'generation'>): void {
  group.spec = spec
  group.generation = generation
}

/** Whether a rollout may take its next place. What it waits for is said in the log; where that will not come, it has failed. */
export function mayGoOn(turn: Turn, group: Group, rollout: Rollout): boolean {
  const wait = rolloutWaitOf(turn.fleet, group, rollout)
  if (wait?.isVain) failRollout(turn, group, wait.reason)
  else if (wait && wait.reason !== rollout.waitsFor) logHeld(turn, group.spec, wait.reason)
  rollout.waitsFor = wait?.reason
  return wait === undefined
}

/** The new code does not become ready: what serves, serves on, and nothing more is replaced. */
export function failRollout(turn: Turn, group: Group, why: string): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  const name = group.spec.name
  const { program } = group.spec
  // A program that is new is tried again, as at a start of the tree.
  if (rollout.isNewGroup && rollout.replaced === 0 && !program) {
    turn.fleet.groups.delete(name)
    for (const slot of group.slots) rest(turn, group, slot, 'STOPPED', 'removed')
  } else {
    trimSlots(turn, group)
    if (rollout.spec.revision !== group.spec.revision) goBack(turn, group, rollout)
    // Places that were asked for meanwhile. A group that has never served goes on with one child only.
    if (group.hasServed) fillSlots(turn, group)
  }
  const { isAlone } = traitsOf(group.spec)
  const who = isAlone ? name : `${name}: the new worker`
  const operation = turn.fleet.operations.get(rollout.ticket)
  if (operation && !isAlone) operation.servesOn = true
  settleGroup(turn, rollout.ticket, name, rollout.replaced, `${who} ${why}`)
}

/** The programs that were ended for new ones start again as they were, and at once: they were not the ones that failed. */
function goBack(turn: Turn, { slots, spec }: Group, { steps }: Rollout): void {
  if (!spec.program) return
  for (const slot of slots.filter(({ index, child }) => steps.has(index) && !child)) {
    slot.failures = 0
    slot.retryAt = turn.now
  }
}

export function finishRollout(turn: Turn, group: Group): void {
  const { rollout } = group
  if (!rollout) return
  group.rollout = undefined
  adoptSpec(group, rollout)
  trimSlots(turn, group)
  fillSlots(turn, group)
  const { name, program } = group.spec
  if (program) {
    const operation = turn.fleet.operations.get(rollout.ticket)
    operation?.programs.push(`${name} ${outcomeOf(rollout, operation.verb)}`)
  }
  settleGroup(turn, rollout.ticket, name, program ? 0 : rollout.replaced, undefined)
}

/** What became of a program. One that was stopped, or does not start by itself, has only changed. */
function outcomeOf({ isNewGroup, replaced }: Rollout, verb: Operation['verb']): string {
  if (replaced === 0) return isNewGroup ? 'added' : 'changed'
  return isNewGroup || verb === 'start' ? 'started' : 'replaced'
}

/** Drops the places that the specification no longer has. */
export function trimSlots(turn: Turn, group: Group): void {
  for (const slot of group.slots.splice(group.spec.workers)) {
    for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'scale')
    rest(turn, group, slot, 'STOPPED', 'scale')
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

export function settleIfDone(turn: Turn, operation: Operation): void {
  if (operation.waiting.size > 0) return
  const { ticket, failures, verb } = operation
  turn.fleet.operations.delete(ticket)
  const durationMs = Math.round(turn.now - operation.startedAt)
  const ok = failures.length === 0
  const rest = operation.servesOn ? `; the old workers keep serving and the ${verb} stops.` : '.'
  const message = ok ? describeDone(operation) : `${failures.join('; ')}${rest}`
  const fields = { generation: turn.fleet.generation, replaced: operation.replaced, durationMs }
  log(turn, ok ? 'info' : 'error', `${verb}.${ok ? 'done' : 'failed'}`, { ...fields, error: ok ? undefined : message })
  turn.actions.push({ do: 'settle', ticket, ok, message })
}

/** `2 workers replaced, redis replaced, old stopped` */
function describeDone({ isAlone, replaced, programs, verb }: Operation): string {
  if (isAlone) return verb === 'start' ? 'started' : 'started anew'
  const workers = `${replaced} worker${replaced === 1 ? '' : 's'} ${verb === 'start' ? 'started' : 'replaced'}`
  return [...(replaced === 0 && programs.length > 0 ? [] : [workers]), ...programs].join(', ')
}
