import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ChildView, Sample, TreeView } from '../api.ts'
import { applyEvent, applyTick, eventsMax, stateWord, viewOfHello } from './live-state.ts'

const sample: Sample = {
  at: 1_000,
  requestsPerSecond: 10,
  errorsPerSecond: 0,
  p50Ms: 1,
  p90Ms: 2,
  p99Ms: 3,
  inFlight: 1,
  connections: 2,
  loopDelayMs: 1,
  cpuPercent: 5,
  rssBytes: 1e6,
}
const tree: TreeView = {
  name: 'shop',
  pid: 1,
  state: 'running',
  startedAt: 0,
  generation: 1,
  configFile: undefined,
  lastReload: undefined,
  apps: [],
  cron: [],
}

function childOf(name: string, changes: Partial<ChildView> = {}): ChildView {
  const [app = '', index] = name.split(':')
  return {
    id: `${name}:${changes.pid ?? 1}`,
    name,
    kind: 'web',
    app,
    index: Number(index),
    pid: 1,
    state: 'RUNNING',
    generation: 1,
    startedAt: 0,
    restarts: 0,
    lastExit: undefined,
    waitsFor: undefined,
    silentSince: undefined,
    connections: 0,
    inFlight: 0,
    requests: 0,
    loopDelayMs: 0,
    utilization: 0,
    cpuPercent: 0,
    rssBytes: 0,
    logDropped: 0,
    requestsPerSecond: undefined,
    ...changes,
  }
}

function helloOf(children: readonly ChildView[]) {
  return viewOfHello({ at: 1_000, tree, children, sample, events: [] })
}

const namesOf = (children: readonly ChildView[]) => children.map(({ id }) => id)

test('children stand by kind, group and place, and of two in a place the newer first', () => {
  const view = helloOf([
    childOf('store:0', { kind: 'store' }),
    childOf('web:10'),
    childOf('web:2', { pid: 7, generation: 1, state: 'STOPPING' }),
    childOf('web:2', { pid: 9, generation: 2 }),
    childOf('redis:0', { kind: 'program' }),
    childOf('admin:0'),
  ])
  assert.deepEqual(namesOf(view.children), ['admin:0:1', 'web:2:9', 'web:2:7', 'web:10:1', 'redis:0:1', 'store:0:1'])
})

test('a tick changes what it names, and leaves all else the same objects', () => {
  const before = helloOf([childOf('web:0'), childOf('web:1')])
  const after = applyTick(before, {
    at: 2_000,
    changed: [childOf('web:1', { inFlight: 3 }), childOf('web:2')],
    gone: [],
    sample: { ...sample, at: 2_000 },
  })
  assert.equal(after.children[0], before.children[0])
  assert.equal(after.children[1]?.inFlight, 3)
  assert.deepEqual(namesOf(after.children), ['web:0:1', 'web:1:1', 'web:2:1'])
  assert.equal(after.tree, before.tree)
  assert.equal(after.sample.at, 2_000)
})

test('a tick without a change leaves the list itself the same', () => {
  const before = helloOf([childOf('web:0')])
  const after = applyTick(before, { at: 2_000, changed: [], gone: [], sample })
  assert.equal(after.children, before.children)
})

test('who is gone is left out, and a new tree replaces the old one', () => {
  const before = helloOf([childOf('web:0'), childOf('web:1')])
  const after = applyTick(before, {
    at: 2_000,
    tree: { ...tree, generation: 2 },
    changed: [],
    gone: ['web:0:1', 'never:0:1'],
    sample,
  })
  assert.deepEqual(namesOf(after.children), ['web:1:1'])
  assert.equal(after.tree.generation, 2)
})

test('a state has one word: who is stopped drains, and who runs without a sign of life is silent', () => {
  assert.equal(stateWord(childOf('web:0')), 'running')
  assert.equal(stateWord(childOf('web:0', { silentSince: 5 })), 'silent')
  assert.equal(stateWord(childOf('web:0', { state: 'STOPPING', silentSince: 5 })), 'draining')
  assert.equal(stateWord(childOf('web:0', { state: 'BACKOFF', silentSince: 5 })), 'backoff')
})

test('only the latest events are kept', () => {
  let view = helloOf([])
  for (let number = 0; number <= eventsMax; number++) {
    view = applyEvent(view, { time: '', event: 'reload.done', generation: number })
  }
  assert.equal(view.events.length, eventsMax)
  assert.equal(view.events[0]?.generation, 1)
  assert.equal(view.events.at(-1)?.generation, eventsMax)
})
