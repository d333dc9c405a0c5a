/**
 * The slots of a schedule: the moments at which it is to run. Of `every` they are the multiples of its period since 1970 (UTC), so that
 * all processes, and each start, agree on them. Of `cron` they are what base/timetable.ts says.
 */
import { type CronTiming, openCronTimetable, type Timetable } from '../../base/timetable.ts'

/** Which slots a schedule has. */
export type Timing = CronTiming | { readonly everyMs: number }

/** @throws what croner says about a pattern or zone that is none. */
export function openTimetable(timing: Timing): Timetable {
  return 'everyMs' in timing ? everyTimetable(timing.everyMs) : openCronTimetable(timing)
}

/** The first slot that is later than `ms`. */
export function nextAfter(timing: Timing, ms: number): number | undefined {
  return openTimetable(timing).nextAfter(ms)
}

/** The newest slots from `from` to `to`, both included; at most `max`, the earliest first. */
export function slotsBetween(timing: Timing, from: number, to: number, max: number): number[] {
  const timetable = openTimetable(timing)
  const slots: number[] = []
  for (let at = to; slots.length < max; ) {
    const slot = timetable.lastUntil(at)
    if (slot === undefined || slot < from) break
    slots.push(slot)
    at = slot - 1
  }
  return slots.reverse()
}

function everyTimetable(everyMs: number): Timetable {
  return {
    nextAfter: ms => (Math.floor(ms / everyMs) + 1) * everyMs,
    lastUntil: ms => Math.floor(ms / everyMs) * everyMs,
  }
}
