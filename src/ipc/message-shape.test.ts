import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isBeat, isWorkerFigures } from './message-shape.ts'

const edge = {
  routes: [{ step: 'redirect', rule: '/a', requests: 1 }],
  refusals: { overload: 1 },
  cache: { hits: 1, stale: 0, misses: 0, passes: 0, addresses: 0, bytes: 0 },
  upstreams: [{ rule: '/', url: 'http://a', isHealthy: true, inFlight: 0, requests: 1, failures: 0 }],
}
const figures = { responses: [0, 1], durations: [1], durationSumMs: 1, bytesSent: 1, edge }
const times = { loopDelayMs: 1, utilization: 0.5, rssBytes: 1, heapBytes: 1, cpuPercent: 1 }
const beat = { ...times, connections: 0, inFlight: 0, requests: 0, logDropped: 0, figures }

test('what a worker tells is taken', () => {
  assert.ok(isBeat(beat))
  assert.ok(isBeat({ ...beat, loopDelayMs: null, figures: {} }))
  assert.ok(isWorkerFigures(figures))
  assert.ok(isWorkerFigures({ ...figures, edge: undefined }))
})

test('what an application says in its place is not, wherever it is wrong', () => {
  for (const wrong of [undefined, null, 'beat', {}, { ...beat, rssBytes: '1' }])
    assert.equal(isBeat(wrong), false, JSON.stringify(wrong))
  const parts: object[] = [
    { responses: {} },
    { durations: ['1'] },
    { bytesSent: null },
    { edge: null },
    { edge: { ...edge, routes: [null] } },
    { edge: { ...edge, routes: [{ step: 'a', rule: {}, requests: 1 }] } },
    { edge: { ...edge, refusals: null } },
    { edge: { ...edge, refusals: { overload: 'x' } } },
    { edge: { ...edge, cache: {} } },
    { edge: { ...edge, upstreams: [{ rule: '/' }] } },
  ]
  for (const part of parts) assert.equal(isWorkerFigures({ ...figures, ...part }), false, JSON.stringify(part))
})
