import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildView, History, Sample } from '../api.ts'
import { appendSample, marksNear, pickRows, shownRange, totalsOf, withGaps, workersOf } from './chart-data.ts'

const columns = ['requestsPerSecond', 'errorsPerSecond', 'p50Ms', 'p90Ms', 'p99Ms', 'inFlight', 'connections'] as const
const rest = ['loopDelayMs', 'cpuPercent', 'rssBytes'] as const
const workerValues = { requestsPerSecond: 1, loopDelayMs: 2, cpuPercent: 3, rssBytes: 4, inFlight: 5 }

function historyOf(at: readonly number[], workers: readonly string[] = []): History {
  const ones = at.map(() => 1)
  return {
    span: '10m',
    stepMs: 1_000,
    at,
    totals: Object.fromEntries([...columns, ...rest].map(name => [name, ones])) as unknown as History['totals'],
    workers: Object.fromEntries(
      workers.map(name => [name, Object.fromEntries(Object.keys(workerValues).map(column => [column, ones]))]),
    ) as unknown as History['workers'],
    marks: [],
  }
}

function sampleOf(at: number): Sample {
  const values = [...columns, ...rest].map(name => [name, 9])
  return { ...(Object.fromEntries(values) as Omit<Sample, 'at'>), at }
}

function workerOf(name: string, state = 'RUNNING', pid: number | undefined = 1): ChildView {
  return { ...workerValues, name, kind: 'web', state, pid } as unknown as ChildView
}

test('a second more is put at the end, and what is older than the span is left out', () => {
  const start = 1_000_000
  const history = historyOf(
    Array.from({ length: 600 }, (_, index) => start + index * 1_000),
    ['web:0'],
  )
  const grown = appendSample(history, sampleOf(start + 600_000), [workerOf('web:0')])
  assert.equal(grown.at.length, 600)
  assert.deepEqual([grown.at[0], grown.at.at(-1)], [start + 1_000, start + 600_000])
  assert.equal(grown.totals.p99Ms.at(-1), 9)
  assert.equal(grown.workers['web:0']?.rssBytes.at(-1), 4)
  assert.equal(grown.workers['web:0']?.rssBytes.length, 600)
})

test('a worker that is new has had nothing, and one that is gone has nothing now', () => {
  const grown = appendSample(historyOf([1_000, 2_000], ['web:0']), sampleOf(3_000), [workerOf('web:1')])
  assert.deepEqual(grown.workers['web:0']?.inFlight, [1, 1, null])
  assert.deepEqual(grown.workers['web:1']?.inFlight, [null, null, 5])
})

test('of two workers in one place, the one that stays is shown', () => {
  const staying = { ...workerOf('web:0'), inFlight: 50 }
  const grown = appendSample(historyOf([1_000]), sampleOf(2_000), [staying, workerOf('web:0', 'STOPPING')])
  assert.deepEqual(grown.workers['web:0']?.inFlight, [null, 50])
})

test('a sample that is no step further changes nothing', () => {
  const history = historyOf([1_000, 2_000])
  assert.equal(appendSample(history, sampleOf(2_100), []), history)
  assert.notEqual(appendSample(history, sampleOf(2_950), []), history)
})

test('time of which nothing is known is a gap in the line', () => {
  const { at, lines } = withGaps({ at: [1_000, 2_000, 9_000], lines: [{ label: 'a', values: [1, 2, 3] }] }, 1_000)
  assert.deepEqual(at, [1_000, 2_000, 8_000, 9_000])
  assert.deepEqual(lines[0]?.values, [1, 2, null, 3])
})

test('lines are named, and those of workers stand in the order of their places', () => {
  assert.deepEqual(
    totalsOf(historyOf([1_000]), { p50Ms: 'p50', p99Ms: 'p99' }).lines.map(({ label }) => label),
    ['p50', 'p99'],
  )
  assert.deepEqual(
    workersOf(historyOf([1_000], ['web:10', 'web:2']), 'cpuPercent').lines.map(({ label }) => label),
    ['web:2', 'web:10'],
  )
})

test('a young tree is shown from its start, but never so that a minute fills the chart of an hour', () => {
  assert.deepEqual(shownRange([100, 400, 900], 600, 0), [300, 900])
  assert.deepEqual(shownRange([700, 900], 600, 0), [700, 900])
  assert.deepEqual(shownRange([890, 900], 600, 0), [840, 900])
  assert.deepEqual(shownRange([], 600, 900), [840, 900])
})

test('the memory of who has not told it yet is not known', () => {
  const history = historyOf([1_000], ['web:0'])
  const grown = appendSample(history, sampleOf(2_000), [{ ...workerOf('web:0'), rssBytes: 0 }])
  assert.deepEqual(workersOf(grown, 'rssBytes').lines[0]?.values, [1, null])
})

test('marks are the same list until one of them is too old', () => {
  const marks = [1_000, 5_000].map(at => ({ at, kind: 'reload', text: 'reload' }) as const)
  const history = { ...historyOf([1_000, 2_000]), marks }
  assert.equal(appendSample(history, sampleOf(3_000), []).marks, marks)
  assert.deepEqual(appendSample(history, sampleOf(602_000), []).marks, marks.slice(1))
})

test('a mark is found by who points near it', () => {
  const marks = [{ at: 5_000, kind: 'reload', text: 'reload' } as const]
  assert.equal(marksNear(marks, 5_400, 500).length, 1)
  assert.equal(marksNear(marks, 5_600, 500).length, 0)
})

test('a table has the latest row, and so many others that it stays short', () => {
  assert.deepEqual(pickRows(5, 10), [4, 3, 2, 1, 0])
  assert.deepEqual(pickRows(10, 3), [9, 5, 1])
  assert.deepEqual(pickRows(0, 3), [])
})
