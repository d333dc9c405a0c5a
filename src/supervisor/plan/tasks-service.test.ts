/** Children that run tasks: several, rolled as workers are, and needed by those until they are gone. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Stage, spec as web } from '../../../test/support/plan-stage.ts'
import { type GroupSpec, nameOf } from '../fleet.ts'

const store: GroupSpec = { ...web, kind: 'store', name: 'store', revision: 0, workers: 1, scaling: { min: 1, max: 1 } }
const io: GroupSpec = { ...web, kind: 'tasks', name: 'tasks:io' }

function started(): Stage {
  const stage = new Stage()
  stage.start(web, store, io)
  stage.take()
  return stage
}

const draining = (stage: Stage, name: string) =>
  [...stage.fleet.children.values()].find(child => nameOf(child) === name) ?? assert.fail(`${name} is gone`)

const laneOf = (stage: Stage) =>
  [...stage.fleet.children.values()].filter(({ kind }) => kind === 'tasks').map(({ lane }) => lane)

test('a stop ends the workers first, then who runs tasks, and the store last', () => {
  const stage = started()
  stage.happen({ type: 'stop', isQuick: false })
  assert.deepEqual(stage.take(), ['drain web:0 g1', 'drain web:1 g1'])
  stage.exit(draining(stage, 'web:0'))
  assert.deepEqual(stage.take(), [])
  stage.exit(draining(stage, 'web:1'))
  assert.deepEqual(stage.take(), ['drain tasks:io:0 g1', 'drain tasks:io:1 g1'])
  stage.exit(draining(stage, 'tasks:io:0'))
  stage.exit(draining(stage, 'tasks:io:1'))
  assert.deepEqual(stage.take(), ['drain store:0 g1'])
  stage.exit(draining(stage, 'store:0'))
  assert.deepEqual(stage.take(), ['exit 0'])
})

test('who runs tasks and ends while the workers drain is started again', () => {
  const stage = started()
  stage.pass(2_000)
  stage.happen({ type: 'stop', isQuick: false })
  stage.take()
  stage.exit(stage.child('tasks:io:0'), null, 'SIGKILL')
  assert.deepEqual(stage.take(), ['spawn tasks:io:0 g1'])
})

test('a tree whose workers cannot serve ends with its failure, whatever runs tasks', () => {
  const stage = new Stage()
  stage.happen({ type: 'start', specs: [web, io] })
  for (const child of stage.starting()) if (child.kind === 'tasks') stage.ready(child)
  stage.take()
  const worker = stage.starting().find(({ kind }) => kind === 'web') ?? assert.fail()
  stage.happen({ type: 'boot-failed', id: worker.id, message: 'no such file', stack: '' })
  stage.exit(worker, 1)
  assert.equal(stage.fleet.phase, 'stopping')
  assert.equal(stage.fleet.exitCode, 1)
})

test('a reload rolls them: the old one drains beside its successor, in a lane of its own', () => {
  const stage = started()
  assert.deepEqual(laneOf(stage), [0, 0])
  stage.happen({ type: 'reload', ticket: 1, specs: [{ ...web, revision: 2 }, store, { ...io, revision: 2 }] })
  assert.deepEqual(
    stage.take().filter(word => word.includes('tasks')),
    ['spawn tasks:io:0 g2'],
  )
  assert.deepEqual(laneOf(stage), [0, 0, 1])
  const next = stage.starting().find(({ kind }) => kind === 'tasks') ?? assert.fail()
  stage.ready(next)
  assert.deepEqual(
    stage.take().filter(word => word.includes('tasks')),
    ['drain tasks:io:0 g1', 'spawn tasks:io:1 g2'],
  )
})
