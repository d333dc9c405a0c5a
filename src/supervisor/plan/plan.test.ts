import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import type { Child } from '../fleet.ts'
import { nextTickMs } from './plan.ts'

describe('a start', () => {
  test('begins with one worker, and the others follow when it is ready', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [{ ...spec, workers: 3 }] })
    assert.deepEqual(stage.take(), ['spawn web:0 g1'])
    stage.readyAll()
    assert.deepEqual(stage.take(), ['spawn web:1 g1', 'spawn web:2 g1'])
    assert.equal(stage.fleet.phase, 'running')
  })

  test('whose first boot throws ends with an error at once, without retries', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [spec] })
    const [child] = stage.starting() as [Child]
    stage.happen({ type: 'boot-failed', id: child.id, message: 'no such module', stack: '' })
    stage.exit(child, 1)
    assert.deepEqual(stage.take(), ['spawn web:0 g1', 'exit 1'])
    assert.equal(stage.slot(0).lastExit?.reason, 'could not boot: no such module')
  })

  test('of two applications goes on when one of them cannot boot', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [spec, { ...spec, name: 'api' }] })
    const [web, api] = stage.starting() as [Child, Child]
    stage.happen({ type: 'boot-failed', id: web.id, message: 'no', stack: '' })
    stage.exit(web, 1)
    stage.ready(api)
    stage.readyAll()
    assert.equal(stage.fleet.phase, 'running')
    assert.equal(stage.slot(0).emptyState, 'FATAL')
    assert.equal(stage.running().length, 2)
  })
})

describe('a worker that ends by itself', () => {
  test('after a good run is replaced at once', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.take()
    stage.exit(stage.child('web:1'), null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['spawn web:1 g1'])
    assert.equal(stage.slot(1).restarts, 1)
    assert.equal(stage.slot(1).lastExit?.reason, 'killed by SIGKILL')
  })

  test('too early waits longer each time, and is FATAL after startRetries; the others go on', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    const waits: number[] = []
    stage.exit(stage.child('web:1'), 1)
    for (let i = 0; i < 4; i++) {
      const [child] = stage.starting() as [Child]
      stage.ready(child)
      stage.exit(child, 1)
      const { retryAt } = stage.slot(1)
      if (retryAt === undefined) break
      waits.push(retryAt - stage.now)
      stage.now = retryAt
      stage.happen({ type: 'tick' })
    }
    assert.deepEqual(waits, [100, 200, 400])
    assert.equal(stage.slot(1).emptyState, 'FATAL')
    assert.equal(stage.slot(1).lastExit?.reason, 'exited with code 1')
    assert.equal(stage.child('web:0').state, 'RUNNING')
    assert.equal(stage.fleet.phase, 'running')
  })

  test('with a reason says it', () => {
    const stage = new Stage()
    stage.start()
    const child = stage.child('web:0')
    stage.happen({ type: 'last-words', id: child.id, message: 'x is not a function' })
    stage.exit(child, 1)
    assert.equal(stage.slot(0).lastExit?.reason, 'exited with code 1: x is not a function')
  })
})

describe('a worker that hangs', () => {
  test('is replaced at once, asked for its stack, then killed', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.take()
    const stuck = stage.child('web:0')
    stage.pass(30_000, { silent: [stuck] })
    assert.deepEqual(stage.take(), ['spawn web:0 g1', 'ask-stack web:0 g1'])
    stage.happen({ type: 'stack', id: stuck.id, where: 'parseCsv (src/import.ts:41)', stack: '' })
    assert.deepEqual(stage.take(), ['kill web:0 g1'])
    stage.exit(stuck, null, 'SIGKILL')
    assert.equal(stage.slot(0).lastExit?.reason, 'blocked 30.0s in parseCsv (src/import.ts:41)')
    assert.equal(stage.slot(0).restarts, 1)
  })

  test('while its heap snapshot is taken is left alone, for some minutes, and has its whole time afterwards', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    const still = stage.child('web:0')
    stage.happen({ type: 'stands-still', id: still.id, forMs: 300_000 })
    stage.pass(200_000, { silent: [still] })
    stage.happen({ type: 'stands-still', id: still.id, forMs: 0 })
    stage.pass(29_000, { silent: [still] })
    assert.equal(still.state, 'RUNNING')
    stage.pass(1_000, { silent: [still] })
    assert.equal(still.state, 'STOPPING')

    const other = stage.child('web:1')
    stage.happen({ type: 'stands-still', id: other.id, forMs: 300_000 })
    stage.pass(300_000, { silent: [other] })
    assert.equal(other.state, 'STOPPING')
  })

  test('is not kept alive by heap snapshots that fail at once', () => {
    const stage = new Stage()
    stage.start()
    const stuck = stage.child('web:0')
    for (let second = 0; second < 31; second++) {
      stage.happen({ type: 'stands-still', id: stuck.id, forMs: 300_000 })
      stage.happen({ type: 'stands-still', id: stuck.id, forMs: 0 })
      stage.pass(1_000, { silent: [stuck] })
    }
    assert.equal(stuck.state, 'STOPPING')
  })

  test('in its boot, for a heap snapshot, has that time for its boot afterwards', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.exit(stage.child('web:1'), 1)
    const [booting] = stage.starting() as [Child]
    const { readyBy } = booting
    stage.happen({ type: 'stands-still', id: booting.id, forMs: 300_000 })
    stage.pass(60_000)
    stage.happen({ type: 'stands-still', id: booting.id, forMs: 0 })
    assert.equal(booting.readyBy, readyBy + 60_000)
    assert.equal(booting.state, 'STARTING')
  })

  test('and gives no stack is killed within four seconds all the same', () => {
    const stage = new Stage()
    stage.start()
    const stuck = stage.child('web:0')
    stage.pass(34_000, { silent: [stuck] })
    assert.ok(stage.take().includes('kill web:0 g1'))
  })

  test('in its boot is killed after bootTimeout and tried again', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.exit(stage.child('web:1'), 1)
    stage.take()
    stage.pass(14_000)
    assert.ok(stage.take().includes('kill web:1 g1'))
    const [stuck] = [...stage.fleet.children.values()].filter(child => child.doom) as [Child]
    stage.exit(stuck, null, 'SIGKILL')
    assert.match(stage.slot(1).lastExit?.reason ?? '', /^was not ready after 10\.\ds$/)
    assert.equal(stage.slot(1).emptyState, 'BACKOFF')
  })

  test('and says what it waits for is quoted: once as a warning, and with the reason of its end', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [{ ...spec, workers: 1, scaling: { min: 1, max: 1 } }] })
    const [stuck] = stage.starting() as [Child]
    const reasons = ['GET /ready got no answer, expected 200', 'GET /ready was answered with 404, expected 200']
    for (const reason of reasons) stage.happen({ type: 'waiting', id: stuck.id, reason })
    stage.pass(10_500)
    stage.happen({ type: 'stack', id: stuck.id, where: 'wait (probe.ts:1)', stack: '' })
    const logged = stage.actions.filter(action => action.do === 'log')
    const [warned, ...more] = logged.filter(({ event }) => event === 'worker.waiting')
    assert.deepEqual([warned?.fields.reason, more.length], [reasons[0], 0])
    const failed = logged.find(({ event }) => event === 'worker.not-ready')
    assert.match(
      String(failed?.fields.reason),
      /^was not ready after 10\.\ds: GET \/ready was answered with 404, expected 200$/,
    )
  })

  test('is not blamed for a time in which the supervisor itself was suspended', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(1_000)
    stage.take()
    stage.now += 60_000
    stage.happen({ type: 'tick' })
    assert.deepEqual(stage.take(), [])
    stage.pass(29_000, { silent: stage.running() })
    assert.deepEqual(stage.take(), [])
    stage.pass(2_000, { silent: stage.running() })
    assert.ok(stage.take().includes('ask-stack web:0 g1'))
  })

  test('is not blamed for a sign of life that waits to be read, while the supervisor does not run for a second', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(1_000)
    stage.take()
    stage.pass(28_500, { silent: stage.running() })
    stage.now += 2_000
    stage.happen({ type: 'tick' })
    assert.deepEqual(stage.take(), [])
    stage.pass(1_000, { silent: stage.running() })
    assert.ok(stage.take().includes('ask-stack web:0 g1'))
  })
})

describe('a stop', () => {
  test('drains all, kills who takes too long, and ends with the last one', () => {
    const stage = new Stage()
    stage.start()
    stage.take()
    const [a, b] = stage.running() as [Child, Child]
    stage.happen({ type: 'stop', isQuick: false })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
    stage.exit(a)
    stage.pass(7_000)
    assert.deepEqual(stage.take(), ['kill web:1 g1'])
    stage.exit(b, null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['exit 0'])
  })

  test('that is asked for twice is quick', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'stop', isQuick: false })
    stage.take()
    stage.happen({ type: 'stop', isQuick: false })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['kill web:0 g1', 'kill web:1 g1'])
  })

  test('with a delay keeps serving for that long', () => {
    const stage = new Stage()
    stage.start({ ...spec, stopDelayMs: 3_000 })
    stage.take()
    stage.happen({ type: 'stop', isQuick: false })
    stage.pass(2_500)
    assert.deepEqual(stage.take(), [])
    stage.pass(500)
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
  })

  test('ends a reload that is under way', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...spec, revision: 2 }] })
    stage.happen({ type: 'stop', isQuick: false })
    assert.equal(stage.settled()[0]?.ok, false)
    for (const child of [...stage.fleet.children.values()]) stage.exit(child)
    assert.ok(stage.take().includes('exit 0'))
  })

  test('starts nobody again who dies meanwhile', () => {
    const stage = new Stage()
    stage.start()
    const [a, b] = stage.running() as [Child, Child]
    stage.happen({ type: 'stop', isQuick: false })
    stage.take()
    stage.exit(a, 1)
    stage.exit(b, null, 'SIGSEGV')
    assert.deepEqual(stage.take(), ['exit 0'])
  })
})

describe('scaling', () => {
  test('up starts, down drains the highest', () => {
    const stage = new Stage()
    stage.start()
    stage.take()
    stage.happen({ type: 'scale', ticket: 1, target: 'web', workers: 3 })
    assert.deepEqual(stage.take(), ['spawn web:2 g1', 'settle true'])
    stage.readyAll()
    stage.happen({ type: 'scale', ticket: 2, target: 'web', workers: 1 })
    assert.deepEqual(stage.take(), ['drain web:1 g1', 'drain web:2 g1', 'settle true'])
  })

  test('to nonsense, or of what is not there, is refused with a suggestion', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'scale', ticket: 1, target: 'web', workers: 0 })
    stage.happen({ type: 'scale', ticket: 2, target: 'wbe', workers: 2 })
    const messages = stage.settled().map(action => action.message)
    assert.match(messages[0] ?? '', /expected a number of workers from 1 to 1024, got 0/)
    assert.match(messages[1] ?? '', /Nothing here is named "wbe", did you mean web\?/)
  })
})

test('the next look is at the earliest deadline, and at most a second away', () => {
  const stage = new Stage()
  stage.start()
  assert.equal(nextTickMs(stage.fleet, stage.now), 1_000)
  stage.exit(stage.child('web:0'), 1)
  assert.equal(nextTickMs(stage.fleet, stage.now), 100)
})
