import assert from 'node:assert/strict'
import { test } from 'node:test'
import { retryDelayMs } from './backoff.ts'
import { inOrderOf, sortRows } from './sort-rows.ts'
import { readEvent } from './tree-events.ts'
import { goneFromFront, visibleRange } from './visible-range.ts'

test('rows whose order is held stay where they were, and new ones come last', () => {
  assert.deepEqual(
    inOrderOf(['d', 'c', 'b', 'a'], ['b', 'gone', 'c'], row => row),
    ['b', 'c', 'd', 'a'],
  )
})

test('what went from the front of a full list is counted, and of another list nothing', () => {
  assert.equal(goneFromFront([1, 2, 3, 4], [3, 4, 5, 6]), 2)
  assert.equal(goneFromFront([1, 2, 3], [1, 2, 3, 4]), 0)
  assert.equal(goneFromFront([1, 2, 3, 4], [2, 4]), 0)
  assert.equal(goneFromFront([1, 2], [7, 8]), 0)
  assert.equal(goneFromFront([1, 2], []), 0)
  assert.equal(goneFromFront([], [1]), 0)
})

test('rows are sorted as people count, and what has no value is last in both directions', () => {
  const rows = ['web:10', undefined, 'web:2', 'admin:0']
  assert.deepEqual(
    sortRows(rows, row => row, false),
    ['admin:0', 'web:2', 'web:10', undefined],
  )
  assert.deepEqual(
    sortRows(rows, row => row, true),
    ['web:10', 'web:2', 'admin:0', undefined],
  )
  assert.deepEqual(
    sortRows([3, 20, 1], row => row, true),
    [20, 3, 1],
  )
})

test('a list draws what is seen and a little more, also when it has become shorter', () => {
  const rows = { count: 5_000, rowHeightPx: 20, rowsBeyond: 5 }
  assert.deepEqual(visibleRange({ top: 0, height: 400 }, rows), { first: 0, end: 26 })
  assert.deepEqual(visibleRange({ top: 2_000, height: 400 }, rows), { first: 95, end: 126 })
  assert.deepEqual(visibleRange({ top: 90_000, height: 400 }, { ...rows, count: 30 }), { first: 5, end: 30 })
  assert.deepEqual(visibleRange({ top: 0, height: 400 }, { ...rows, count: 0 }), { first: 0, end: 0 })
})

test('attempts come later and later, but never later than 15 seconds', () => {
  assert.deepEqual(
    [0, 1, 2, 9, 99].map(failures => retryDelayMs(failures, 1)),
    [1_000, 2_000, 4_000, 15_000, 15_000],
  )
  assert.equal(retryDelayMs(0, 0), 500)
})

test('an event is a line for people: what, of whom, and why', () => {
  const state = { time: '', event: 'state', name: 'web:1', pid: 7, from: 'RUNNING', to: 'BACKOFF', reason: 'exited' }
  assert.deepEqual(readEvent(state), {
    tone: 'warn',
    name: 'web:1',
    what: 'running → backoff',
    details: 'exited · pid 7',
  })
  assert.deepEqual(readEvent({ time: '', event: 'reload.failed', level: 'error', generation: 3 }), {
    tone: 'bad',
    name: undefined,
    what: 'reload.failed',
    details: 'generation=3',
  })
})
