import assert from 'node:assert/strict'
import { test } from 'node:test'
import { formatAge, formatCount, formatMemory, formatRate } from './figures.ts'

test('an age has its two largest units', () => {
  const ages = [0, 999, 45_000, 723_000, 11_520_000, 432_000_000, 439_200_000, 3_600_000 + 5_000]
  assert.deepEqual(ages.map(formatAge), ['0s', '0s', '45s', '12m 3s', '3h 12m', '5d', '5d 2h', '1h'])
})

test('memory is rounded to what one can compare', () => {
  const sizes = [0, 655_360, 86_000_000, 1_300_000_000, 11 * 1024 ** 3]
  assert.deepEqual(sizes.map(formatMemory), ['0B', '640KB', '82MB', '1.2GB', '11GB'])
})

test('counts and rates stay short', () => {
  assert.deepEqual([0, 99_999, 123_456, 4_500_000].map(formatCount), ['0', '99999', '123k', '4.5M'])
  assert.deepEqual([0, 0.4, 12.52, 1204.2].map(formatRate), ['0', '0.4', '12.5', '1204'])
})
