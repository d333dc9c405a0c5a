/** What a reload does to programs: what was added starts, what was removed stops, what changed is replaced, and nothing else is touched. */
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

const stays: Run = { does: 'stays' }
const fails: Run = { does: 'ends', seconds: 0.1, how: 1 }
/** Its processes from a reload do not come up. */
const newFails: Behaviour = ({ revision }) => (revision > 1 ? fails : stays)

/** All are up, those that can be. */
function running(sections: Sections, runs: Behaviour = () => stays, apps: readonly GroupSpec[] = []): ProgramPlay {
  const play = new ProgramPlay(runs)
  play.happen({ type: 'start', specs: [...apps, ...programSpecs(sections)] })
  play.passTo(10_000)
  play.told()
  play.take()
  return play
}

let revision = 1

function reload(play: ProgramPlay, sections: Sections, apps: readonly GroupSpec[] = []): void {
  revision++
  play.happen({ type: 'reload', ticket: revision, specs: [...apps, ...programSpecs(sections, revision)] })
}

/** `db:0` → the number of its process in the fleet. */
function processes(play: ProgramPlay): Record<string, number> {
  return Object.fromEntries(
    [...play.stage.fleet.children.values()].map(({ group, index, id }) => [`${group}:${index}`, id]),
  )
}

describe('a reload', () => {
  test('leaves alone what is the same', () => {
    const sections = { db: {}, api: { instances: 2, dependsOn: ['db'] }, done: { restart: 'never' } }
    const play = running(sections, ({ group }) => (group === 'done' ? { does: 'ends', seconds: 2, how: 0 } : stays))
    const before = processes(play)
    reload(play, sections)
    play.pass(10_000)
    assert.deepEqual(processes(play), before)
    assert.deepEqual(play.told(), [])
    assert.deepEqual(play.answer(), [true, '0 workers replaced'])
  })

  test('starts what was added, stops what was removed and replaces what changed', () => {
    const play = running({ same: {}, changed: { command: 'one' }, removed: {} })
    const before = processes(play)
    reload(play, { same: {}, changed: { command: 'two' }, added: {} })
    play.pass(10_000)
    assert.equal(processes(play)['same:0'], before['same:0'])
    assert.notEqual(processes(play)['changed:0'], before['changed:0'])
    assert.deepEqual(play.answer(), [true, 'removed stopped, changed replaced, added started'])
    assert.equal(play.shown(), 'same:0 RUNNING, changed:0 RUNNING, added:0 RUNNING')
  })

  test('replaces one process first, when that has ended, and all others when the new one is up', () => {
    const play = running({ api: { instances: 3, startSeconds: '2s' } }, () => ({
      does: 'lingers',
      seconds: 1,
      code: 0,
    }))
    reload(play, { api: { instances: 3, startSeconds: '2s', command: 'two' } })
    play.pass(10_000)
    assert.deepEqual(play.told(), [
      'api:0 STOPPING',
      'api:0 STOPPED',
      'api:0 STARTING',
      'api:0 RUNNING',
      'api:1 STOPPING',
      'api:2 STOPPING',
      'api:1 STOPPED',
      'api:1 STARTING',
      'api:2 STOPPED',
      'api:2 STARTING',
      'api:1 RUNNING',
      'api:2 RUNNING',
    ])
    assert.deepEqual(play.answer(), [true, 'api replaced'])
  })

  test('that does not come up puts the old program back at once, touches no other process, and says why', () => {
    const play = running({ api: { instances: 3, startRetries: 0 }, db: {} }, newFails)
    const before = processes(play)
    reload(play, { api: { instances: 3, startRetries: 0, command: 'two' }, db: {} })
    play.pass(10_000)
    assert.deepEqual(play.told(), [
      ...['STOPPING', 'STOPPED', 'STARTING', 'BACKOFF', 'FATAL', 'STARTING', 'RUNNING'].map(state => `api:0 ${state}`),
    ])
    assert.equal(play.living('api:0').revision, 1)
    const { 'api:0': first, ...others } = processes(play)
    assert.deepEqual({ ...others, 'api:0': before['api:0'] }, before)
    assert.ok(first !== before['api:0'])
    assert.deepEqual(play.answer(), [false, 'api exited with code 1 before it was ready.'])
    // The next one works, and a restart has the old settings until then.
    play.happen({ type: 'restart', ticket: 99, target: 'api' })
    play.pass(10_000)
    assert.equal(play.living('api:0').revision, 1)
  })

  test('that fails in a later process keeps the new settings, which have worked, and tries again there', () => {
    const play = running({ api: { instances: 3 } }, ({ revision, index }, nth) =>
      revision > 1 && index === 2 && nth < 2 ? fails : stays,
    )
    reload(play, { api: { instances: 3, command: 'two' } })
    play.pass(10_000)
    assert.deepEqual(play.answer(), [false, 'api exited with code 1 before it was ready.'])
    assert.equal(play.shown(), 'api:0 RUNNING, api:1 RUNNING, api:2 RUNNING')
    assert.equal(new Set([0, 1, 2].map(index => play.living(`api:${index}`).revision)).size, 1)
    assert.ok(play.living('api:1').revision > 1)
  })

  test('changes the number of processes and touches no other, with new settings, too', () => {
    const play = running({ api: { instances: 2 } })
    const before = processes(play)
    reload(play, { api: { instances: 3 } })
    play.pass(5_000)
    assert.deepEqual({ ...processes(play), 'api:2': undefined }, { ...before, 'api:2': undefined })
    assert.equal(play.shown(), 'api:0 RUNNING, api:1 RUNNING, api:2 RUNNING')
    reload(play, { api: { instances: 1 } })
    play.pass(5_000)
    assert.deepEqual(processes(play), { 'api:0': before['api:0'] })
    reload(play, { api: { instances: 2, command: 'two' } })
    play.pass(5_000)
    assert.equal(play.shown(), 'api:0 RUNNING, api:1 RUNNING')
    assert.deepEqual(play.answer(), [true, 'api replaced'])
  })

  test('takes what holds at once without a restart: how it stops, starts again and is tried again', () => {
    const play = running({ api: {} }, () => ({ does: 'ignores' }))
    const before = processes(play)
    reload(play, { api: { stopSignal: 'INT', stopTimeout: '2s', restart: 'always', startRetries: 9, priority: 1 } })
    assert.deepEqual(processes(play), before)
    play.end('api:0', 0)
    play.pass(2_000)
    assert.equal(play.shown(), 'api:0 RUNNING')
    play.happen({ type: 'halt', ticket: 1, target: 'api' })
    play.pass(1)
    assert.equal(play.shown(), 'api:0 STOPPED')
  })

  test('of what does not run, because it was stopped or has no autostart, starts nothing', () => {
    const play = running({ stopped: {}, asked: { autostart: false, instances: 1 } })
    play.happen({ type: 'halt', ticket: 1, target: 'stopped' })
    play.pass(1_000)
    play.told()
    reload(play, { stopped: { command: 'two' }, asked: { autostart: false, instances: 3 }, new: { autostart: false } })
    play.pass(5_000)
    reload(play, {
      stopped: { command: 'two', instances: 2 },
      asked: { autostart: false, command: 'two', instances: 4 },
    })
    play.pass(5_000)
    assert.deepEqual(play.told(), [])
    assert.deepEqual(play.answer(), [true, 'new stopped, asked changed'])
    play.happen({ type: 'scale', ticket: 2, target: 'asked', workers: 5 })
    play.pass(5_000)
    assert.deepEqual(play.told(), [])
    // From now on it starts by itself.
    reload(play, { stopped: { command: 'two', instances: 2 }, asked: { command: 'two', instances: 1 } })
    play.pass(5_000)
    assert.equal(play.shown(), 'stopped:0 STOPPED, stopped:1 STOPPED, asked:0 RUNNING')
  })

  test('of what was given up, waits for its next attempt or has ended: leaves it, or tries what is new', () => {
    const sections = { fatal: { startRetries: 0 }, backoff: { startRetries: 9, backoff: { min: '60s' } }, done: {} }
    const runs: Behaviour = ({ group, revision }) => {
      if (revision > 1) return stays
      return group === 'done' ? { does: 'ends', seconds: 2, how: 0 } : fails
    }
    const play = running(sections, runs)
    reload(play, sections)
    play.pass(5_000)
    assert.deepEqual(play.told(), [])
    assert.equal(play.shown(), 'fatal:0 FATAL, backoff:0 BACKOFF, done:0 EXITED')
    reload(play, Object.fromEntries(Object.entries(sections).map(([name, own]) => [name, { ...own, command: 'two' }])))
    play.pass(5_000)
    assert.equal(play.shown(), 'fatal:0 RUNNING, backoff:0 RUNNING, done:0 RUNNING')
    assert.deepEqual(play.answer(), [true, 'fatal replaced, backoff replaced, done replaced'])
  })

  test('of what has ended never runs that again when the new one fails: the new one is tried again', () => {
    const play = running({ job: { command: 'old' } }, ({ revision }, nth) => {
      if (revision === 1) return { does: 'ends', seconds: 2, how: 0 }
      return nth < 3 ? fails : stays
    })
    reload(play, { job: { command: 'new' } })
    play.pass(10_000)
    assert.deepEqual(play.answer(), [false, 'job exited with code 1 before it was ready.'])
    assert.ok(play.living('job:0').revision > 1)
    assert.equal(play.shown(), 'job:0 RUNNING')
  })

  test('tries what is new where a program runs, and not where it has ended', () => {
    const play = running({ job: { instances: 2 } }, ({ revision, index }) => {
      if (revision > 1) return fails
      return index === 0 ? { does: 'ends', seconds: 2, how: 0 } : stays
    })
    reload(play, { job: { instances: 2, command: 'new' } })
    play.pass(10_000)
    assert.equal(play.shown(), 'job:0 EXITED, job:1 RUNNING')
    assert.equal(play.living('job:1').revision, 1)
  })

  test('of what waits for another lets it wait, with what is new', () => {
    const play = running({ db: { autostart: false }, api: { dependsOn: ['db'] } })
    reload(play, { db: { autostart: false }, api: { dependsOn: ['db'], command: 'two' } })
    play.pass(1_000)
    assert.deepEqual(play.answer(), [false, 'api waits for db to be ready, which is STOPPED.'])
    play.happen({ type: 'start-places', ticket: 99, target: 'db' })
    play.pass(5_000)
    assert.equal(play.shown(), 'db:0 RUNNING, api:0 RUNNING')
    assert.ok(play.living('api:0').revision > 1)
  })

  test('waits for the probe that it brings', () => {
    const play = running({ api: {} })
    reload(play, { api: { ready: { tcp: 9000, timeout: '5s' } } })
    play.pass(3_000)
    assert.equal(play.shown(), 'api:0 STARTING')
    play.happen({ type: 'ready', id: play.living('api:0').id, bootMs: 1 })
    play.pass(100)
    assert.deepEqual([play.shown(), ...play.answer()], ['api:0 RUNNING', true, 'api replaced'])
  })

  test('fails when that probe does not find it ready, and puts the old program back', () => {
    const play = running({ api: {} })
    reload(play, { api: { ready: { tcp: 9000, timeout: '5s' } } })
    play.pass(2_000)
    play.happen({ type: 'waiting', id: play.living('api:0').id, reason: 'nobody listens on 127.0.0.1:9000' })
    play.pass(10_000)
    const why = 'was not ready after 5.0s: nobody listens on 127.0.0.1:9000'
    assert.deepEqual(play.answer(), [false, `api ${why}.`])
    assert.equal(play.living('api:0').revision, 1)
    assert.equal(play.shown(), 'api:0 RUNNING')
  })

  test('that only waits for a program goes on for as long as nobody else asks, and the old program with it', () => {
    const play = running({ job: {}, api: {} })
    const { 'api:0': old } = processes(play)
    reload(play, { job: {}, api: { command: 'two', dependsOn: { job: 'completed' } }, added: { dependsOn: ['job'] } })
    play.pass(3_600_000)
    assert.deepEqual(play.answer(), [undefined, undefined])
    assert.equal(play.shown(), 'job:0 RUNNING, api:0 RUNNING, added:0 RUNNING')
    assert.equal(processes(play)['api:0'], old)
    play.happen({ type: 'queued', by: 1 })
    assert.deepEqual(play.answer(), [false, 'api waits for job to complete.'])
    play.happen({ type: 'queued', by: -1 })
    play.happen({ type: 'restart', ticket: 99, target: 'api' })
    play.pass(5_000)
    assert.deepEqual(play.answer(), [true, 'started anew'])
    assert.equal(play.living('api:0').revision, 1)
  })

  test('waits for a job that has to be done before', () => {
    const play = running(
      { migrate: { command: 'one', restart: 'never' }, api: {} },
      ({ group }) => (group === 'migrate' ? { does: 'ends', seconds: 5, how: 0 } : stays),
      [appSpec({ workers: 1, dependsOn: { migrate: 'completed' } })],
    )
    const app = appSpec({ workers: 1, dependsOn: { migrate: 'completed' }, revision: 2 })
    reload(play, { migrate: { command: 'two', restart: 'never' }, api: {} }, [app])
    play.pass(4_000)
    assert.deepEqual(play.told(), ['migrate:0 STARTING', 'migrate:0 RUNNING'])
    play.pass(5_000)
    assert.deepEqual(play.told(), [
      'migrate:0 EXITED',
      'web:0 STARTING',
      'web:0 RUNNING',
      'web:0 STOPPING',
      'web:0 STOPPED',
    ])
    assert.deepEqual(play.answer(), [true, '1 worker replaced, migrate replaced'])
  })

  test('of an application fails with the job that had to be done before, and it serves on as it is', () => {
    for (const [seconds, startSeconds] of [
      [0.5, '1s'],
      [5, '1s'],
      [0, 0],
    ] as const) {
      const migrate = (command: string) => ({ migrate: { command, restart: 'never', startSeconds, startRetries: 0 } })
      const dependsOn = { migrate: 'completed' } as const
      const play = running(
        migrate('one'),
        ({ revision, kind }) =>
          kind === 'web' ? stays : { does: 'ends', seconds: revision > 1 ? seconds : 5, how: Number(revision > 1) },
        [appSpec({ workers: 1, dependsOn })],
      )
      const { 'web:0': web } = processes(play)
      reload(play, migrate('two'), [appSpec({ workers: 1, dependsOn, revision: 2 })])
      play.pass(20_000)
      const [ok, message] = play.answer()
      assert.equal(ok, false)
      assert.match(
        String(message),
        /web: the new worker waits for migrate to complete, which is (FATAL|EXITED); the old workers keep serving/,
      )
      assert.equal(processes(play)['web:0'], web)
    }
  })

  test('goes on without a process that is stopped meanwhile', () => {
    const play = running({ api: { instances: 2, startSeconds: '5s' } })
    reload(play, { api: { instances: 2, startSeconds: '5s', command: 'two' } })
    play.pass(1_000)
    play.happen({ type: 'halt', ticket: 99, target: 'api:0' })
    play.pass(10_000)
    assert.equal(play.shown(), 'api:0 STOPPED, api:1 RUNNING')
    assert.ok(play.living('api:1').revision > 1)
    assert.deepEqual(play.answer(), [true, 'api replaced'])
  })
})

describe('a program that is removed', () => {
  const app = (dependsOn: GroupSpec['dependsOn'], own: Partial<GroupSpec> = {}) =>
    appSpec({ workers: 1, ...(dependsOn && { dependsOn }), ...own })
  const slowApp: Behaviour = ({ kind }) => (kind === 'web' ? { does: 'lingers', seconds: 3, code: 0 } : stays)

  test('stays until the application that depended on it serves without it, and has drained', () => {
    const play = running({ db: {} }, slowApp, [app({ db: 'ready' })])
    reload(play, {}, [app(undefined, { revision: 2 })])
    play.pass(10_000)
    assert.deepEqual(play.told(), [
      'web:0 STARTING',
      'web:0 RUNNING',
      'web:0 STOPPING',
      'web:0 STOPPED',
      'db:0 STOPPING',
      'db:0 STOPPED',
    ])
    assert.equal(play.shown(), 'web:0 RUNNING')
    assert.deepEqual(play.answer(), [true, '1 worker replaced, db stopped'])
  })

  test('stays with an application whose new code does not come up, until a reload has succeeded', () => {
    const play = running({ db: {} }, () => stays, [app({ db: 'ready' })])
    reload(play, {}, [app(undefined, { revision: 2 })])
    const [young] = play.stage.starting()
    assert.ok(young)
    play.happen({ type: 'exited', id: young.id, code: 1, signal: null })
    play.pass(10_000)
    assert.equal(play.answer()[0], false)
    assert.equal(play.shown(), 'web:0 RUNNING, db:0 RUNNING')
    reload(play, {}, [app(undefined, { revision: 3 })])
    play.pass(10_000)
    assert.equal(play.shown(), 'web:0 RUNNING')
  })

  test('stays while the application that is removed with it drains', () => {
    const play = running({ db: {} }, slowApp, [app({ db: 'ready' }), app(undefined, { name: 'other' })])
    play.told()
    reload(play, {}, [app(undefined, { name: 'other', revision: 2 })])
    play.pass(10_000)
    assert.deepEqual(
      play.told().filter(word => !word.startsWith('other')),
      ['web:0 STOPPING', 'web:0 STOPPED', 'db:0 STOPPING', 'db:0 STOPPED'],
    )
  })

  test('ends behind the one that is removed with it and depends on it', () => {
    const play = running({ db: {}, api: { dependsOn: ['db'] }, other: {} }, () => ({
      does: 'lingers',
      seconds: 2,
      code: 0,
    }))
    reload(play, { other: {} })
    play.pass(10_000)
    assert.deepEqual(play.told(), ['api:0 STOPPING', 'api:0 STOPPED', 'db:0 STOPPING', 'db:0 STOPPED'])
  })

  test('and comes back before it had to go, was never away', () => {
    const play = running({ db: {} }, slowApp, [app({ db: 'ready' })])
    const { 'db:0': db } = processes(play)
    reload(play, {}, [app(undefined, { revision: 2 })])
    play.pass(1_000)
    reload(play, { db: {} }, [app({ db: 'ready' }, { revision: 3 })])
    play.pass(10_000)
    assert.equal(processes(play)['db:0'], db)
    assert.equal(play.shown(), 'web:0 RUNNING, db:0 RUNNING')
  })

  test('and that nobody depends on stops at once', () => {
    const play = running({ db: {}, other: {} }, slowApp, [app({ other: 'ready' })])
    reload(play, { other: {} }, [app({ other: 'ready' }, { revision: 2 })])
    assert.ok(play.told().includes('db:0 STOPPING'))
  })
})
