import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatExactTime, formatFully, formatRelative, formatTime, nextOffset, parseTime } from './times.ts'

const now = new Date(2026, 2, 4, 14, 3, 22).getTime()

test('a moment of today is a time, and one of another day has that day', () => {
  assert.equal(formatTime(now - 3_000, now), '14:03:19')
  assert.equal(formatTime(now - 86_400_000, now), 'Mar 3, 14:03')
  assert.equal(formatTime(undefined, now), '–')
  assert.equal(formatExactTime(now + 120, now), '14:03:22.120')
  assert.equal(formatExactTime(now - 86_400_000 + 120, now), 'Mar 3, 14:03:22.120')
})

test('in full, a moment has its zone and its time in UTC', () => {
  assert.match(formatFully(now), /^Wednesday, March 4, 2026.* · 2026-03-0\dT\d\d:03:22\.000Z \(UTC\)$/)
  assert.equal(formatFully(Number.NaN), '')
})

test('what is to come is rounded up, and what is past down: nothing is over before its time', () => {
  assert.equal(formatRelative(now + 1_500, now), 'in 2 s')
  assert.equal(formatRelative(now - 1_500, now), '1 s ago')
  assert.equal(formatRelative(now - 300, now), 'now')
  assert.equal(formatRelative(undefined, now), '–')
})

test('the way of news does not turn a clock, and a clock that is wrong does', () => {
  assert.equal(nextOffset(0, -200), 0)
  assert.equal(nextOffset(0, 90_000), 90_000)
  assert.equal(nextOffset(90_000, 89_800), 90_000)
})

test('a time that is none is undefined', () => {
  assert.equal(parseTime('2026-03-04T14:03:22.000Z'), Date.UTC(2026, 2, 4, 14, 3, 22))
  assert.equal(parseTime('soon'), undefined)
  assert.equal(parseTime(undefined), undefined)
})
