/**
 * The number of workers follows the load, between `workers.min` and `workers.max`. The measure is the utilisation of
 * the event loops: it says how much of its time a worker had something to do, whatever that was. Up fast, down slowly:
 * a worker too many costs memory, one too few costs every client.
 */
import { addSlots, type Group } from '../fleet.ts'
import { trimSlots } from './operation.ts'
import { fillSlots } from './spawn.ts'
import { log, type Turn } from './turn.ts'

const up = { above: 0.8, forMs: 10_000 }
const down = { below: 0.2, forMs: 60_000 }
// A new worker needs its time to take its part of the load.
const cooldownMs = 20_000

export function scaleByLoad(turn: Turn): void {
  if (turn.fleet.phase !== 'running') return
  for (const group of turn.fleet.groups.values()) {
    const { min, max } = group.spec.scaling
    if (min < max && !group.rollout) followLoad(turn, group)
  }
}

function followLoad(turn: Turn, group: Group): void {
  const { pressure, spec } = group
  const { now } = turn
  const utilization = averageUtilization(group)
  if (utilization === undefined) return
  pressure.highSince = utilization > up.above ? (pressure.highSince ?? now) : undefined
  pressure.lowSince = utilization < down.below ? (pressure.lowSince ?? now) : undefined
  if (now < pressure.calmUntil) return
  const isHigh = pressure.highSince !== undefined && now - pressure.highSince >= up.forMs
  const isLow = pressure.lowSince !== undefined && now - pressure.lowSince >= down.forMs
  if (isHigh && spec.workers < spec.scaling.max) resize(turn, group, 1, utilization)
  else if (isLow && spec.workers > spec.scaling.min) resize(turn, group, -1, utilization)
}

/** Of the workers that serve and have been heard of. */
function averageUtilization(group: Group): number | undefined {
  const known = group.slots.flatMap(({ child }) =>
    child?.state === 'RUNNING' && child.beat ? child.beat.utilization : [],
  )
  return known.length === 0 ? undefined : known.reduce((sum, one) => sum + one, 0) / known.length
}

function resize(turn: Turn, group: Group, step: 1 | -1, utilization: number): void {
  const from = group.spec.workers
  group.spec = { ...group.spec, workers: from + step }
  group.pressure = { highSince: undefined, lowSince: undefined, calmUntil: turn.now + cooldownMs }
  const reason = `utilisation ${Math.round(utilization * 100)} %`
  log(turn, 'info', 'app.scaled', { name: group.spec.name, from, to: from + step, reason })
  addSlots(group, group.spec.workers)
  trimSlots(turn, group)
  fillSlots(turn, group)
}
