import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildStatus, CronStatus } from '../../src/ipc/status.ts'
import { childStatus, treeFigures, treeStatus } from '../../test/support/tree-status.ts'
import { FigureWindow } from './figure-window.ts'
import { RequestRates } from './request-rates.ts'
import { plain } from './terminal.ts'
import { renderTop, type TopView } from './top-view.ts'

const view: TopView = {
  sort: 'name',
  selected: 'web',
  process: undefined,
  figures: new FigureWindow(),
  isHelp: false,
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
    'Latency and errors: set metrics.listen or dashboard.listen to have them.',
    '',
    'NAME   STATE     PID  REQ/S  SHARE  FLIGHT  DELAY  CPU   MEM  UPTIME  RESTARTS',
    'web:0  RUNNING  4212    600    40%       2  1.2ms  30%  86MB  12m 3s         0',
    'web:1  RUNNING  4213    900    60%       1  212ms  20%  82MB  12m 3s         0',
    '',
    'q quit  ? help  arrows choose  x restart  + - workers  R reload',
  ])
})

test('a program has no requests and no event loop, and says what it waits for', () => {
  const waits = { pid: undefined, state: 'STOPPED', rssBytes: 0, waitsFor: 'waits for redis to be ready' } as const
  const children = [
    childStatus({ kind: 'program', app: 'redis', name: 'redis:0', beatAgeMs: 4_900 }),
    childStatus({ kind: 'program', app: 'api', name: 'api:0', ...waits }),
  ]
  const wide = { ...view, width: 120 }
  assert.deepEqual(renderTop(treeStatus(children, { apps: [] }), ratesOf(children), wide).slice(1, 5), [
    '',
    'NAME     STATE     PID  REQ/S  SHARE  CONN  FLIGHT  DELAY  CPU   MEM  UPTIME  RESTARTS',
    'redis:0  RUNNING  4212      -      -     -       -      -   0%  82MB  12m 3s         0',
    'api:0    STOPPED     -      -      -     -       -      -    -     -       -         0  waits for redis to be ready',
  ])
})

test('workers are sorted by what is asked for, the largest first', () => {
  const order = (sort: TopView['sort']) =>
    renderTop(treeStatus(busy), ratesOf(busy), { ...view, sort, figures: counted() })
      .map(line => /^web:\d/.exec(line)?.[0])
      .filter(name => name !== undefined)
  assert.deepEqual(order('name'), ['web:0', 'web:1'])
  assert.deepEqual(order('cpu'), ['web:0', 'web:1'])
  assert.deepEqual(order('memory'), ['web:0', 'web:1'])
  assert.deepEqual(order('requests'), ['web:1', 'web:0'])
  assert.deepEqual(order('delay'), ['web:1', 'web:0'])
  assert.deepEqual(order('latency'), ['web:0', 'web:1'])
})

/** After ten seconds in which `web:0` has given 1,000 answers within 2.5 ms, 20 within 100 ms, and 5 errors. */
function counted(): FigureWindow {
  const figures = new FigureWindow()
  figures.update(treeFigures(), 0)
  figures.update(treeFigures({ fast: 1_000, slow: 20, errors: 5 }), 10_000)
  return figures
}

test('where figures are there, latency and errors are shown, and what is least needed makes room for them', () => {
  const lines = renderTop(treeStatus(busy), ratesOf(busy), { ...view, figures: counted() })
  assert.deepEqual(lines.slice(2, 8), [
    'APP  WORKERS  REQ/S  ERR/S    P50    P95   P99  CONN  FLIGHT  CPU    MEM  LISTEN',
    'web        2   1500    0.5  1.8ms  2.5ms  74ms    20       3  50%  168MB  127.0…',
    '',
    'NAME   STATE     PID  REQ/S  SHARE   P99  FLIGHT  DELAY  CPU   MEM  RESTARTS',
    'web:0  RUNNING  4212    600    40%  74ms       2  1.2ms  30%  86MB         0',
    'web:1  RUNNING  4213    900    60%     -       1  212ms  20%  82MB         0',
  ])
  const wide = renderTop(treeStatus(busy), ratesOf(busy), { ...view, figures: counted(), width: 120 })
  assert.match(wide[5] ?? '', /PID {2}REQ\/S {2}SHARE {3}P99 {2}CONN {2}FLIGHT .* UPTIME {2}RESTARTS$/)
})

test('a process that is chosen is marked also without colours, and seen wherever it stands', () => {
  const children = Array.from({ length: 64 }, (_, index) => childStatus({ index }))
  const shown = (process: string) => renderTop(treeStatus(children), ratesOf(children), { ...view, process })
  for (const process of ['web:0', 'web:30', 'web:63']) {
    const lines = shown(process)
    assert.equal(lines.length, 24)
    assert.deepEqual(
      lines.filter(line => line.startsWith('>')).map(line => line.split(' ')[0]),
      [`>${process}`],
    )
  }
  assert.ok(!shown('web:63').some(line => line.startsWith(' web:0 ')))
})

test('the last reload, and what cron runs next, are shown', () => {
  const lastReload = {
    ok: true,
    generation: 3,
    message: '2 workers replaced',
    at: '2026-01-01T00:03:00Z',
    durationMs: 840,
  }
  const entry = (index: number): CronStatus => ({
    name: `job-${index}`,
    schedule: '*/7 * * * *',
    timeZone: 'UTC',
    next: '2026-01-01T00:07:00Z',
    running: [],
    isWaiting: false,
    last: undefined,
    lastSuccessAt: undefined,
    runs: 0,
    failures: 0,
    skipped: 0,
  })
  const cron = Array.from({ length: 9 }, (_, index) => entry(index))
  const lines = renderTop(treeStatus(busy, { lastReload, cron }), ratesOf(busy), view)
  assert.equal(lines[1], 'Last reload 2m ago, in 840ms: 2 workers replaced')
  assert.match(lines.join('\n'), /\n\nCRON .*\njob-0 .* in 2m .*\njob-1 .*\njob-2 .*\n… 6 more\n\nq quit/)
  assert.ok(lines.length <= 24)
})

test('the help says what each key does, in the room that there is', () => {
  for (const height of [8, 24]) {
    const lines = renderTop(treeStatus(busy), ratesOf(busy), { ...view, isHelp: true, height })
    assert.equal(lines.length, height)
    assert.match(lines[2] ?? '', /^ {2}x {3,}restart it/)
    assert.match(lines.at(-1) ?? '', /^q quit/)
    assert.ok(lines.every(line => line.length <= 80))
  }
})

test('a blocked worker shows for how long nothing was heard of it, and missing ones are counted', () => {
  const children = [childStatus({ beatAgeMs: 12_300 }), childStatus({ index: 1, pid: undefined, state: 'BACKOFF' })]
  const lines = renderTop(treeStatus(children), ratesOf(children), view)
  assert.match(lines[3] ?? '', /^web {6}1\/2/)
  assert.match(lines[7] ?? '', / >12s /)
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
