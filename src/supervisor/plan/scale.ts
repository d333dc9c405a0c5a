/** What operators ask for: fewer or more children, stopped and started ones. */
import { workersMax } from '../../base/cpu-count.ts'
import { createSlot } from '../fleet.ts'
import { beginDrain } from './drain.ts'
import { matchTarget, trimSlots } from './rollout.ts'
import { fillSlots } from './spawn.ts'
import { log, type Turn } from './turn.ts'

export function onScale(turn: Turn, ticket: number, target: string, workers: number): void {
  const matches = matchTarget(turn, ticket, target)
  const group = matches?.[0]?.group
  if (!matches || !group) return
  if (!Number.isInteger(workers) || workers < 1 || workers > workersMax) {
    const message = `scale expected a number of workers from 1 to ${workersMax}, got ${workers}.`
    turn.actions.push({ do: 'settle', ticket, ok: false, message })
    return
  }
  const before = group.spec.workers
  group.spec = { ...group.spec, workers }
  if (group.rollout) group.rollout = { ...group.rollout, spec: { ...group.rollout.spec, workers } }
  while (group.slots.length < workers) group.slots.push(createSlot(group.slots.length))
  trimSlots(turn, group)
  fillSlots(turn, group)
  const message = `${group.spec.name}: ${before} → ${workers} workers`
  log(turn, 'info', 'app.scaled', { name: group.spec.name, from: before, to: workers })
  turn.actions.push({ do: 'settle', ticket, ok: true, message })
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
  turn.actions.push({ do: 'settle', ticket, ok: true, message: `${target}: ${slots.length} stopping` })
}
