/**
 * What is to be done about a schedule at a moment: which slots run now, and which comes next. Only decided here, and from what the store
 * keeps: any process decides the same. All times are milliseconds since 1970 by the clock of the store.
 */
import { slotBehindClock } from '../../base/timetable.ts'
import type { Schedule } from '../engine/job.ts'
import type { ScheduleRules } from './schedule-spec.ts'
import { slotOfJob } from './slot-job.ts'
import { openTimetable, slotsBetween } from './timetable.ts'
import { catchUpMax } from './waiting-limit.ts'

export interface SlotPlan {
  /** To run now, the earliest first; may be none, when all that was missed is given up. */
  readonly slots: readonly number[]
  /** Later than now. */
  readonly next: number
}

/** Where there is no next one: a pattern is only taken if there is, but zones change. */
const never = Date.UTC(9999, 11, 31)

// A slot is not missed yet when its process was killed and another one had to notice.
const onTimeMs = 10_000

/** Undefined: there is nothing to do before `schedule.next`. */
export function planSlots(schedule: Schedule, rules: ScheduleRules, now: number): SlotPlan | undefined {
  const { next, last = -1 } = schedule
  if (next > now) return last > now ? planBehindClock(schedule, rules, now) : undefined
  // Somebody has written an old `next` over a new one, as he changed what the schedule runs: what was fired between is not repeated.
  const isStale = next <= last && last <= now
  return { slots: slotsDue(rules, isStale ? lastFired(schedule) + 1 : next, now), next: nextSlot(rules, now) }
}

export function nextSlot({ timing }: ScheduleRules, now: number): number {
  return openTimetable(timing).nextAfter(now) ?? never
}

/** The newest slot that has run; -1 when none has. `last` is the earliest of those that were caught up together. */
export function lastFired({ last, lastJob }: Schedule): number {
  return Math.max(last ?? -1, (lastJob === undefined ? undefined : slotOfJob(lastJob)) ?? -1)
}

function slotsDue({ timing, catchUp }: ScheduleRules, from: number, now: number): number[] {
  if (catchUp === 'all') return slotsBetween(timing, from, now, catchUpMax)
  const isLateAllowed = catchUp === 'one'
  return slotsBetween(timing, isLateAllowed ? from : Math.max(from, now - onTimeMs), now, 1)
}

/** The clock of the store was set back. */
function planBehindClock({ next }: Schedule, { timing }: ScheduleRules, now: number): SlotPlan | undefined {
  const first = slotBehindClock(openTimetable(timing), next, now)
  return first === undefined ? undefined : { slots: [], next: Math.min(first, never) }
}
