/** What operators ask of single programs, and in which states: as `supervisorctl start` and `stop` have it. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import type { Child, GroupSpec, ProgramRules } from '../fleet.ts'

const rules: ProgramRules = {
  autostart: true,
  restart: 'on-failure',
  successExitCodes: [0],
  priority: 999,
  isProbed: false,
  stopSignal: 'SIGTERM',
  stopsGroup: true,
}
const redis: GroupSpec = {
  ...spec,
  kind: 'program',
  name: 'redis',
  workers: 1,
  timeoutMs: 0,
  fingerprint: '1',
  program: rules,
}

/** `redis:0 STARTING → RUNNING`, with the reason if there is one. */
function told(stage: Stage): string[] {
  const changes = stage.actions.flatMap(action => (action.do === 'state' ? action.change : []))
  stage.actions = stage.actions.filter(action => action.do !== 'state')
  return changes.map(
    ({ name, from, to, reason }) => `${name} ${from} → ${to}${reason === undefined ? '' : `: ${reason}`}`,
  )
}

function stateOf(stage: Stage, index = 0): string | undefined {
  const slot = stage.fleet.groups.get('redis')?.slots[index]
  return slot?.child?.state ?? slot?.emptyState
}

function lastAnswer(stage: Stage) {
  const { ok, message } = stage.settled().at(-1) ?? {}
  return [ok, message]
}

function ask(stage: Stage, type: 'halt' | 'start-places' | 'restart', target = 'redis') {
  stage.happen({ type, ticket: 1, target })
  return lastAnswer(stage)
}

/** Its one process. */
function only(stage: Stage): Child {
  const [child, ...others] = stage.fleet.children.values()
  assert.ok(child && others.length === 0)
  return child
}

function running(own: Partial<GroupSpec> = {}): Stage {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [{ ...redis, ...own }] })
  stage.pass(1_000)
  return stage
}

/** In BACKOFF after its first failed start, or, with more of them, FATAL. */
function failed(times = 1): Stage {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [redis] })
  for (let failures = 1; failures <= times; failures++) {
    stage.exit(only(stage), 1)
    if (failures < times) stage.pass(1_000)
  }
  return stage
}

/** It was up, has ended with success, and stays so. */
function exited(): Stage {
  const stage = running()
  stage.exit(only(stage), 0)
  assert.equal(stateOf(stage), 'EXITED')
  return stage
}

describe('a stop', () => {
  test('of a program that is tried again ends that', () => {
    const stage = failed()
    assert.deepEqual(told(stage), [
      'redis:0 STOPPED → STARTING',
      'redis:0 STARTING → BACKOFF: exited with code 1 before it was ready',
    ])
    assert.deepEqual(ask(stage, 'halt'), [true, 'redis: 1 stopping'])
    assert.deepEqual(told(stage), ['redis:0 BACKOFF → STOPPED: stop'])
    stage.pass(60_000)
    assert.equal(stateOf(stage), 'STOPPED')
  })

  test('of one that does not run says so, and changes nothing', () => {
    for (const [stage, state] of [
      [failed(4), 'FATAL'],
      [exited(), 'EXITED'],
    ] as const) {
      told(stage)
      assert.deepEqual(ask(stage, 'halt'), [true, `redis is not running: ${state}`])
      assert.deepEqual(told(stage), [])
      assert.equal(stateOf(stage), state)
    }
    const stage = running()
    ask(stage, 'halt')
    stage.exit(only(stage))
    assert.deepEqual(ask(stage, 'halt'), [true, 'redis is not running: STOPPED'])
  })

  test('of all stops what runs, and leaves alone what does not', () => {
    const stage = exited()
    const web = { ...spec, workers: 1 }
    stage.happen({ type: 'wanted', spec: web })
    stage.readyAll()
    told(stage)
    assert.deepEqual(ask(stage, 'halt', 'all'), [true, 'all: 1 stopping'])
    assert.deepEqual(told(stage), ['web:0 RUNNING → STOPPING: stop'])
  })

  test('of the workers alone spares the programs that they may need', () => {
    const stage = running()
    stage.happen({ type: 'wanted', spec: { ...spec, workers: 1 } })
    stage.readyAll()
    stage.take()
    stage.happen({ type: 'halt', ticket: 1, target: 'all', spares: 'programs' })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'settle true'])
  })

  test('of one that had to be killed leaves it STOPPED, and not tried again', () => {
    const stage = running()
    ask(stage, 'halt')
    stage.pass(6_000)
    stage.exit(only(stage), null, 'SIGKILL')
    stage.pass(60_000)
    assert.deepEqual(told(stage).slice(-2), [
      'redis:0 RUNNING → STOPPING: stop',
      'redis:0 STOPPING → STOPPED: did not end in time',
    ])
  })
})

describe('a start', () => {
  test('begins what was stopped, has ended or was given up, and is answered when it is up', () => {
    const stopped = running()
    ask(stopped, 'halt')
    stopped.exit(only(stopped))
    for (const [stage, state] of [
      [failed(4), 'FATAL'],
      [exited(), 'EXITED'],
      [stopped, 'STOPPED'],
    ] as const) {
      told(stage)
      stage.actions = []
      ask(stage, 'start-places')
      assert.deepEqual(told(stage), [`redis:0 ${state} → STARTING`])
      stage.pass(1_000)
      assert.deepEqual(lastAnswer(stage), [true, 'started'])
      assert.equal(stateOf(stage), 'RUNNING')
    }
  })

  test('of one that runs, or will be tried again, is refused and touches nothing', () => {
    for (const stage of [running(), failed()]) {
      const before = stateOf(stage)
      assert.deepEqual(ask(stage, 'start-places'), [false, 'redis is running already.'])
      assert.equal(stateOf(stage), before)
    }
  })

  test('of one that waits for another says for what', () => {
    const stage = running({ dependsOn: { db: 'ready' } })
    assert.deepEqual(ask(stage, 'start-places'), [
      false,
      'redis is running already: waits for db to be ready, which is not there.',
    ])
  })

  test('of several begins those that do not run', () => {
    const stage = running({ workers: 3 })
    stage.happen({ type: 'halt', ticket: 1, target: 'redis:1' })
    for (const child of stage.fleet.children.values()) if (child.index === 1) stage.exit(child)
    told(stage)
    ask(stage, 'start-places')
    stage.pass(1_000)
    assert.deepEqual(told(stage), ['redis:1 STOPPED → STARTING', 'redis:1 STARTING → RUNNING'])
    assert.deepEqual(lastAnswer(stage), [true, 'started'])
  })

  test('that fails says how the program has ended, and it is tried again', () => {
    const stage = exited()
    ask(stage, 'start-places')
    stage.exit(only(stage), 1)
    assert.deepEqual(lastAnswer(stage), [false, 'redis exited with code 1 before it was ready.'])
    assert.equal(stateOf(stage), 'BACKOFF')
  })
})

test('the start of one that waits for what fails to start ends: the reload that mends the other may begin', () => {
  const stage = new Stage()
  const db = { ...redis, name: 'db' }
  stage.happen({ type: 'start', specs: [db, { ...redis, dependsOn: { db: 'ready' as const } }] })
  assert.equal(ask(stage, 'restart')[0], undefined)
  stage.exit(only(stage), 1)
  assert.deepEqual(lastAnswer(stage), [false, 'redis waits for db to be ready.'])
  assert.equal(stage.fleet.operations.size, 0)
  stage.pass(1_000)
  stage.pass(1_000)
  assert.equal(stateOf(stage), 'STARTING', 'It still starts when the other is there.')
})

test('what ended and waits for another before it starts again keeps its state until it does', () => {
  const db: GroupSpec = { ...redis, name: 'db' }
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [db, { ...redis, dependsOn: { db: 'ready' } }] })
  stage.pass(1_000)
  stage.pass(1_000)
  const [first, second] = [stage.child('db:0'), stage.child('redis:0')]
  stage.exit(first, 1)
  told(stage)
  stage.exit(second, 1)
  assert.deepEqual(told(stage), ['redis:0 RUNNING → EXITED: exited with code 1'])
  assert.equal(stage.fleet.groups.get('redis')?.waitsFor, 'waits for db to be ready')
  stage.pass(1_500)
  assert.deepEqual(told(stage), ['db:0 STARTING → RUNNING', 'redis:0 EXITED → STARTING'])
})

test('a program that is given up was tried again before, as in the diagram of Supervisor', () => {
  const stage = failed(4)
  const why = 'exited with code 1 before it was ready'
  assert.deepEqual(told(stage).slice(-3), [
    'redis:0 BACKOFF → STARTING',
    `redis:0 STARTING → BACKOFF: ${why}`,
    `redis:0 BACKOFF → FATAL: ${why}`,
  ])
})

test('a program that has ended too early does not come up while its last words are read', () => {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [redis] })
  const child = only(stage)
  stage.now = 900
  stage.happen({ type: 'gone', id: child.id })
  stage.pass(250)
  stage.exit(child, 1)
  assert.deepEqual(told(stage).at(-1), 'redis:0 STARTING → BACKOFF: exited with code 1 before it was ready')
})
