import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildStatus, TreeFigures, TreeStatus } from '../../control/operations.ts'
import { countedOf, lookOf } from './look.ts'
import { markOf } from './marks.ts'
import { Rates } from './rates.ts'
import { childView, isSameView, treeView } from './views.ts'

function child(more: Partial<ChildStatus> = {}): ChildStatus {
  return {
    ...{ name: 'web:0', kind: 'web', app: 'web', index: 0, pid: 10, state: 'RUNNING', generation: 1, uptimeMs: 5_000 },
    ...{
      restarts: 0,
      lastExit: undefined,
      waitsFor: undefined,
      beatAgeMs: 100,
      connections: 1,
      inFlight: 1,
      requests: 0,
    },
    ...{ loopDelayMs: 1, utilization: 0, cpuPercent: 10, rssBytes: 1_000, logDropped: 0 },
    ...more,
  }
}

function treeOf(...children: ChildStatus[]): TreeStatus {
  return {
    ...{ name: 'shop', pid: 1, state: 'running', version: '1', node: 'v24', uptimeMs: 10_000, generation: 1 },
    ...{ configFile: undefined, lastReload: undefined, apps: [], children },
  }
}

test('what does not change looks the same a second later', () => {
  const first = childView(child(), { at: 100_000, last: undefined, requestsPerSecond: 5 })
  const later = childView(child({ uptimeMs: 6_003, beatAgeMs: 350 }), {
    at: 101_000,
    last: first,
    requestsPerSecond: 5,
  })
  assert.equal(first.startedAt, 95_000)
  assert.ok(isSameView(first, later))
  const tree = treeView(treeOf(), 100_000, undefined)
  assert.ok(isSameView(tree, treeView({ ...treeOf(), uptimeMs: 10_990 }, 101_000, tree)))
  assert.ok(!isSameView(tree, treeView({ ...treeOf(), generation: 2 }, 101_000, tree)))
})

test('a worker that tells nothing is silent since it told last', () => {
  const view = childView(child({ beatAgeMs: 4_000 }), { at: 100_000, last: undefined, requestsPerSecond: 0 })
  assert.equal(view.silentSince, 96_000)
  const program = childView(child({ kind: 'program', beatAgeMs: 4_000 }), {
    at: 1,
    last: undefined,
    requestsPerSecond: 0,
  })
  assert.equal(program.silentSince, undefined, 'nobody expects a program to tell')
  assert.equal(
    childView(child({ pid: undefined }), { at: 1, last: undefined, requestsPerSecond: 0 }).startedAt,
    undefined,
  )
})

test('a rate is measured between counts of the worker, not between looks', () => {
  const rates = new Rates()
  const look = (requests: number, beatAgeMs: number, now: number) => {
    const told = child({ requests, beatAgeMs })
    rates.update([told], [], now)
    return rates.of(told)?.requests
  }
  assert.equal(look(100, 100, 1_100), undefined)
  assert.equal(look(200, 100, 2_100), 100)
  // Two looks in the time of one count.
  assert.equal(look(200, 900, 2_900), 100)
  assert.equal(look(400, 50, 4_050), 100)
  assert.equal(look(400, 3_000, 7_000), 0, 'a worker that is blocked answers nothing')
  assert.equal(look(3, 0, 8_000), undefined, 'another process')
})

test('a look sums what serves, and takes percentiles of what has ended since the last', () => {
  const children = [
    child({ inFlight: 2 }),
    child({ name: 'web:1', pid: 11, loopDelayMs: 70 }),
    child({ name: 'redis:0', kind: 'program', inFlight: 9 }),
  ]
  const figuresOf = (fast: number, cpuSeconds: number): TreeFigures => ({
    time: '',
    sockets: [],
    workers: ['web:0', 'web:1'].map((worker, index) => ({
      ...{ worker, app: 'web', pid: 10 + index },
      ...{ responses: [0, fast / 2, 0, 0, 0], durations: [fast / 2], durationSumMs: 0, bytesSent: 0 },
    })),
    apps: [
      {
        app: 'web',
        responses: [0, fast, 0, 0, 0],
        durations: [fast],
        durationSumMs: 0,
        bytesSent: 0,
        starts: 2,
        deaths: 0,
      },
    ],
    supervisor: { cpuSeconds, rssBytes: 500, openFds: 0 },
  })
  const last = countedOf(figuresOf(10, 1), 1_000)
  const figures = figuresOf(30, 1.5)
  const counted = countedOf(figures, 2_000)
  const rateOf = () => ({ requests: 10, errors: 1 })
  const { sample, durations, workers, sinceMs } = lookOf({
    at: 5,
    status: treeOf(...children),
    figures,
    counted,
    last,
    rateOf,
  })
  assert.deepEqual(durations, [20])
  assert.equal(sinceMs, 1_000)
  assert.deepEqual([...workers.keys()], ['web:0', 'web:1'])
  assert.deepEqual(
    [sample.requestsPerSecond, sample.errorsPerSecond, sample.inFlight, sample.loopDelayMs],
    [20, 2, 3, 70],
  )
  assert.deepEqual([sample.cpuPercent, sample.rssBytes, sample.p50Ms], [80, 3_500, 0.5])
  // A reload: both have told their last, and who follows has no rate yet.
  const others = { at: 5, status: treeOf(), figures, last, rateOf: () => undefined }
  const reloaded = lookOf({ ...others, counted: { ...counted, workers: new Map() } }).sample
  assert.deepEqual([reloaded.requestsPerSecond, reloaded.errorsPerSecond], [20, 0], 'a reload is no gap')
  const first = lookOf({ at: 5, status: treeOf(), figures, counted, last: undefined, rateOf })
  assert.equal(first.sample.p99Ms, null, 'what was before the first look did not happen in it')
})

test('charts are marked with reloads and deaths, not with what was asked for', () => {
  const time = '2026-11-21T00:00:00.000Z'
  const at = Date.parse(time)
  const state = { time, event: 'state', name: 'web:1', from: 'RUNNING', to: 'BACKOFF', reason: 'killed by SIGKILL' }
  assert.deepEqual(markOf(state), { at, kind: 'death', text: 'web:1 killed by SIGKILL' })
  assert.equal(markOf({ ...state, from: 'STOPPING', to: 'STOPPED' }), undefined)
  assert.deepEqual(markOf({ time, event: 'reload.done', generation: 2 }), {
    at,
    kind: 'reload',
    text: 'reload to generation 2',
  })
  assert.equal(markOf({ time, event: 'reload.refused', error: 'x'.repeat(10_000) })?.text.length, 201)
  assert.equal(markOf({ time, event: 'worker.ready' }), undefined)
  assert.equal(markOf({ time: 'never', event: 'reload.done' }), undefined)
})
