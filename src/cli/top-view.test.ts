import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildStatus } from '../../src/ipc/status.ts'
import { childStatus, treeStatus } from '../../test/support/tree-status.ts'
import { RequestRates } from './request-rates.ts'
import { plain } from './terminal.ts'
import { renderTop, type TopView } from './top-view.ts'

const view: TopView = {
  sort: 'name',
  selected: 'web',
  note: '',
  width: 80,
  height: 24,
  paint: plain,
  now: new Date('2026-01-01T00:05:00Z'),
}

/** Rates of children that have answered `requests` in the last second, and nothing before. */
function ratesOf(children: readonly ChildStatus[]): RequestRates {
  const rates = new RequestRates()
  rates.update(
    children.map(child => ({ ...child, requests: 0 })),
    0,
  )
  rates.update(children, 1_000)
  return rates
}

const busy = [
  childStatus({ requests: 600, connections: 12, inFlight: 2, cpuPercent: 30, rssBytes: 90_000_000 }),
  childStatus({ index: 1, requests: 900, connections: 8, inFlight: 1, cpuPercent: 20, loopDelayMs: 212 }),
]

test('the screen has sums of the application, and rates of each worker', () => {
  assert.deepEqual(renderTop(treeStatus(busy), ratesOf(busy), view), [
    'shop  running  pid 4211  up 3h 12m  generation 3  Saola 1.2.3  Node v24.21.0',
    '',
    'APP  WORKERS  REQ/S  CONN  FLIGHT  CPU    MEM  LISTEN',
    'web        2   1500    20       3  50%  168MB  127.0.0.1:8000',
    '',
    'NAME   STATE     PID  REQ/S  CONN  FLIGHT  DELAY  CPU   MEM  UPTIME  RESTARTS',
    'web:0  RUNNING  4212    600    12       2  1.2ms  30%  86MB  12m 3s         0',
    'web:1  RUNNING  4213    900     8       1  212ms  20%  82MB  12m 3s         0',
    '',
    'q quit  n c m r sort  Tab app  + - workers  R reload',
  ])
})

test('workers are sorted by what is asked for, the largest first', () => {
  const order = (sort: TopView['sort']) =>
    renderTop(treeStatus(busy), ratesOf(busy), { ...view, sort })
      .map(line => /^web:\d/.exec(line)?.[0])
      .filter(name => name !== undefined)
  assert.deepEqual(order('name'), ['web:0', 'web:1'])
  assert.deepEqual(order('cpu'), ['web:0', 'web:1'])
  assert.deepEqual(order('memory'), ['web:0', 'web:1'])
  assert.deepEqual(order('requests'), ['web:1', 'web:0'])
})

test('a blocked worker shows for how long nothing was heard of it, and missing ones are counted', () => {
  const children = [childStatus({ beatAgeMs: 12_300 }), childStatus({ index: 1, pid: undefined, state: 'BACKOFF' })]
  const lines = renderTop(treeStatus(children), ratesOf(children), view)
  assert.match(lines[3] ?? '', /^web {6}1\/2/)
  assert.match(lines[6] ?? '', / >12s /)
})

test('the screen fits the terminal, whatever its size', () => {
  const children = Array.from({ length: 64 }, (_, index) => childStatus({ index }))
  for (const width of [30, 80, 200]) {
    for (const height of [12, 24, 50]) {
      const lines = renderTop(treeStatus(children), ratesOf(children), { ...view, width, height })
      assert.equal(lines.length, height)
      assert.ok(lines.every(line => line.length <= width))
      assert.match(lines.at(-3) ?? '', /^… \d+ more$/)
      assert.match(lines.at(-1) ?? '', /^q quit/)
    }
  }
})
