import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { WorkerFigures } from '../ipc/figures.ts'
import { Figures } from './figures.ts'
import { type Child, createFleet, createGroup, type Fleet, type GroupSpec } from './fleet.ts'
import { sumFigures } from './sum-figures.ts'

const spec = { kind: 'web', name: 'web', revision: 1, workers: 0 } as unknown as GroupSpec
let lastId = 0

interface Stage {
  readonly fleet: Fleet
  readonly figures: Figures
  child(given?: Partial<Child>): Child
  reload(revision: number): void
}

function createStage(): Stage {
  const fleet = createFleet(0)
  fleet.groups.set('web', createGroup(spec, 1))
  const figures = new Figures({ fleet, definitions: { appOfGroup: () => undefined }, sockets: { of: () => [] } })
  return {
    fleet,
    figures,
    child: given => {
      const id = ++lastId
      const child = {
        id,
        kind: 'web',
        group: 'web',
        index: 0,
        revision: 1,
        pid: 100 + id,
        state: 'RUNNING',
        isGone: false,
        ...given,
      } as Child
      fleet.children.set(id, child)
      return child
    },
    reload: revision => void fleet.groups.set('web', createGroup({ ...spec, revision }, 2)),
  }
}

function answered(count: number, ...rules: string[]): WorkerFigures {
  const routes = rules.map(rule => ({ step: 'redirect', rule, requests: count }))
  const edge = { routes, refusals: {}, upstreams: [] }
  return { ...sumFigures([]), responses: [0, count, 0, 0, 0], ...(rules.length > 0 && { edge }) }
}

function successes({ figures }: Stage): number | undefined {
  return figures.apps[0]?.responses[1]
}

test('the figures of an application are the sum over its workers', () => {
  const stage = createStage()
  const [a, b] = [stage.child(), stage.child({ index: 1 })]
  stage.figures.receive(a, answered(3))
  stage.figures.receive(b, answered(4))
  stage.figures.receive(a, answered(5))
  assert.equal(successes(stage), 9)
  assert.deepEqual(
    stage.figures.workers.map(({ worker, responses }) => [worker, responses[1]]),
    [
      ['web:0', 5],
      ['web:1', 4],
    ],
  )
})

test('a worker that has ended is counted on, and what it says late, too', () => {
  const stage = createStage()
  const child = stage.child()
  stage.figures.receive(child, answered(3))
  stage.fleet.children.delete(child.id)
  stage.figures.ended(child)
  assert.equal(successes(stage), 3)
  stage.figures.receive(child, answered(7))
  assert.equal(successes(stage), 7)
  stage.figures.receive(stage.child(), answered(1))
  assert.equal(successes(stage), 8)
  assert.deepEqual(
    stage.figures.workers.map(({ responses }) => responses[1]),
    [1],
  )
})

test('starts and deaths are counted, and an end that was asked for is no death', () => {
  const { figures, child } = createStage()
  const [drained, killed] = [child(), child()]
  figures.started(drained)
  figures.started(killed)
  figures.asked(drained)
  figures.ended(drained)
  figures.ended(killed)
  assert.deepEqual([figures.apps[0]?.starts, figures.apps[0]?.deaths], [2, 1])
})

test('rules that a reload has taken away are counted until the last worker that had them is gone', () => {
  const stage = createStage()
  const old = stage.child()
  stage.figures.receive(old, answered(1, '/a', '/b'))
  const young = stage.child({ revision: 2 })
  stage.figures.receive(young, answered(1, '/a'))
  stage.reload(2)
  const rules = () => stage.figures.apps[0]?.edge?.routes.map(({ rule, requests }) => [rule, requests])
  stage.figures.receive(old, answered(2, '/a', '/b'))
  assert.deepEqual(rules(), [
    ['/a', 3],
    ['/b', 2],
  ])
  stage.fleet.children.delete(old.id)
  stage.figures.receive(young, answered(2, '/a'))
  assert.deepEqual(rules(), [['/a', 4]])
})

test('a worker that is drained while it boots takes no rules away', () => {
  const stage = createStage()
  stage.figures.receive(stage.child(), answered(3, '/a'))
  for (const state of ['STARTING', 'STOPPING'] as const) {
    stage.figures.receive(stage.child({ index: 1, state }), answered(0))
    assert.deepEqual(stage.figures.apps[0]?.edge?.routes, [{ step: 'redirect', rule: '/a', requests: 3 }])
  }
})

test('the sums of an application leave with it', () => {
  const stage = createStage()
  const child = stage.child()
  stage.figures.receive(child, answered(3))
  const group = stage.fleet.groups.get('web')
  assert.ok(group)
  stage.fleet.groups.delete('web')
  stage.figures.forgetUnused()
  stage.figures.receive(child, answered(4))
  stage.fleet.groups.set('web', group)
  assert.equal(successes(stage), 0)
})

test('what is no worker of an application is not counted', () => {
  const { figures, child } = createStage()
  figures.started(child({ kind: 'tasks' }))
  assert.deepEqual([figures.apps[0]?.starts, figures.workers], [0, []])
})
