/** Which slot of an entry is to run at a moment. Only decided here; all times are milliseconds since 1970. */
import { slotBehindClock } from '../../../base/timetable.ts'
import type { CronEntry } from '../cron-state.ts'

export interface DueSlot {
  /** The newest one that has come: one run stands for all of them, so that nothing storms after a sleep or a jump of the clock. */
  readonly slot: number
  /** It was missed by too much, and nobody wants it any more. */
  readonly isMissed: boolean
}

// A tree that is started again, a machine that was busy: what is so late is not missed yet.
const onTimeMs = 60_000

/** Undefined: nothing is due. Moves the entry on behind what was taken. */
export function takeDueSlot(entry: CronEntry, date: number): DueSlot | undefined {
  const { timetable, next, doneUntil, definition } = entry
  if (next === undefined) return undefined
  if (next > date) {
    if (doneUntil > date) followClockBack(entry, next, date)
    return undefined
  }
  const slot = Math.max(next, timetable.lastUntil(date) ?? next)
  entry.doneUntil = slot
  entry.next = timetable.nextAfter(date)
  return { slot, isMissed: date - slot >= onTimeMs && definition.catchUp === 'none' }
}

/** What has run is not run again for a clock that was corrected; one that was far ahead silences nothing. */
function followClockBack(entry: CronEntry, next: number, date: number): void {
  const first = slotBehindClock(entry.timetable, next, date)
  if (first === undefined) return
  entry.doneUntil = date
  entry.next = first
}
