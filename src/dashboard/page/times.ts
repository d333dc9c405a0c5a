/** Moments for people: short in the local zone where they stand, and in full, with the zone and in UTC, for who asks. */
import { formatDuration, none } from './formats.ts'

/** `14:03:22`, or `Mar 4, 14:03` when that is another day than `now`. */
export function formatTime(at: number | undefined, now: number): string {
  if (at === undefined || Number.isNaN(at)) return none
  return isSameDay(at, now) ? clock.format(at) : day.format(at)
}

/** `14:03:22.120`, or `Mar 4, 14:03:22.120` when that is another day than `now`: for lines that come many a second. */
export function formatExactTime(at: number, now: number): string {
  if (Number.isNaN(at)) return none
  return isSameDay(at, now) ? exact.format(at) : exactDay.format(at)
}

function isSameDay(one: number, other: number): boolean {
  return new Date(one).toDateString() === new Date(other).toDateString()
}

/** `14:03`, and `14:03:22` where seconds are no zero: for an axis. */
export function formatClock(at: number): string {
  const text = clock.format(at)
  return text.endsWith(':00') ? text.slice(0, -3) : text
}

/** Both zones: `Wednesday, March 4, 2026, 14:03:22 GMT+1 · 2026-03-04T13:03:22.000Z (UTC)`. */
export function formatFully(at: number | undefined): string {
  if (at === undefined || Number.isNaN(at)) return ''
  return `${full.format(at)} · ${new Date(at).toISOString()} (UTC)`
}

/** `now`, `12 s ago`, `in 3 min`. */
export function formatRelative(at: number | undefined, now: number): string {
  if (at === undefined || Number.isNaN(at)) return none
  const distance = at - now
  if (Math.abs(distance) < 1_000) return 'now'
  return distance < 0 ? `${formatDuration(-distance)} ago` : `in ${formatDuration(distance + 999)}`
}

/** How far the clock of another is ahead, after a look at it: what news took on their way, some more, some less, is no other time. */
export function nextOffset(beforeMs: number, seenMs: number): number {
  return Math.abs(seenMs - beforeMs) < 500 ? beforeMs : seenMs
}

/** Milliseconds of a moment that came as ISO 8601; undefined when it is none. */
export function parseTime(iso: string | undefined): number | undefined {
  const at = Date.parse(iso ?? '')
  return Number.isNaN(at) ? undefined : at
}

const hours = { hour: '2-digit', minute: '2-digit', second: '2-digit', hourCycle: 'h23' } as const
const clock = new Intl.DateTimeFormat('en-US', hours)
const exact = new Intl.DateTimeFormat('en-US', { ...hours, fractionalSecondDigits: 3 })
const exactDay = new Intl.DateTimeFormat('en-US', {
  ...hours,
  month: 'short',
  day: 'numeric',
  fractionalSecondDigits: 3,
})
const day = new Intl.DateTimeFormat('en-US', {
  month: 'short',
  day: 'numeric',
  hour: '2-digit',
  minute: '2-digit',
  hourCycle: 'h23',
})
const full = new Intl.DateTimeFormat('en-US', {
  ...hours,
  weekday: 'long',
  year: 'numeric',
  month: 'long',
  day: 'numeric',
  timeZoneName: 'short',
})
