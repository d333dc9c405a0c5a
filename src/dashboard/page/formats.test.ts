import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  formatBytes,
  formatCount,
  formatDuration,
  formatMs,
  formatNumber,
  formatPercent,
  formatShort,
} from './formats.ts'

test('a number has three figures, and a whole one all of its own', () => {
  assert.deepEqual([0, 7, 0.314, 12.44, 123.4, 1_204_000].map(formatNumber), [
    '0',
    '7',
    '0.31',
    '12.4',
    '123',
    '1,204,000',
  ])
})

test('what is not known is a dash in every format', () => {
  for (const format of [formatNumber, formatShort, formatBytes, formatPercent, formatMs, formatDuration]) {
    assert.deepEqual([undefined, null, Number.NaN, Number.POSITIVE_INFINITY].map(format), ['–', '–', '–', '–'])
  }
})

test('a short number never needs four figures before its unit', () => {
  assert.deepEqual([0, 999, 999.7, 1_000, 12_345, 999_600, 3.4e6].map(formatShort), [
    '0',
    '999',
    '1.0 k',
    '1.0 k',
    '12.3 k',
    '1.0 M',
    '3.4 M',
  ])
})

test('sizes go by 1,024', () => {
  assert.deepEqual([0, 512, 1_023, 1_024, 1_536, 64 * 1024 ** 2, 1.5 * 1024 ** 3].map(formatBytes), [
    '0 B',
    '512 B',
    '1.0 kB',
    '1.0 kB',
    '1.5 kB',
    '64.0 MB',
    '1.5 GB',
  ])
})

test('a duration is said by its two largest units', () => {
  const seconds = [0, 59, 60, 3_599, 3_600, 12_000, 86_400, 1_051_200]
  assert.deepEqual(
    seconds.map(count => formatDuration(count * 1_000)),
    ['0 s', '59 s', '1 min', '59 min', '1 h', '3 h 20 min', '1 d', '12 d 4 h'],
  )
})

test('latencies below ten milliseconds have a decimal', () => {
  assert.deepEqual([0, 0.84, 9.94, 43.2, 999, 2_140, 75_000].map(formatMs), [
    '0 ms',
    '0.8 ms',
    '9.9 ms',
    '43 ms',
    '999 ms',
    '2.1 s',
    '1 min',
  ])
})

test('percents and counts are written for people', () => {
  assert.deepEqual([0, 0.04, 3.14, 9.96, 55.5, 100].map(formatPercent), [
    '0 %',
    '0.0 %',
    '3.1 %',
    '10 %',
    '56 %',
    '100 %',
  ])
  assert.deepEqual([formatCount(1, 'entry', 'entries'), formatCount(1_200, 'worker')], ['1 entry', '1,200 workers'])
})
