import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import { type Child, nameOf } from '../fleet.ts'

const next = { ...spec, revision: 2 }

/** Four workers, and a reload that waits for the second new one. */
function halfway(): Stage {
  const stage = new Stage()
  stage.start({ ...spec, workers: 4 })
  stage.pass(2_000)
  stage.happen({ type: 'reload', ticket: 1, specs: [{ ...next, workers: 4 }] })
  stage.ready(stage.starting()[0] as Child)
  stage.take()
  return stage
}

/** `web:0 r2 g2` for each that serves, by place. */
function serving(stage: Stage): string[] {
  return stage
    .running()
    .map(child => `${nameOf(child)} r${child.revision} g${child.generation}`)
    .sort()
}

describe('a reload under way', () => {
  test('goes on with the next place when the one that rolls is stopped', () => {
    const stage = halfway()
    stage.happen({ type: 'halt', ticket: 2, target: 'web:1' })
    assert.deepEqual(stage.take(), ['drain web:1 g1', 'drain web:1 g2', 'settle true', 'spawn web:2 g2'])
    stage.readyAll()
    assert.deepEqual(stage.settled().at(-1)?.message, '3 workers replaced')
    assert.deepEqual(serving(stage), ['web:0 r2 g2', 'web:2 r2 g2', 'web:3 r2 g2'])
  })

  test('leaves stopped what was stopped before its turn came', () => {
    const stage = halfway()
    stage.happen({ type: 'halt', ticket: 2, target: 'web:2' })
    stage.readyAll()
    assert.equal(stage.settled().at(-1)?.ok, true)
    assert.deepEqual(serving(stage), ['web:0 r2 g2', 'web:1 r2 g2', 'web:3 r2 g2'])
    assert.equal(stage.slot(2).isHalted, true)
  })

  test('ends when all workers are stopped, and the next one runs', () => {
    for (const target of ['web', 'all']) {
      const stage = halfway()
      stage.happen({ type: 'halt', ticket: 2, target })
      assert.deepEqual(
        stage.settled().map(({ ticket, ok }) => [ticket, ok]),
        [
          [2, true],
          [1, true],
        ],
      )
      for (const child of [...stage.fleet.children.values()]) stage.exit(child)
      stage.happen({ type: 'restart', ticket: 3, target })
      stage.readyAll()
      assert.equal(stage.settled().at(-1)?.message, '4 workers replaced')
    }
  })

  test('ends when the places that are left are scaled away', () => {
    const stage = halfway()
    stage.happen({ type: 'scale', ticket: 2, target: 'web', workers: 1 })
    assert.deepEqual(
      stage.settled().map(({ ticket }) => ticket),
      [2, 1],
    )
    assert.deepEqual(serving(stage), ['web:0 r2 g2'])
  })

  test('rolls the places that a scale adds, so that they have what it brings', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    stage.take()
    stage.happen({ type: 'scale', ticket: 2, target: 'web', workers: 4 })
    assert.deepEqual(stage.take(), ['settle true'])
    stage.readyAll()
    assert.deepEqual(serving(stage), ['web:0 r2 g2', 'web:1 r2 g2', 'web:2 r2 g2', 'web:3 r2 g2'])
  })

  test('that fails starts the places that were added meanwhile, with the specification that holds', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    stage.happen({ type: 'scale', ticket: 2, target: 'web', workers: 3 })
    stage.exit(stage.starting()[0] as Child, 1)
    stage.readyAll()
    assert.deepEqual(serving(stage), ['web:0 r1 g1', 'web:1 r1 g1', 'web:2 r1 g1'])
  })

  test('rolls a place that it was to drop when a scale keeps it', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...next, workers: 1 }] })
    stage.happen({ type: 'scale', ticket: 2, target: 'web', workers: 2 })
    stage.readyAll()
    assert.deepEqual(serving(stage), ['web:0 r2 g2', 'web:1 r2 g2'])
  })

  test('shows a worker of the old configuration as one of the old generation', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    stage.take()
    stage.exit(stage.child('web:1'), null, 'SIGKILL')
    assert.deepEqual(stage.take(), ['spawn web:1 g1'])
  })

  test('refuses another one, which would take its places', () => {
    const stage = halfway()
    stage.happen({ type: 'restart', ticket: 2, target: 'web' })
    assert.deepEqual(stage.settled()[0], {
      do: 'settle',
      ticket: 2,
      ok: false,
      message: 'Another reload, restart or start is under way.',
    })
    stage.readyAll()
    assert.deepEqual(serving(stage), ['web:0 r2 g2', 'web:1 r2 g2', 'web:2 r2 g2', 'web:3 r2 g2'])
  })
})

test('a tree that stops refuses what was asked too late, starts nobody, and ends', () => {
  const stage = halfway()
  stage.happen({ type: 'stop', isQuick: false })
  stage.take()
  stage.happen({ type: 'reload', ticket: 2, specs: [{ ...next, revision: 3 }] })
  stage.happen({ type: 'restart', ticket: 3, target: 'all' })
  stage.happen({ type: 'scale', ticket: 4, target: 'web', workers: 8 })
  stage.happen({ type: 'halt', ticket: 5, target: 'web' })
  assert.deepEqual([...new Set(stage.settled().map(({ message }) => message))], ['The tree is stopping.'])
  assert.deepEqual(stage.take(), ['settle false', 'settle false', 'settle false', 'settle false'])
  for (const child of [...stage.fleet.children.values()]) stage.exit(child)
  assert.deepEqual(stage.take(), ['exit 0'])
})

describe('a stop of workers while the first one boots', () => {
  test('does not end the tree: they can be started again', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [spec] })
    const [first] = stage.starting() as [Child]
    stage.happen({ type: 'halt', ticket: 1, target: 'web' })
    stage.exit(first)
    assert.deepEqual(stage.take(), ['spawn web:0 g1', 'drain web:0 g1', 'settle true'])
    stage.happen({ type: 'restart', ticket: 2, target: 'web' })
    stage.readyAll()
    assert.deepEqual(serving(stage), ['web:0 r1 g1', 'web:1 r1 g1'])
    assert.equal(stage.fleet.phase, 'running')
  })

  test('lets another one show that the application works', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: [spec] })
    stage.take()
    stage.happen({ type: 'halt', ticket: 1, target: 'web:0' })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'spawn web:1 g1', 'settle true'])
    stage.readyAll()
    assert.equal(stage.fleet.phase, 'running')
  })
})

test('what is asked of no application at all is answered', () => {
  const stage = new Stage()
  stage.happen({ type: 'restart', ticket: 1, target: 'all' })
  stage.happen({ type: 'scale', ticket: 2, target: 'all', workers: 2 })
  assert.deepEqual(stage.take(), ['settle true', 'settle false'])
})
