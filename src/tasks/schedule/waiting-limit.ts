/**
 * How long a run of `overlap: "queue"` may wait for those before it: until so many slots have come behind it. Each slot has one run, so
 * never more than that wait, and no run has to be counted. The oldest gives way, as when a schedule catches up.
 */
import type { ScheduleRules } from './schedule-spec.ts'
import { openTimetable } from './timetable.ts'

// The newest ones: what is a thousand runs old has mostly been made good by those that came after.
export const catchUpMax = 1000
const waitingMax = 100
const knownMax = 1000

/** A slot, and the one that ends its wait; undefined when the pattern has no more of them. */
interface Known {
  readonly slot: number
  readonly end: number | undefined
}

// Reading so many slots of a pattern takes milliseconds; from one slot to the next it is one more of each.
const known = new Map<string, Known>()

/** When a run that has not begun is given up, in milliseconds since 1970; undefined: never. `catchUpMax` is how many are caught up. */
export function waitEndOf(rules: ScheduleRules, slot: number): number | undefined {
  const { timing, catchUp } = rules
  if (rules.overlap !== 'queue') return undefined
  const count = catchUp === 'all' ? catchUpMax : waitingMax
  if ('everyMs' in timing) return slot + count * timing.everyMs
  const { nextAfter } = openTimetable(timing)
  const key = JSON.stringify([timing, count])
  const before = known.get(key)
  const end =
    before && nextAfter(before.slot) === slot ? before.end && nextAfter(before.end) : slotBehind(nextAfter, slot, count)
  if (known.size >= knownMax) known.clear()
  known.set(key, { slot, end })
  return end
}

function slotBehind(nextAfter: (ms: number) => number | undefined, slot: number, count: number): number | undefined {
  let at: number | undefined = slot
  for (let i = 0; i < count && at !== undefined; i++) at = nextAfter(at)
  return at
}
