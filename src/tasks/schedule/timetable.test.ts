import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextAfter, openTimetable, slotsBetween, type Timing } from './timetable.ts'

/** The next slots after a moment, in UTC, without milliseconds. */
function slotsAfter(cron: string, timeZone: string, from: string, count: number): string[] {
  const slots: string[] = []
  for (let at = Date.parse(from), i = 0; i < count; i++) {
    at = nextAfter({ cron, timeZone }, at) ?? Number.NaN
    slots.push(new Date(at).toISOString().replace(/:00\.000Z$/, 'Z'))
  }
  return slots
}

const changes: readonly [title: string, cron: string, timeZone: string, from: string, slots: string[]][] = [
  [
    'a fixed time in the gap of a spring runs once, right after it',
    ...(['30 2 * * *', 'Europe/Berlin', '2026-03-27T12:00:00Z'] as const),
    ['2026-03-28T01:30Z', '2026-03-29T01:00Z', '2026-03-30T00:30Z'],
  ],
  [
    'several fixed times in one gap run once',
    ...(['0,20,40 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z'] as const),
    ['2026-03-29T01:00Z', '2026-03-30T00:00Z', '2026-03-30T00:20Z'],
  ],
  [
    'a fixed time that comes twice runs the first time',
    ...(['30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z'] as const),
    ['2026-10-25T00:30Z', '2026-10-26T01:30Z'],
  ],
  [
    'a list of hours is a list of fixed times',
    ...(['30 1,14 * * *', 'America/New_York', '2026-10-31T20:00:00Z'] as const),
    ['2026-11-01T05:30Z', '2026-11-01T19:30Z', '2026-11-02T06:30Z'],
  ],
  [
    'a fixed time in the gap of New York runs right after it',
    ...(['15 2 * * *', 'America/New_York', '2026-03-07T12:00:00Z'] as const),
    ['2026-03-08T07:00Z', '2026-03-09T06:15Z'],
  ],
  [
    'each real hour runs, where one is left out',
    ...(['0 * * * *', 'Europe/Berlin', '2026-03-28T23:30:00Z'] as const),
    ['2026-03-29T00:00Z', '2026-03-29T01:00Z', '2026-03-29T02:00Z'],
  ],
  [
    'each real hour runs, where one comes twice',
    ...(['0 * * * *', 'Europe/Berlin', '2026-10-24T23:30:00Z'] as const),
    ['2026-10-25T00:00Z', '2026-10-25T01:00Z', '2026-10-25T02:00Z'],
  ],
  [
    'a step within an hour runs in both of it',
    ...(['*/30 2 * * *', 'Europe/Berlin', '2026-10-24T12:00:00Z'] as const),
    ['2026-10-25T00:00Z', '2026-10-25T00:30Z', '2026-10-25T01:00Z', '2026-10-25T01:30Z', '2026-10-26T01:00Z'],
  ],
  [
    'a step within the hour that is left out does not run',
    ...(['*/30 2 * * *', 'Europe/Berlin', '2026-03-28T12:00:00Z'] as const),
    ['2026-03-30T00:00Z', '2026-03-30T00:30Z'],
  ],
  [
    'a gap of half an hour is one',
    ...(['15 2 * * *', 'Australia/Lord_Howe', '2026-10-02T12:00:00Z'] as const),
    ['2026-10-02T15:45Z', '2026-10-03T15:30Z', '2026-10-04T15:15Z'],
  ],
  [
    'half an hour that comes twice runs once',
    ...(['45 1 * * *', 'Australia/Lord_Howe', '2026-04-03T12:00:00Z'] as const),
    ['2026-04-03T14:45Z', '2026-04-04T14:45Z', '2026-04-05T15:15Z'],
  ],
  [
    'each real half hour runs, where one comes twice',
    ...(['*/30 * * * *', 'Australia/Lord_Howe', '2026-04-04T14:00:00Z'] as const),
    ['2026-04-04T14:30Z', '2026-04-04T15:00Z', '2026-04-04T15:30Z'],
  ],
  [
    'midnight exists every day, also where the clock changes at midnight',
    ...(['0 0 * * *', 'America/Santiago', '2026-09-05T00:00:00Z'] as const),
    ['2026-09-05T04:00Z', '2026-09-06T04:00Z', '2026-09-07T03:00Z'],
  ],
  [
    'a zone of half hours keeps its time',
    ...(['0 8 * * *', 'Asia/Kolkata', '2026-03-28T12:00:00Z'] as const),
    ['2026-03-29T02:30Z', '2026-03-30T02:30Z'],
  ],
  ['UTC has no change', '30 2 * * *', 'UTC', '2026-03-28T12:00:00Z', ['2026-03-29T02:30Z', '2026-03-30T02:30Z']],
  [
    'the 29th of February comes every four years, and not in 2100',
    ...(['0 0 29 2 *', 'UTC', '2092-03-01T00:00:00Z'] as const),
    ['2096-02-29T00:00Z', '2104-02-29T00:00Z'],
  ],
  [
    'the last second of a year is of its zone',
    ...(['59 59 23 31 12 *', 'Pacific/Auckland', '2026-06-01T00:00:00Z'] as const),
    ['2026-12-31T10:59:59.000Z', '2027-12-31T10:59:59.000Z'],
  ],
  ['a year begins', '0 0 1 1 *', 'Europe/Berlin', '2026-12-31T22:59:59Z', ['2026-12-31T23:00Z', '2027-12-31T23:00Z']],
  ['L is the last day', '0 0 L * *', 'UTC', '2028-01-31T00:00:00Z', ['2028-02-29T00:00Z', '2028-03-31T00:00Z']],
  [
    'W is the nearest weekday',
    '0 0 15W * *',
    'UTC',
    '2026-08-01T00:00:00Z',
    ['2026-08-14T00:00Z', '2026-09-15T00:00Z'],
  ],
  [
    '# is the second Friday',
    '0 0 * * FRI#2',
    'UTC',
    '2026-04-01T00:00:00Z',
    ['2026-04-10T00:00Z', '2026-05-08T00:00Z'],
  ],
  [
    'six fields begin with seconds',
    ...(['*/20 0 12 * * *', 'UTC', '2026-04-01T12:00:00.500Z'] as const),
    ['2026-04-01T12:00:20.000Z', '2026-04-01T12:00:40.000Z', '2026-04-02T12:00Z'],
  ],
]

for (const [title, cron, timeZone, from, slots] of changes) {
  test(`${title} (${cron}, ${timeZone})`, () => {
    assert.deepEqual(slotsAfter(cron, timeZone, from, slots.length), slots)
  })
}

test('periods are counted from 1970, so that all processes agree on them', () => {
  assert.equal(nextAfter({ everyMs: 30_000 }, 0), 30_000)
  assert.equal(nextAfter({ everyMs: 30_000 }, 29_999), 30_000)
  assert.equal(nextAfter({ everyMs: 30_000 }, 30_000), 60_000)
  assert.equal(
    new Date(nextAfter({ everyMs: 86_400_000 }, Date.parse('2026-03-29T05:00:00Z')) ?? 0).toISOString(),
    '2026-03-30T00:00:00.000Z',
  )
})

test('of too many slots the newest are given, in order', () => {
  assert.deepEqual(slotsBetween({ everyMs: 1000 }, 0, 10_500, 3), [8000, 9000, 10_000])
  assert.deepEqual(slotsBetween({ everyMs: 1000 }, 9000, 10_000, 5), [9000, 10_000])
  assert.deepEqual(slotsBetween({ everyMs: 1000 }, 9001, 9999, 5), [])
  const minute = { cron: '* * * * *', timeZone: 'UTC' }
  const at = (time: string) => Date.parse(`2026-01-01T${time}Z`)
  assert.deepEqual(slotsBetween(minute, at('00:00:00'), at('00:02:00'), 9), [
    at('00:00:00'),
    at('00:01:00'),
    at('00:02:00'),
  ])
  assert.deepEqual(slotsBetween(minute, at('00:00:00.001'), at('00:01:59.999'), 9), [at('00:01:00')])
})

const zones = ['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'Asia/Kolkata', 'America/Santiago', 'UTC']
const field = (min: number, max: number) =>
  fc.oneof(
    fc.constant('*'),
    fc.integer({ min, max }).map(String),
    fc.uniqueArray(fc.integer({ min, max }), { minLength: 2, maxLength: 3 }).map(list => list.join(',')),
    fc.integer({ min: 2, max: 20 }).map(step => `*/${step}`),
  )
const patterns = fc
  .tuple(
    field(0, 59),
    field(0, 59),
    fc.oneof(field(0, 23), field(0, 3)),
    fc.oneof(fc.constant('*'), field(1, 28)),
    fc.constant('*'),
    fc.constant('*'),
  )
  .map(fields => fields.join(' '))
// Around the changes of clocks, where it is hard.
const moments = fc
  .tuple(
    fc.constantFrom(
      '2026-03-29T01:00:00Z',
      '2026-10-25T01:00:00Z',
      '2026-03-08T07:00:00Z',
      '2026-11-01T06:00:00Z',
      '2026-04-04T15:00:00Z',
      '2026-10-03T15:30:00Z',
      '2026-09-06T04:00:00Z',
      '2026-12-31T23:59:59Z',
    ),
    fc.integer({ min: -7_200_000, max: 7_200_000 }),
  )
  .map(([change, ms]) => Date.parse(change) + ms)

test('slots strictly increase, and are the same backwards', () => {
  fc.assert(
    fc.property(patterns, fc.constantFrom(...zones), moments, (cron, timeZone, from) => {
      const timing = { cron, timeZone }
      const slots: number[] = []
      for (let i = 0; i < 6; i++) slots.push(nextAfter(timing, slots.at(-1) ?? from) ?? Number.NaN)
      for (const [i, slot] of slots.entries()) {
        const before = slots[i - 1] ?? from
        assert.ok(slot > before)
        // Whatever is asked between two slots, the answer is one of the two.
        assert.equal(nextAfter(timing, Math.floor((before + slot) / 2)), slot)
        assert.equal(openTimetable(timing).lastUntil(slot), slot)
      }
      assert.deepEqual(slotsBetween(timing, from + 1, slots.at(-1) ?? 0, 100), slots)
    }),
    { numRuns: 100 },
  )
})

test('each minute of the wall clock that matches is a slot, but for fixed times where clocks change, and nothing else is', () => {
  fc.assert(
    fc.property(patterns, fc.constantFrom(...zones), moments, (pattern, timeZone, from) => {
      const cron = pattern.replace(/^\S+/, '0')
      const first = Math.ceil(from / 60_000) * 60_000
      const last = first + 180 * 60_000
      const expected: number[] = []
      for (let at = first; at <= last; at += 60_000) if (isSlot(cron, timeZone, at)) expected.push(at)
      const found = slotsBetween({ cron, timeZone }, first, last, 1000)
      assert.deepEqual(found.map(toText), expected.map(toText), `${cron} ${timeZone}`)
    }),
    { numRuns: 100 },
  )
})

function toText(ms: number): string {
  return new Date(ms).toISOString()
}

/** What the documentation says, minute by minute. */
function isSlot(cron: string, timeZone: string, at: number): boolean {
  const wall = at + offsetOf(timeZone, at)
  if (/[*]/.test(cron.split(' ').slice(0, 3).join(' '))) return matchesWall(cron, wall)
  const gapMs = offsetOf(timeZone, at) - offsetOf(timeZone, at - 1000)
  for (let lost = wall - gapMs; lost < wall; lost += 60_000) if (matchesWall(cron, lost)) return true
  return matchesWall(cron, wall) && !cameBefore(timeZone, at, wall)
}

/** Whether the wall clock has shown this already, up to two hours ago. */
function cameBefore(timeZone: string, at: number, wall: number): boolean {
  return [30, 60, 120].some(minutes => at - minutes * 60_000 + offsetOf(timeZone, at - minutes * 60_000) === wall)
}

function matchesWall(cron: string, ms: number): boolean {
  const wall = new Date(ms)
  const values = [wall.getUTCSeconds(), wall.getUTCMinutes(), wall.getUTCHours(), wall.getUTCDate()]
  return cron
    .split(' ')
    .slice(0, 4)
    .every((text, i) => matchesField(text, values[i] ?? -1, i === 3 ? 1 : 0))
}

function matchesField(text: string, value: number, min: number): boolean {
  if (text === '*') return true
  if (text.startsWith('*/')) return (value - min) % Number(text.slice(2)) === 0
  return text.split(',').map(Number).includes(value)
}

const formats = new Map(
  zones.map(timeZone => [
    timeZone,
    new Intl.DateTimeFormat('en-US', { timeZone, hourCycle: 'h23', dateStyle: 'short', timeStyle: 'medium' }),
  ]),
)

/** Milliseconds between the wall clock of a zone and UTC. */
function offsetOf(timeZone: string, ms: number): number {
  const wall = Date.parse(`${formats.get(timeZone)?.format(ms).replace(',', '')} UTC`)
  return wall - Math.floor(ms / 1000) * 1000
}

test('a timetable that was asked for before is not read again', () => {
  const timing: Timing = { cron: '1 2 3 * *', timeZone: 'UTC' }
  assert.equal(openTimetable(timing), openTimetable({ ...timing }))
})
