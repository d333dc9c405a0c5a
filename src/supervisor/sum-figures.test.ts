import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EdgeFigures, WorkerFigures } from '../ipc/figures.ts'
import { figuresBetween, onlyRulesOf, sumFigures, withNowOf } from './sum-figures.ts'

function edgeFigures(factor: number, given: Partial<EdgeFigures> = {}): EdgeFigures {
  return {
    routes: [
      { step: 'static', rule: '/', requests: factor },
      { step: 'application', rule: '', requests: 2 * factor },
    ],
    refusals: { access: 3 * factor },
    cache: { hits: factor, stale: factor, misses: factor, passes: factor, addresses: factor, bytes: 10 * factor },
    upstreams: [
      { rule: '/api', url: 'http://a', isHealthy: true, inFlight: factor, requests: 4 * factor, failures: factor },
    ],
    ...given,
  }
}

/** Each count is a multiple of `factor`. */
function workerFigures(factor: number, edge?: EdgeFigures): WorkerFigures {
  return {
    responses: [0, 2 * factor, 0, factor, 0],
    durations: Array.from({ length: 15 }, (_, index) => index * factor),
    durationSumMs: 1.5 * factor,
    bytesSent: 100 * factor,
    ...(edge && { edge }),
  }
}

test('the sum over workers has all that each has counted', () => {
  const sum = sumFigures([workerFigures(1, edgeFigures(1)), workerFigures(10, edgeFigures(10))])
  assert.deepEqual(sum, workerFigures(11, edgeFigures(11)))
})

test('the sum over nobody is nothing', () => {
  assert.deepEqual(sumFigures([]), workerFigures(0))
})

test('what only one of two workers has is in the sum as it is', () => {
  const [a, b] = [edgeFigures(1, { routes: [] }), edgeFigures(1, { upstreams: [], refusals: { body: 1 } })]
  const { edge } = sumFigures([workerFigures(1, a), workerFigures(1), workerFigures(1, b)])
  assert.deepEqual(edge?.routes, b.routes)
  assert.deepEqual(edge?.upstreams, a.upstreams)
  assert.deepEqual(edge?.refusals, { access: 3, body: 1 })
})

test('an upstream that one worker finds down is not healthy', () => {
  const [up] = edgeFigures(1).upstreams
  assert.ok(up)
  const { edge } = sumFigures([
    workerFigures(1, edgeFigures(1)),
    workerFigures(1, edgeFigures(1, { upstreams: [{ ...up, isHealthy: false }] })),
  ])
  assert.equal(edge?.upstreams[0]?.isHealthy, false)
})

test('between two looks counts are a difference, and what is of now is that of the later', () => {
  const { edge, ...rest } = figuresBetween(workerFigures(3, edgeFigures(3)), workerFigures(8, edgeFigures(8)))
  const { edge: _, ...five } = workerFigures(5)
  assert.deepEqual(rest, five)
  const expected = edgeFigures(5)
  assert.deepEqual(edge?.routes, expected.routes)
  assert.deepEqual(edge?.refusals, expected.refusals)
  assert.deepEqual(edge?.cache, { ...expected.cache, addresses: 8, bytes: 80 })
  assert.deepEqual(edge?.upstreams[0], { ...expected.upstreams[0], inFlight: 8 })
})

test('what a worker tells first is all that it has done', () => {
  assert.deepEqual(figuresBetween(undefined, workerFigures(3)), workerFigures(3))
})

test('counts of the dead stay, and what is of now is that of the living', () => {
  const { edge } = withNowOf(workerFigures(100, edgeFigures(100)), [workerFigures(1, edgeFigures(1))])
  assert.equal(edge?.cache?.hits, 100)
  assert.equal(edge?.cache?.bytes, 10)
  assert.equal(edge?.upstreams[0]?.requests, 400)
  assert.equal(edge?.upstreams[0]?.inFlight, 1)
  assert.equal(withNowOf(workerFigures(1, edgeFigures(1)), []).edge?.cache?.addresses, 0)
})

test('rules that are in the configuration no more are left out', () => {
  const old = edgeFigures(1, { routes: [...edgeFigures(1).routes, { step: 'redirect', rule: '/old', requests: 1 }] })
  assert.deepEqual(onlyRulesOf(workerFigures(1, old), workerFigures(0, edgeFigures(0))).edge, edgeFigures(1))
  assert.equal(onlyRulesOf(workerFigures(1, old), workerFigures(0)).edge, undefined)
})
