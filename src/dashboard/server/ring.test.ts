import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Sample } from '../api.ts'
import type { Look, WorkerLook } from './look.ts'
import { others, Ring, workersMax } from './ring.ts'

const nobody: WorkerLook = { requestsPerSecond: 0, loopDelayMs: 0, cpuPercent: 0, rssBytes: 0, inFlight: 0 }

function lookAt(
  at: number,
  more: Partial<Sample> & {
    sinceMs?: number
    durations?: number[]
    workers?: Record<string, Partial<WorkerLook>>
  } = {},
): Look {
  const { sinceMs = 1_000, durations = [], workers = {}, ...sample } = more
  const zero = { requestsPerSecond: 0, errorsPerSecond: 0, p50Ms: null, p90Ms: null, p99Ms: null, inFlight: 0 }
  const rest = { connections: 0, loopDelayMs: 0, cpuPercent: 0, rssBytes: 0 }
  return {
    sinceMs,
    durations,
    sample: { at, ...zero, ...rest, ...sample },
    workers: new Map(Object.entries(workers).map(([name, look]) => [name, { ...nobody, ...look }])),
  }
}

test('looks of one step are one number: the mean, and of delays the longest', () => {
  const ring = new Ring({ stepMs: 10_000, steps: 6 })
  ring.record(lookAt(1_000, { requestsPerSecond: 10, loopDelayMs: 5 }))
  ring.record(lookAt(2_000, { requestsPerSecond: 30, loopDelayMs: 80 }))
  ring.record(lookAt(11_000, { requestsPerSecond: 7 }))
  const { at, totals } = ring.read()
  assert.deepEqual(at, [5_000, 15_000])
  assert.deepEqual(totals.requestsPerSecond, [20, 7])
  assert.deepEqual(totals.loopDelayMs, [80, 0])
})

test('the percentile of a step is that of all its requests, and null without one', () => {
  const ring = new Ring({ stepMs: 10_000, steps: 6 })
  const fast = new Array<number>(15).fill(0).with(0, 98)
  const slow = new Array<number>(15).fill(0).with(5, 2)
  ring.record(lookAt(1_000, { durations: fast }))
  ring.record(lookAt(2_000, { durations: slow }))
  ring.record(lookAt(11_000))
  const { p50Ms, p99Ms } = ring.read().totals
  assert.ok((p50Ms[0] ?? 0) <= 1)
  assert.equal(p99Ms[0], 37.5)
  assert.deepEqual([p50Ms[1], p99Ms[1]], [null, null])
})

test('the oldest steps are written over, and a hole is a hole', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 5 })
  for (let second = 0; second < 8; second++) ring.record(lookAt(second * 1_000, { inFlight: second }))
  assert.deepEqual(ring.read().totals.inFlight, [3, 4, 5, 6, 7])
  ring.record(lookAt(10_000, { inFlight: 10, sinceMs: 0 }))
  assert.deepEqual(ring.read().totals.inFlight, [6, 7, null, null, 10])
  assert.deepEqual(ring.read().at, [6_500, 7_500, 8_500, 9_500, 10_500])
  ring.record(lookAt(1_000_000, { inFlight: 1, sinceMs: 0 }))
  assert.deepEqual(ring.read().totals.inFlight, [null, null, null, null, 1])
})

test('a look after a rest is about all of it', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 20 })
  ring.record(lookAt(0, { inFlight: 1 }))
  ring.record(lookAt(4_000, { inFlight: 4, sinceMs: 4_000 }))
  assert.deepEqual(ring.read().totals.inFlight, [1, 4, 4, 4, 4])
})

test('a clock that is set back begins anew', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 5 })
  ring.record(lookAt(9_000_000, { inFlight: 1 }))
  ring.record(lookAt(3_000, { inFlight: 2 }))
  assert.deepEqual(ring.read().at, [3_500])
  assert.deepEqual(ring.read().totals.inFlight, [2])
})

test('a clock that is set back by seconds keeps what was before', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 5 })
  ring.record(lookAt(100_000, { inFlight: 1 }))
  ring.record(lookAt(40_000, { inFlight: 2 }))
  assert.deepEqual(ring.read().totals.inFlight, [1])
  ring.record(lookAt(101_000, { inFlight: 3 }))
  assert.deepEqual(ring.read().totals.inFlight, [1, 3])
})

test('a worker has its own line while anything of it is in the past', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 3 })
  ring.record(lookAt(0, { workers: { 'web:0': { inFlight: 1 } } }))
  ring.record(lookAt(1_000, { workers: { 'web:0': { inFlight: 2 }, 'web:1': { inFlight: 5 } } }))
  assert.deepEqual(ring.read().workers['web:0']?.inFlight, [1, 2])
  assert.deepEqual(ring.read().workers['web:1']?.inFlight, [null, 5])
  for (let second = 2; second < 5; second++) ring.record(lookAt(second * 1_000, { workers: { 'web:1': {} } }))
  assert.deepEqual(Object.keys(ring.read().workers), ['web:1'])
})

test('workers beyond the limit are one line together, and memory has a bound', () => {
  const ring = new Ring({ stepMs: 1_000, steps: 10 })
  const workers = Object.fromEntries(
    Array.from({ length: workersMax + 10 }, (_, index) => [`web:${index}`, { inFlight: 1 }]),
  )
  ring.record(lookAt(0, { workers }))
  const read = ring.read()
  assert.equal(Object.keys(read.workers).length, workersMax + 1)
  assert.deepEqual(read.workers[others]?.inFlight, [10])
  assert.ok(ring.bytes < (workersMax + 4) * 5 * 10 * 4)
})
