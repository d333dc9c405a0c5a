/** When a task is to run, as a user writes it and as the store keeps it. */
import { messageOf } from '../../base/errors.ts'
import { firstSlot, isTimeZone } from '../../base/timetable.ts'
import { formatDuration, parseDurationUpTo } from '../../base/units.ts'
import { argumentInvalid, type Duration, millisecondsOf, nameOf, oneOf, optionsOf } from '../given.ts'
import { TaskError } from '../task-error.ts'
import type { Timing } from './timetable.ts'

/** What is done about slots that passed while nothing ran: nothing, one run for all of them, or one for each. */
export type CatchUp = (typeof catchUps)[number]
/** What is done when the run before is not over: no run, one after the other, or side by side. */
export type Overlap = (typeof overlaps)[number]

const catchUps = ['none', 'one', 'all'] as const
const overlaps = ['skip', 'queue', 'allow'] as const
const everyMsMin = 100
const everyMsMax = 366 * 86_400_000
const timingKeys = ['cron', 'every', 'timeZone', 'catchUp', 'overlap', 'jitter']

/** Exactly one of `cron` and `every`. */
export interface ScheduleTiming {
  /** Five fields, or six with seconds in front; also `L`, `#`, `W`, names of days and months, and `@daily` and its like. */
  readonly cron?: string
  /** Seconds as a number, or a text such as `'30s'`; from 100 ms to 366 days. Slots are the multiples since 1970 (UTC). */
  readonly every?: Duration
  /** Of `cron`, such as `'Europe/Berlin'`; UTC by default, wherever the server stands. */
  readonly timeZone?: string
  /** `'one'` by default; `'all'` are at most 1,000, the newest. */
  readonly catchUp?: CatchUp
  /**
   * `'skip'` by default; `'queue'` where `catchUp` is `'all'`. With `'queue'` at most 100 runs wait, 1,000 where `catchUp` is `'all'`: when
   * so many slots have come behind one that has not begun, it is cancelled.
   */
  readonly overlap?: Overlap
  /** Each run begins up to so much later than its slot; nothing by default. */
  readonly jitter?: Duration
}

/** Who made a schedule. Those of code go when the code no longer has them. */
export type ScheduleOrigin =
  | { readonly kind: 'code'; readonly application: string; readonly generation: number }
  | { readonly kind: 'run-time' }

/** The rules of a schedule, without who made it. */
export interface ScheduleRules {
  readonly timing: Timing
  readonly catchUp: CatchUp
  readonly overlap: Overlap
  readonly jitterMs: number
}

/** What the store keeps as `spec`: flat, and with durations as texts, since people see it, too. */
export interface ScheduleSpec extends ScheduleRules {
  readonly origin: ScheduleOrigin
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function scheduleNameOf(name: string): string {
  return nameOf(name, 'name of a schedule')
}

/**
 * Checks what a user has written, and fills in what is left out.
 *
 * @throws {TaskError} TASK_ARGUMENT_INVALID
 */
export function readTiming(name: string, given: ScheduleTiming): ScheduleRules {
  const what = `schedule ${JSON.stringify(scheduleNameOf(name))}`
  optionsOf(given, `The time of ${what}`, timingKeys)
  const { catchUp = 'one', jitter = 0 } = given
  oneOf(catchUp, `catchUp of ${what}`, catchUps)
  const overlap = oneOf(given.overlap ?? (catchUp === 'all' ? 'queue' : 'skip'), `overlap of ${what}`, overlaps)
  if (catchUp === 'all' && overlap === 'skip') {
    throw argumentInvalid(`overlap of ${what}, whose catchUp is "all",`, '"queue" or "allow"', overlap)
  }
  const timing = readSlots(what, given)
  const jitterMs = millisecondsOf(jitter, `jitter of ${what}`, 0)
  // More than the way to the next slot would turn runs around.
  const jitterMsMax = 'everyMs' in timing ? timing.everyMs : everyMsMax
  if (jitterMs <= jitterMsMax) return { timing, catchUp, overlap, jitterMs }
  throw argumentInvalid(`jitter of ${what}`, `at most ${formatDuration(jitterMsMax)}`, jitter)
}

/** What a later version of Saola has written is left to it: undefined. */
export function parseSpec(text: string): ScheduleSpec | undefined {
  try {
    const {
      version,
      cron,
      timeZone,
      every,
      catchUp,
      overlap,
      jitter = 0,
      origin,
      application,
      generation,
    } = JSON.parse(text)
    if (version !== 1) return undefined
    return {
      timing: cron === undefined ? { everyMs: parseDurationUpTo(everyMsMax, every) } : { cron, timeZone },
      ...{ catchUp, overlap, jitterMs: parseDurationUpTo(everyMsMax, jitter) },
      origin: origin === 'code' ? { kind: 'code', application, generation } : { kind: 'run-time' },
    }
  } catch {
    return undefined
  }
}

/** Always the same text for the same rules. */
export function formatSpec({ timing, catchUp, overlap, jitterMs }: ScheduleRules, origin: ScheduleOrigin): string {
  const { kind, ...maker } = origin
  return JSON.stringify({
    ...('everyMs' in timing
      ? { every: formatDuration(timing.everyMs) }
      : { cron: timing.cron, timeZone: timing.timeZone }),
    ...{ catchUp, overlap },
    ...(jitterMs > 0 && { jitter: formatDuration(jitterMs) }),
    ...{ origin: kind, ...maker, version: 1 },
  })
}

function readSlots(what: string, { cron, every, timeZone }: ScheduleTiming): Timing {
  if ((cron === undefined) === (every === undefined)) {
    throw argumentInvalid(`The time of ${what}`, 'either cron or every', cron === undefined ? 'neither' : 'both')
  }
  if (cron !== undefined) return readCron(what, cron, timeZone ?? 'UTC')
  if (timeZone !== undefined) {
    const message = `timeZone of ${what} has no effect on every. Use cron for times of the day.`
    throw new TaskError('TASK_ARGUMENT_INVALID', message)
  }
  const everyMs = millisecondsOf(every as Duration, `every of ${what}`)
  if (everyMs >= everyMsMin && everyMs <= everyMsMax) return { everyMs }
  const range = `a duration from ${formatDuration(everyMsMin)} to ${formatDuration(everyMsMax)}`
  throw argumentInvalid(`every of ${what}`, range, every)
}

function readCron(what: string, given: string, timeZone: string): Timing {
  if (!isTimeZone(timeZone)) throw argumentInvalid(`timeZone of ${what}`, 'a zone such as "Europe/Berlin"', timeZone)
  const cron = String(given).trim()
  let next: number | undefined
  try {
    next = firstSlot(cron, Date.now())
  } catch (cause) {
    const { message } = argumentInvalid(
      `cron of ${what}`,
      'five fields, or six with seconds, such as "0 8 * * 1-5"',
      given,
    )
    throw new TaskError('TASK_ARGUMENT_INVALID', `${message} ${messageOf(cause)}`, { cause })
  }
  if (next !== undefined) return { cron, timeZone }
  throw argumentInvalid(`cron of ${what}`, 'a pattern of times that come', given)
}
