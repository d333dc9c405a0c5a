/**
 * When a cron pattern comes, in a zone. Where the clock of the zone changes:
 *
 * - A pattern of fixed times (no star and no step in seconds, minutes and hours: `30 2 * * *`, `0 2,14 * * *`): a time that the day does
 *   not have comes at the first moment after the gap, several such once; a time that comes twice counts the first time only.
 * - Any other pattern (`0 * * * *`, `0-30/15 2 * * *`) goes by real time: it comes in each of the two hours, and not in the one that is left out.
 */
import { createRequire } from 'node:module'
import type { Cron } from 'croner'

/** A pattern of five fields, of six with seconds in front, or `@daily` and its like. */
export interface CronTiming {
  readonly cron: string
  readonly timeZone: string
}

/** The slots of something that comes again and again. Pure: times in and out are milliseconds since 1970. */
export interface Timetable {
  /** The first slot that is later than `ms`; undefined when there is none before the year 10000. */
  nextAfter(ms: number): number | undefined
  /** The last slot that is not later than `ms`; undefined when there is none. */
  lastUntil(ms: number): number | undefined
}

const timetablesMax = 1000
const timetables = new Map<string, Timetable>()

/**
 * Croner is loaded at the first pattern. Known timetables are kept, since reading a pattern costs more than using it.
 *
 * ```ts
 * openCronTimetable({ cron: '30 2 * * *', timeZone: 'Europe/Berlin' }).nextAfter(Date.now())
 * ```
 *
 * @throws what croner says about a pattern or zone that is none.
 */
export function openCronTimetable(timing: CronTiming): Timetable {
  const key = JSON.stringify([timing.cron, timing.timeZone])
  const known = timetables.get(key)
  if (known) return known
  const timetable = cronTimetable(timing)
  if (timetables.size >= timetablesMax) timetables.clear()
  timetables.set(key, timetable)
  return timetable
}

/**
 * The first slot of a pattern behind a moment, where the clock of no zone changes; undefined when it has none: a 30th of February never comes.
 *
 * @throws {Error} when it is no pattern, with the reason.
 */
export function firstSlot(cron: string, ms: number): number | undefined {
  // Croner also reads a date, which is no pattern.
  if (!/^(@\w+|\S+(\s+\S+){4,5})$/.test(cron)) throw new TypeError('It has neither five nor six fields.')
  return openCronTimetable({ cron, timeZone: 'UTC' }).nextAfter(ms)
}

/** Whether this machine knows it. */
export function isTimeZone(timeZone: unknown): boolean {
  if (typeof timeZone !== 'string' || timeZone === '') return false
  try {
    new Intl.DateTimeFormat('en', { timeZone })
    return true
  } catch {
    return false
  }
}

/**
 * The clock was set back behind a slot that has run. That one is not repeated, as with an hour that comes twice: undefined, `next` stays. But
 * a clock that was a year ahead must not silence anything for a year: if waiting for `next` leaves out more than one slot, it goes by the
 * new time, and this is the slot to go on with.
 */
export function slotBehindClock(timetable: Timetable, next: number, now: number): number | undefined {
  const first = timetable.nextAfter(now) ?? Number.POSITIVE_INFINITY
  return next > (timetable.nextAfter(first) ?? Number.POSITIVE_INFINITY) ? first : undefined
}

function cronTimetable({ cron, timeZone }: CronTiming): Timetable {
  const pattern = new (loadCron())(cron, {
    timezone: timeZone,
    mode: '5-or-6-parts',
    // As crontabs have always done it: a list of hours is a list of fixed times.
    fixedTimeRule: 'no-wildcard',
    paused: true,
  })
  return {
    nextAfter: ms => pattern.nextRun(new Date(ms))?.getTime(),
    // What is of the very second that it is asked from, croner leaves out.
    lastUntil: ms => pattern.previousRuns(1, new Date(Math.floor(ms / 1000) * 1000 + 1))[0]?.getTime(),
  }
}

let cronClass: typeof Cron | undefined

function loadCron(): typeof Cron {
  cronClass ??= (createRequire(import.meta.url)('croner') as { Cron: typeof Cron }).Cron
  return cronClass
}
