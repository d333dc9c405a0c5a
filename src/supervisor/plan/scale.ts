/** What operators ask for: fewer or more children, stopped and started ones. */
import { workersMax } from '../../base/cpu-count.ts'
import { addSlots, type Group, type Slot } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { trimSlots } from './operation.ts'
import { matchTarget } from './rollout.ts'
import { fillSlots, isAtRest, startFirst } from './spawn.ts'
import { rest } from './states.ts'
import { type FleetEvent, log, type Turn } from './turn.ts'

export function onScale(turn: Turn, ticket: number, target: string, workers: number): void {
  const matches = matchTarget(turn, ticket, target)
  const group = matches?.[0]?.group
  if (!matches) return
  if (!group) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: 'Nothing runs here.' })
    return
  }
  if (traitsOf(group.spec).isSingle) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: `There is only one ${group.spec.name}.` })
    return
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > workersMax) {
    const message = `scale expected a number of ${traitsOf(group.spec).units} from 1 to ${workersMax}, got ${workers}.`
    turn.actions.push({ do: 'settle', ticket, ok: false, message })
    return
  }
  const before = group.spec.workers
  resize(turn, group, workers)
  const message = `${group.spec.name}: ${before} → ${workers} ${traitsOf(group.spec).units}`
  log(turn, 'info', 'app.scaled', { name: group.spec.name, from: before, to: workers })
  turn.actions.push({ do: 'settle', ticket, ok: true, message })
}

/** Gives a group so many places. Those that are new while it rolls are rolled, too: its new specification must serve. */
function resize(turn: Turn, group: Group, workers: number): void {
  const { rollout } = group
  group.spec = { ...group.spec, workers }
  addSlots(group, workers)
  trimSlots(turn, group)
  if (!rollout) return fillSlots(turn, group)
  const kept = rollout.pending.filter(index => index < workers)
  const added = group.slots.map(slot => slot.index).filter(index => index >= rollout.spec.workers)
  group.rollout = { ...rollout, spec: { ...rollout.spec, workers }, pending: [...kept, ...added] }
}

/**
 * Stops places until they are started again. A program that does not run stays as it is, FATAL or EXITED, as Supervisor has it;
 * one that was about to be tried again is not.
 */
export function onHalt(turn: Turn, { ticket, target, spares }: FleetEvent & { type: 'halt' }): void {
  const matches = matchTarget(turn, ticket, target)?.filter(({ group }) => !(spares && group.spec.program))
  if (!matches) return
  let stopped = 0
  for (const { group, slots } of matches) {
    for (const slot of slots) {
      const runs = !isAtRest(slot, turn.now)
      if (runs) stopped++
      if (runs || !group.spec.program) halt(turn, group, slot)
    }
  }
  for (const group of turn.fleet.groups.values()) if (isForsaken(group)) startFirst(turn, group)
  const states = new Set(matches.flatMap(({ slots }) => slots.map(slot => slot.emptyState)))
  const isIdle = stopped === 0
  const message = isIdle ? `${target} is not running: ${[...states].join(', ')}` : `${target}: ${stopped} stopping`
  turn.actions.push({ do: 'settle', ticket, ok: true, message, isIdle })
}

function halt(turn: Turn, group: Group, slot: Slot): void {
  slot.isHalted = true
  slot.retryAt = undefined
  for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'stop')
  slot.child = undefined
  slot.successor = undefined
  rest(turn, group, slot, 'STOPPED', 'stop')
}

/** Its first child was to show that the application works, and was stopped before it could: another one must. */
function isForsaken({ hasServed, rollout, slots }: Group): boolean {
  const isIdle = slots.every(slot => !slot.child && slot.retryAt === undefined && slot.emptyState === 'STOPPED')
  return !hasServed && !rollout && isIdle
}
