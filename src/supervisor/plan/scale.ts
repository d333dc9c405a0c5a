/** What operators ask for: fewer or more children, stopped and started ones. */
import { workersMax } from '../../base/cpu-count.ts'
import { createSlot, type Group } from '../fleet.ts'
import { traitsOf } from '../kinds.ts'
import { beginDrain } from './drain.ts'
import { matchTarget, trimSlots } from './rollout.ts'
import { fillSlots, startFirst } from './spawn.ts'
import { log, type Turn } from './turn.ts'

export function onScale(turn: Turn, ticket: number, target: string, workers: number): void {
  const matches = matchTarget(turn, ticket, target)
  const group = matches?.[0]?.group
  if (!matches) return
  if (!group) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: 'No application runs here.' })
    return
  }
  if (traitsOf(group.spec).isAlone) {
    turn.actions.push({ do: 'settle', ticket, ok: false, message: `There is only one ${group.spec.name}.` })
    return
  }
  if (!Number.isInteger(workers) || workers < 1 || workers > workersMax) {
    const message = `scale expected a number of workers from 1 to ${workersMax}, got ${workers}.`
    turn.actions.push({ do: 'settle', ticket, ok: false, message })
    return
  }
  const before = group.spec.workers
  resize(turn, group, workers)
  const message = `${group.spec.name}: ${before} → ${workers} workers`
  log(turn, 'info', 'app.scaled', { name: group.spec.name, from: before, to: workers })
  turn.actions.push({ do: 'settle', ticket, ok: true, message })
}

/** Gives a group so many places. Those that are new while it rolls are rolled, too: its new specification must serve. */
function resize(turn: Turn, group: Group, workers: number): void {
  const { rollout } = group
  group.spec = { ...group.spec, workers }
  while (group.slots.length < workers) group.slots.push(createSlot(group.slots.length))
  trimSlots(turn, group)
  if (!rollout) return fillSlots(turn, group)
  const kept = rollout.pending.filter(index => index < workers)
  const added = group.slots.map(slot => slot.index).filter(index => index >= rollout.spec.workers)
  group.rollout = { ...rollout, spec: { ...rollout.spec, workers }, pending: [...kept, ...added] }
}

export function onHalt(turn: Turn, ticket: number, target: string): void {
  const slots = matchTarget(turn, ticket, target)?.flatMap(match => match.slots)
  if (!slots) return
  for (const slot of slots) {
    slot.isHalted = true
    slot.retryAt = undefined
    slot.emptyState = 'STOPPED'
    for (const child of [slot.child, slot.successor]) if (child) beginDrain(turn, child, 'stop')
    slot.child = undefined
    slot.successor = undefined
  }
  for (const group of turn.fleet.groups.values()) if (isForsaken(group)) startFirst(turn, group)
  turn.actions.push({ do: 'settle', ticket, ok: true, message: `${target}: ${slots.length} stopping` })
}

/** Its first child was to show that the application works, and was stopped before it could: another one must. */
function isForsaken({ hasServed, rollout, slots }: Group): boolean {
  const isIdle = slots.every(slot => !slot.child && slot.retryAt === undefined && slot.emptyState === 'STOPPED')
  return !hasServed && !rollout && isIdle
}
