/** What programs and applications wait for, and in which order they end. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import {
  appSpec,
  type Behaviour,
  ProgramPlay,
  programSpecs,
  type Sections,
} from '../../../test/support/program-play.ts'
import type { Run } from '../../../test/support/program-rows.ts'
import type { GroupSpec } from '../fleet.ts'
import { findFailure } from '../status.ts'

const stays: Run = { does: 'stays' }
const fails: Run = { does: 'ends', seconds: 0.1, how: 1 }

function started(sections: Sections, { runs = () => stays, apps = [] }: { runs?: Behaviour; apps?: GroupSpec[] } = {}) {
  const play = new ProgramPlay(runs)
  play.happen({ type: 'start', specs: [...apps, ...programSpecs(sections)] })
  return play
}

describe('a program that depends on another', () => {
  test('to be ready, starts when all its processes are', () => {
    const play = started(
      { api: { dependsOn: ['db'] }, db: { instances: 2, startSeconds: '2s' } },
      { runs: ({ group, index }, nth) => (group === 'db' && index === 1 && nth === 0 ? fails : stays) },
    )
    play.passTo(3_000)
    assert.equal(play.shown(), 'api:0 STOPPED, db:0 RUNNING, db:1 STARTING')
    play.passTo(5_000)
    assert.deepEqual(play.told(), [
      'db:0 STARTING',
      'db:1 STARTING',
      'db:1 BACKOFF',
      'db:1 STARTING',
      'db:0 RUNNING',
      'db:1 RUNNING',
      'api:0 STARTING',
      'api:0 RUNNING',
    ])
    assert.deepEqual(play.logged('program.held'), ['waits for db to be ready'])
  })

  test('to have started, starts as soon as there is a process', () => {
    const play = started({ api: { dependsOn: { db: 'started' } }, db: { startSeconds: '60s' } })
    assert.deepEqual(play.told(), ['db:0 STARTING', 'api:0 STARTING'])
  })

  test('to have completed, starts when it has ended with success, and not when it has failed', () => {
    const runs =
      (how: number): Behaviour =>
      child =>
        child.group === 'migrate' ? { does: 'ends', seconds: 3, how } : stays
    const sections = { api: { dependsOn: { migrate: 'completed' } }, migrate: { restart: 'never' } }
    const play = started(sections, { runs: runs(0) })
    play.passTo(2_900)
    assert.equal(play.shown(), 'api:0 STOPPED, migrate:0 RUNNING')
    play.passTo(5_000)
    assert.equal(play.shown(), 'api:0 RUNNING, migrate:0 EXITED')

    const failed = started(sections, { runs: runs(1) })
    failed.passTo(60_000)
    assert.equal(failed.shown(), 'api:0 STOPPED, migrate:0 EXITED')
    assert.deepEqual(failed.logged('program.held'), [
      'waits for migrate to complete',
      'waits for migrate to complete, which is EXITED',
    ])
  })

  test('to have completed, starts though that starts again at once, whichever of them comes first', () => {
    for (const names of [
      ['a', 'job'],
      ['job', 'z'],
    ]) {
      const [waiting = ''] = names.filter(name => name !== 'job')
      const sections = { [waiting]: { dependsOn: { job: 'completed' } }, job: { restart: 'always' } }
      const inOrder = Object.fromEntries(names.map(name => [name, sections[name] ?? {}]))
      const play = started(inOrder, {
        runs: ({ group }) => (group === 'job' ? { does: 'ends', seconds: 2, how: 0 } : stays),
      })
      play.passTo(3_500)
      assert.match(play.shown(), new RegExp(`${waiting}:0 RUNNING`))
    }
  })

  test('waits, and says for what, while that was given up, does not start by itself or was stopped; it goes on when that starts', () => {
    const sections = {
      api: { dependsOn: ['broken', 'asked', 'halted'] },
      broken: { startRetries: 0 },
      asked: { autostart: false },
      halted: {},
    }
    const play = started(sections, { runs: ({ group }, nth) => (group === 'broken' && nth === 0 ? fails : stays) })
    play.happen({ type: 'halt', ticket: 1, target: 'halted' })
    play.passTo(30_000)
    assert.equal(play.shown(), 'api:0 STOPPED, broken:0 FATAL, asked:0 STOPPED, halted:0 STOPPED')
    for (const [ticket, target] of ['broken', 'asked', 'halted'].entries()) {
      play.happen({ type: 'start-places', ticket, target })
      play.pass(2_000)
    }
    assert.equal(play.shown(), 'api:0 RUNNING, broken:0 RUNNING, asked:0 RUNNING, halted:0 RUNNING')
    assert.deepEqual(play.logged('program.held'), [
      'waits for broken to be ready',
      'waits for broken to be ready, which is FATAL',
      'waits for broken to be ready',
      'waits for asked to be ready, which is STOPPED',
      'waits for asked to be ready',
      'waits for halted to be ready, which is STOPPED',
      'waits for halted to be ready',
    ])
  })

  test('is not touched by its end, and waits for it only while it comes back', () => {
    const play = started(
      { db: { startRetries: 1, startSeconds: '2s' }, api: { dependsOn: ['db'], restart: 'always' } },
      { runs: ({ group }, nth) => (group === 'db' && nth > 0 ? fails : stays) },
    )
    play.passTo(5_000)
    play.told()
    play.end('db:0', 'KILL')
    play.passTo(5_500)
    assert.equal(play.shown(), 'db:0 BACKOFF, api:0 RUNNING')
    play.end('api:0', 1)
    assert.equal(play.shown(), 'db:0 BACKOFF, api:0 EXITED')
    // It has run before: without the other, which will not come, it tries its luck.
    play.passTo(8_000)
    assert.equal(play.shown(), 'db:0 FATAL, api:0 RUNNING')
  })
})

describe('a tree', () => {
  test('is ready when its programs are up, have ended, were given up, or wait for what will not come', () => {
    const play = started(
      {
        up: { startSeconds: '4s' },
        ended: { restart: 'never' },
        broken: { startRetries: 1 },
        waiting: { dependsOn: ['broken'] },
        asked: { autostart: false },
      },
      {
        runs: ({ group }) => {
          if (group === 'ended') return { does: 'ends', seconds: 2, how: 1 }
          return group === 'broken' ? fails : stays
        },
      },
    )
    play.passTo(3_999)
    assert.equal(play.stage.fleet.phase, 'starting')
    play.passTo(4_000)
    assert.equal(play.stage.fleet.phase, 'running')
  })

  test('does not start when all its applications wait for a program that is FATAL, and says why', () => {
    const apps = [appSpec({ dependsOn: { db: 'ready' } })]
    const play = started({ db: { startRetries: 1 } }, { runs: () => fails, apps })
    play.passTo(10_000)
    assert.deepEqual(play.take(), ['spawn db:0 g1', 'spawn db:0 g1', 'exit 1'])
    assert.equal(findFailure(play.stage.fleet), 'web waits for db to be ready, which is FATAL')
  })

  test('starts when one application serves, and the others when their programs come', () => {
    const apps = [appSpec({ dependsOn: { db: 'ready' } }), appSpec({ name: 'site', workers: 1 })]
    const play = started(
      { db: { startRetries: 0 } },
      { runs: (child, nth) => (child.group === 'db' && nth === 0 ? fails : stays), apps },
    )
    play.passTo(5_000)
    assert.equal(play.stage.fleet.phase, 'running')
    assert.equal(play.shown(), 'web:0 STOPPED, web:1 STOPPED, site:0 RUNNING, db:0 FATAL')
    play.happen({ type: 'start-places', ticket: 1, target: 'db' })
    play.passTo(7_000)
    assert.equal(play.shown(), 'web:0 RUNNING, web:1 RUNNING, site:0 RUNNING, db:0 RUNNING')
  })
})

describe('a stop of the tree', () => {
  const slow: Run = { does: 'lingers', seconds: 1, code: 0 }

  test('ends applications first, then programs after those that depend on them, and the store last', () => {
    const apps = [appSpec({ workers: 1 }), appSpec({ kind: 'store', name: 'store', workers: 1 })]
    const sections = { db: {}, cache: {}, api: { dependsOn: ['db', 'cache'] }, site: { dependsOn: ['api'] } }
    const play = started(sections, { runs: () => slow, apps })
    play.passTo(5_000)
    play.told()
    play.happen({ type: 'stop', isQuick: false })
    play.passTo(60_000)
    assert.deepEqual(play.told(), [
      'web:0 STOPPING',
      'web:0 STOPPED',
      'site:0 STOPPING',
      'site:0 STOPPED',
      'api:0 STOPPING',
      'api:0 STOPPED',
      'db:0 STOPPING',
      'cache:0 STOPPING',
      'db:0 STOPPED',
      'cache:0 STOPPED',
      'store:0 STOPPING',
      'store:0 STOPPED',
    ])
    assert.equal(play.stage.fleet.phase, 'ended')
  })

  test('keeps the order of dependencies over one that does not run', () => {
    const sections = {
      db: {},
      migrate: { dependsOn: ['db'], restart: 'never' },
      api: { dependsOn: { migrate: 'completed' } },
    }
    const play = started(sections, {
      runs: ({ group }) => (group === 'migrate' ? { does: 'ends', seconds: 2, how: 0 } : slow),
    })
    play.passTo(10_000)
    play.told()
    play.happen({ type: 'stop', isQuick: false })
    play.passTo(60_000)
    assert.deepEqual(play.told(), ['api:0 STOPPING', 'api:0 STOPPED', 'db:0 STOPPING', 'db:0 STOPPED'])
  })

  test('ends those of higher priority numbers first, and starts those of lower ones first', () => {
    const sections = {
      late: { priority: 30 },
      early: { priority: 10 },
      middle: { priority: 20 },
      other: { priority: 20 },
    }
    const play = new ProgramPlay(() => slow)
    play.happen({ type: 'start', specs: programSpecs(sections) })
    play.passTo(5_000)
    play.told()
    play.happen({ type: 'stop', isQuick: false })
    play.passTo(60_000)
    assert.deepEqual(
      play.told().filter(word => word.endsWith('STOPPING')),
      ['late:0 STOPPING', 'middle:0 STOPPING', 'other:0 STOPPING', 'early:0 STOPPING'],
    )
  })

  test('that is asked for twice is quick with those that end, and with all that come then', () => {
    const play = started({ db: {}, api: { dependsOn: ['db'] } }, { runs: () => ({ does: 'ignores' }) })
    play.passTo(5_000)
    play.take()
    play.happen({ type: 'stop', isQuick: false })
    play.pass(2_000)
    assert.deepEqual(play.take(), ['drain api:0 g1'])
    play.happen({ type: 'stop', isQuick: false })
    play.pass(999)
    assert.deepEqual(play.take(), ['drain api:0 g1'])
    play.pass(2_001)
    assert.deepEqual(play.take(), ['kill api:0 g1', 'drain db:0 g1', 'kill db:0 g1', 'exit 0'])
  })

  test('starts a program again that ends while others that drain may need it, and no other', () => {
    const sections = {
      db: { startSeconds: '500ms' },
      broken: { startSeconds: '2s' },
      held: { dependsOn: ['broken'] },
    }
    const play = started(sections, {
      runs: ({ kind, group }) => {
        if (kind === 'web') return { does: 'lingers', seconds: 5, code: 0 }
        return group === 'broken' ? fails : stays
      },
      apps: [appSpec({ workers: 1 })],
    })
    play.passTo(1_000)
    play.happen({ type: 'stop', isQuick: false })
    play.told()
    play.end('db:0', 'KILL')
    play.passTo(30_000)
    assert.deepEqual(play.told(), [
      'db:0 EXITED',
      'db:0 STARTING',
      'db:0 RUNNING',
      'web:0 STOPPED',
      'db:0 STOPPING',
      'db:0 STOPPED',
    ])
    assert.equal(play.stage.fleet.phase, 'ended')
  })

  test('ends a tree whose settings need each other in a circle, after a reload that failed by half', () => {
    const play = started(
      { a: { dependsOn: ['b'], priority: 5 }, b: {} },
      { runs: ({ generation }) => (generation > 1 ? fails : stays) },
    )
    play.passTo(3_000)
    // `a` does not come up with its new command, and keeps its old settings; `b` has its new ones at once.
    const specs = programSpecs({ a: { command: 'other', priority: 10 }, b: { dependsOn: ['a'], priority: 10 } }, 2)
    play.happen({ type: 'reload', ticket: 1, specs })
    play.passTo(9_000)
    assert.equal(play.answer()[0], false)
    play.happen({ type: 'stop', isQuick: false })
    play.passTo(30_000)
    assert.equal(play.stage.fleet.phase, 'ended')
  })
})
