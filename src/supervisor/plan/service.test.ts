/** A child that is no worker, as the shared store has one: what is different in its life. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec as web } from '../../../test/support/plan-stage.ts'
import type { GroupSpec } from '../fleet.ts'

const store: GroupSpec = {
  ...web,
  kind: 'store',
  name: 'store',
  revision: 0,
  workers: 1,
  scaling: { min: 1, max: 1 },
  timeoutMs: 0,
}

function started(): Stage {
  const stage = new Stage()
  stage.start(web, store)
  stage.take()
  return stage
}

const storeSlot = (stage: Stage) => stage.fleet.groups.get('store')?.slots[0]

describe('a service', () => {
  test('starts with the first worker, and the tree does not wait for it', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [web, store] })
    assert.deepEqual(stage.take(), ['spawn web:0 g1', 'spawn store:0 g1'])
    for (const child of stage.starting()) if (child.kind === 'web') stage.ready(child)
    for (const child of stage.starting()) if (child.kind === 'web') stage.ready(child)
    assert.equal(stage.fleet.phase, 'running')
    assert.deepEqual(
      stage.starting().map(({ kind }) => kind),
      ['store'],
    )
  })

  test('is started once by all who want it', () => {
    const stage = new Stage()
    stage.start(web)
    stage.take()
    for (let i = 0; i < 3; i++) stage.happen({ type: 'wanted', spec: store })
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
  })

  test('that an operator has stopped, or that has failed, is not started by those who want it', () => {
    const stage = started()
    stage.happen({ type: 'halt', ticket: 1, target: 'store' })
    stage.exit(stage.fleet.children.get(storeId(stage)) ?? assert.fail())
    stage.take()
    stage.happen({ type: 'wanted', spec: store })
    assert.deepEqual(stage.take(), [])
    assert.equal(storeSlot(stage)?.emptyState, 'STOPPED')
  })

  test('comes back at once after a good run, later after a short one, and is FATAL after startRetries; the workers stay', () => {
    const stage = started()
    stage.pass(2_000)
    stage.exit(stage.child('store:0'), null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
    for (let failures = 1; failures <= web.startRetries + 1; failures++) {
      stage.readyAll()
      stage.exit(stage.child('store:0'), 1)
      if (failures <= web.startRetries) assert.equal(storeSlot(stage)?.emptyState, 'BACKOFF')
      stage.pass(10_000)
    }
    assert.equal(storeSlot(stage)?.emptyState, 'FATAL')
    assert.equal(stage.fleet.phase, 'running')
    assert.equal(stage.running().length, 2)
  })

  test('does not end a tree that has failed to start by being there, nor its own failure', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [web, store] })
    const [first, service] = stage.starting()
    assert.ok(first && service)
    stage.ready(service)
    stage.happen({ type: 'boot-failed', id: first.id, message: 'no', stack: '' })
    stage.take()
    stage.exit(first, 1)
    assert.deepEqual(stage.take(), ['drain store:0 g1'])
    stage.exit(service)
    assert.deepEqual(stage.take(), ['exit 1'])

    const other = new Stage()
    other.happen({ type: 'start', specs: [web, store] })
    const failing = other.starting()[1] ?? assert.fail()
    other.happen({ type: 'boot-failed', id: failing.id, message: 'no', stack: '' })
    other.exit(failing, 1)
    other.readyAll()
    assert.equal(other.fleet.phase, 'running')
  })

  test('is not touched by a reload, nor by a restart or stop of all', () => {
    const stage = started()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...web, revision: 2 }] })
    stage.readyAll()
    stage.readyAll()
    stage.happen({ type: 'restart', ticket: 2, target: 'all' })
    stage.happen({ type: 'halt', ticket: 3, target: 'all' })
    assert.ok(!stage.take().some(word => word.includes('store')))
  })

  test('is started by the reload that brings it', () => {
    const stage = new Stage()
    stage.start(web)
    stage.take()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...web, revision: 2 }, store] })
    assert.ok(stage.take().includes('spawn store:0 g1'))
  })

  test('is restarted by its name: the old one ends before the new one begins', () => {
    const stage = started()
    const old = stage.child('store:0')
    stage.happen({ type: 'restart', ticket: 1, target: 'store:0' })
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['drain store:0 g1'])
    stage.exit(old)
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
    stage.readyAll()
    assert.deepEqual(stage.take(), ['settle true'])
    assert.equal(storeSlot(stage)?.restarts, 0)
  })

  test('whose restart fails says so, and is tried again', () => {
    const stage = started()
    const old = stage.child('store:0')
    stage.happen({ type: 'restart', ticket: 1, target: 'store' })
    stage.exit(old)
    const next = stage.starting()[0] ?? assert.fail()
    stage.exit(next, 1)
    assert.deepEqual(stage.settled().at(-1)?.message, 'store exited with code 1 before it was ready.')
    stage.take()
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
  })

  test('that hangs is killed before the next one is started', () => {
    const stage = new Stage()
    stage.start(web, { ...store, timeoutMs: 5_000 })
    stage.take()
    const stuck = stage.child('store:0')
    stage.pass(6_500, { silent: [stuck] })
    assert.deepEqual(stage.take(), ['ask-stack store:0 g1', 'kill store:0 g1'])
    stage.exit(stuck, null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
  })

  test('cannot be scaled', () => {
    const stage = started()
    stage.happen({ type: 'scale', ticket: 1, target: 'store', workers: 2 })
    assert.deepEqual(stage.take(), ['settle false'])
  })
})

describe('a stop', () => {
  test('ends it when the last worker is gone, and the tree with it', () => {
    const stage = started()
    const [first, second, service] = [stage.child('web:0'), stage.child('web:1'), stage.child('store:0')]
    stage.happen({ type: 'stop', isQuick: false })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
    stage.exit(first)
    assert.deepEqual(stage.take(), [])
    stage.exit(second)
    assert.deepEqual(stage.take(), ['drain store:0 g1'])
    stage.pass(500)
    assert.deepEqual(stage.take(), [])
    stage.exit(service)
    assert.deepEqual(stage.take(), ['exit 0'])
  })

  test('starts it again for those that drain, and not for nobody', () => {
    const stage = started()
    const workers = [stage.child('web:0'), stage.child('web:1')]
    stage.pass(2_000)
    stage.happen({ type: 'stop', isQuick: false })
    stage.take()
    stage.exit(stage.child('store:0'), null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
    for (const worker of workers) stage.exit(worker)
    assert.deepEqual(stage.take(), ['drain store:0 g1'])
    stage.exit([...stage.fleet.children.values()][0] ?? assert.fail(), null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['exit 0'])
  })

  test('starts it for those that drain and have not used it before', () => {
    const stage = new Stage()
    stage.start(web)
    stage.happen({ type: 'stop', isQuick: false })
    stage.take()
    stage.happen({ type: 'wanted', spec: store })
    assert.deepEqual(stage.take(), ['spawn store:0 g1'])
  })

  test('that is quick hurries it when the others are gone, and kills it after a second', () => {
    const stage = started()
    const workers = [stage.child('web:0'), stage.child('web:1')]
    stage.happen({ type: 'stop', isQuick: true })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
    for (const worker of workers) stage.exit(worker)
    assert.deepEqual(stage.take(), ['drain store:0 g1'])
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['kill store:0 g1'])
  })

  test('asked for twice hurries one that ends already', () => {
    const stage = started()
    const workers = [stage.child('web:0'), stage.child('web:1')]
    stage.happen({ type: 'stop', isQuick: false })
    for (const worker of workers) stage.exit(worker)
    stage.take()
    stage.happen({ type: 'stop', isQuick: false })
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['drain store:0 g1', 'kill store:0 g1'])
  })
})

function storeId(stage: Stage): number {
  return [...stage.fleet.children.values()].find(({ kind }) => kind === 'store')?.id ?? 0
}
