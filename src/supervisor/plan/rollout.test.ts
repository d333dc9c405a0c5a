import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage, spec } from '../../../test/support/plan-stage.ts'
import { type Child, nameOf } from '../fleet.ts'

describe('a reload', () => {
  const next = { ...spec, revision: 2 }

  test('replaces one worker after the other: start, wait until ready, drain, next', () => {
    const stage = new Stage()
    stage.start()
    stage.take()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    assert.deepEqual(stage.take(), ['spawn web:0 g2'])
    stage.ready(stage.starting()[0] as Child)
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'spawn web:1 g2'])
    stage.ready(stage.starting()[0] as Child)
    assert.deepEqual(stage.take(), ['drain web:1 g1', 'settle true'])
    assert.equal(stage.fleet.groups.get('web')?.spec.revision, 2)
  })

  test('whose first worker does not boot changes nothing, and the old specification holds', () => {
    const stage = new Stage()
    stage.start()
    stage.take()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    const [fresh] = stage.starting() as [Child]
    stage.happen({ type: 'boot-failed', id: fresh.id, message: 'SyntaxError', stack: '' })
    stage.exit(fresh, 1)
    const [settle] = stage.settled()
    assert.equal(settle?.ok, false)
    assert.match(
      settle?.message ?? '',
      /^web: the new worker could not boot: SyntaxError; the old workers keep serving/,
    )
    assert.deepEqual(stage.running().map(nameOf), ['web:0', 'web:1'])
    assert.equal(stage.fleet.groups.get('web')?.spec.revision, 1)
  })

  test('whose worker hangs in its boot stops after bootTimeout', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    const [fresh] = stage.starting() as [Child]
    stage.pass(12_000)
    stage.exit(fresh, null, 'SIGKILL')
    assert.equal(stage.settled()[0]?.ok, false)
    assert.equal(stage.running().length, 2)
  })

  test('goes on when the old worker dies while its successor boots', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    stage.exit(stage.child('web:0'), null, 'SIGKILL')
    stage.take()
    stage.readyAll()
    assert.deepEqual(stage.take(), ['spawn web:1 g2', 'drain web:1 g1', 'settle true'])
    assert.equal(stage.running().length, 2)
  })

  test('asks one that still boots to end, and does not kill it: it may have taken connections by now', () => {
    const stage = new Stage()
    stage.start()
    stage.pass(2_000)
    stage.exit(stage.child('web:0'), 1)
    stage.take()
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'spawn web:0 g2'])
  })

  test('revives a place that is FATAL', () => {
    const stage = new Stage()
    stage.start()
    const slot = stage.slot(1)
    stage.exit(stage.child('web:1'), 1)
    slot.retryAt = undefined
    slot.emptyState = 'FATAL'
    stage.happen({ type: 'reload', ticket: 1, specs: [next] })
    stage.readyAll()
    assert.deepEqual(stage.running().map(nameOf), ['web:0', 'web:1'])
  })

  test('with fewer workers drains the surplus, with more starts them', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...next, workers: 3 }] })
    stage.readyAll()
    assert.equal(stage.running().length, 3)
    stage.take()
    stage.happen({ type: 'reload', ticket: 2, specs: [{ ...next, revision: 3, workers: 1 }] })
    stage.readyAll()
    assert.deepEqual(stage.running().map(nameOf), ['web:0'])
    assert.ok(stage.take().includes('drain web:2 g2'))
  })

  test('starts an application that is new and drains one that is gone', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...next, name: 'api' }] })
    assert.deepEqual(stage.take().slice(-3), ['drain web:0 g1', 'drain web:1 g1', 'spawn api:0 g2'])
    stage.readyAll()
    assert.deepEqual(stage.running().map(nameOf), ['api:0', 'api:1'])
  })

  test('leaves alone what an operator stopped', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'halt', ticket: 1, target: 'web:1' })
    stage.happen({ type: 'reload', ticket: 2, specs: [next] })
    stage.readyAll()
    assert.deepEqual(stage.running().map(nameOf), ['web:0'])
    stage.happen({ type: 'restart', ticket: 3, target: 'web:1' })
    stage.readyAll()
    assert.deepEqual(stage.running().map(nameOf).sort(), ['web:0', 'web:1'])
  })
})

describe('recycling', () => {
  test('replaces one worker at a time, and the old one serves until the new one is ready', () => {
    const stage = new Stage()
    stage.start({ ...spec, softBytes: 100e6 })
    stage.take()
    for (const child of stage.running()) stage.beat(child, { rssBytes: 150e6 })
    assert.deepEqual(stage.take(), ['spawn web:0 g1'])
    stage.ready(stage.starting()[0] as Child)
    assert.deepEqual(stage.take(), ['drain web:0 g1', 'spawn web:1 g1'])
  })

  test('takes the oldest worker first, so that each gets its turn where they wear out as fast as they boot', () => {
    const stage = new Stage()
    stage.start({ ...spec, workers: 3, softBytes: 100e6 })
    for (const child of stage.running()) stage.beat(child, { rssBytes: 150e6 })
    const recycled = Array.from({ length: 4 }, () => {
      const [fresh] = stage.starting() as [Child]
      stage.ready(fresh)
      stage.beat(fresh, { rssBytes: 150e6 })
      return nameOf(fresh)
    })
    assert.deepEqual(recycled, ['web:0', 'web:1', 'web:2', 'web:0'])
  })

  test('kills above the hard limit and fills the place at once', () => {
    const stage = new Stage()
    stage.start({ ...spec, hardBytes: 100e6 })
    stage.take()
    const fat = stage.child('web:0')
    stage.beat(fat, { rssBytes: 150e6 })
    assert.deepEqual(stage.take().sort(), ['kill web:0 g1', 'spawn web:0 g1'])
    stage.exit(fat, null, 'SIGKILL')
    assert.match(stage.slot(0).lastExit?.reason ?? '', /^used .* of recycle\.memory\.hard$/)
  })

  test('tries again later when the successor fails', () => {
    const stage = new Stage()
    stage.start()
    stage.happen({ type: 'retire', id: stage.child('web:0').id, reason: '1000 requests' })
    stage.exit(stage.starting()[0] as Child, 1)
    stage.take()
    assert.deepEqual(stage.take(), [])
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['spawn web:0 g1'])
    assert.equal(stage.running().length, 2)
  })
})

describe('workers between min and max', () => {
  const elastic = { ...spec, workers: 1, scaling: { min: 1, max: 3 } }

  /** The load lasts: every beat of these milliseconds says so. */
  function load(stage: Stage, utilization: number, ms: number): void {
    for (const end = stage.now + ms; stage.now < end; ) {
      stage.now += 1_000
      for (const child of stage.running()) stage.beat(child, { utilization })
      stage.happen({ type: 'tick' })
      stage.readyAll()
    }
  }

  test('become more when their loops are busy for 10 seconds, and not again within 20', () => {
    const stage = new Stage()
    stage.start(elastic)
    load(stage, 0.95, 9_000)
    assert.equal(stage.running().length, 1)
    load(stage, 0.95, 3_000)
    assert.equal(stage.running().length, 2)
    load(stage, 0.95, 15_000)
    assert.equal(stage.running().length, 2)
    load(stage, 0.95, 60_000)
    assert.equal(stage.running().length, 3)
  })

  test('become fewer after a quiet minute, and never fewer than min', () => {
    const stage = new Stage()
    stage.start({ ...elastic, workers: 3 })
    load(stage, 0.05, 55_000)
    assert.equal(stage.running().length, 3)
    load(stage, 0.05, 10_000)
    assert.equal(stage.running().length, 2)
    load(stage, 0.05, 200_000)
    assert.equal(stage.running().length, 1)
  })

  test('stay as many through a reload', () => {
    const stage = new Stage()
    stage.start(elastic)
    load(stage, 0.95, 12_000)
    stage.happen({ type: 'reload', ticket: 1, specs: [{ ...elastic, revision: 2 }] })
    stage.readyAll()
    assert.equal(stage.running().length, 2)
  })
})
