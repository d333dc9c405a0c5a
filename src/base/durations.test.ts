import assert from 'node:assert/strict'
import { test } from 'node:test'
import { bucketOf, durationBoundsMs, durationsBetween, percentileOf } from './durations.ts'

/** A histogram of these durations. */
function histogramOf(durationsMs: readonly number[]): number[] {
  const counts = new Array<number>(durationBoundsMs.length + 1).fill(0)
  for (const durationMs of durationsMs) counts[bucketOf(durationMs)] = (counts[bucketOf(durationMs)] ?? 0) + 1
  return counts
}

test('a duration is in the first bucket whose bound it does not exceed', () => {
  assert.equal(bucketOf(0), 0)
  for (const [index, boundMs] of durationBoundsMs.entries()) {
    assert.equal(bucketOf(boundMs), index)
    assert.equal(bucketOf(boundMs + 0.001), index + 1)
  }
  assert.equal(bucketOf(Number.POSITIVE_INFINITY), durationBoundsMs.length)
})

test('a percentile is found within its bucket', () => {
  const tenTo25 = histogramOf(new Array(100).fill(20))
  assert.equal(percentileOf(tenTo25, 0), 10)
  assert.equal(percentileOf(tenTo25, 0.5), 17.5)
  assert.equal(percentileOf(tenTo25, 1), 25)
})

test('a percentile is looked for over all buckets', () => {
  const durations = histogramOf([...new Array<number>(90).fill(0.5), ...new Array<number>(10).fill(80)])
  assert.equal(percentileOf(durations, 0.45), 0.5)
  assert.equal(percentileOf(durations, 0.9), 1)
  assert.equal(percentileOf(durations, 0.95), 75)
  assert.equal(percentileOf(durations, 0.99), 95)
})

test('a percentile is never below the true one by more than its bucket', () => {
  const durationsMs = Array.from({ length: 1_000 }, (_, index) => 1.007 ** index)
  for (const share of [0.01, 0.1, 0.5, 0.9, 0.99]) {
    const exact = durationsMs[Math.ceil(share * durationsMs.length) - 1] ?? 0
    const found = percentileOf(histogramOf(durationsMs), share) ?? 0
    assert.equal(bucketOf(found), bucketOf(exact), `${share}: ${found} for ${exact}`)
  }
})

test('what took longer than every bound is shown as the last bound', () => {
  assert.equal(percentileOf(histogramOf([90_000]), 0.5), 30_000)
})

test('without a request there is no percentile', () => {
  assert.equal(percentileOf(histogramOf([]), 0.5), undefined)
  assert.equal(percentileOf([], 0.5), undefined)
})

test('the difference of two looks holds what came between them', () => {
  assert.deepEqual(durationsBetween([1, 2, 3], [4, 2, 10]), [3, 0, 7])
})

test('counts that began anew are counted from their new beginning', () => {
  assert.deepEqual(durationsBetween([5, 9], [1, 9]), [1, 0])
  assert.deepEqual(durationsBetween([], [4, 2]), [4, 2])
})
