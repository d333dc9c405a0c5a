/** What happens to programs that run, or should: restarted, replaced when they are old, large or ill, killed, and not looked at for a while. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { Stage } from '../../../test/support/plan-stage.ts'
import { type Behaviour, ProgramPlay, programSpecs, type Sections } from '../../../test/support/program-play.ts'
import type { Run } from '../../../test/support/program-rows.ts'

const stays: Run = { does: 'stays' }
const fails: Run = { does: 'ends', seconds: 0.1, how: 1 }
const lingers: Run = { does: 'lingers', seconds: 2, code: 0 }

function started(sections: Sections, runs: Behaviour = () => stays, untilMs = 10_000): ProgramPlay {
  const play = new ProgramPlay(runs)
  play.happen({ type: 'start', specs: programSpecs(sections) })
  play.passTo(untilMs)
  play.told()
  return play
}

/** What a look at its memory finds. */
function grow(play: ProgramPlay, name: string, rssBytes: number): void {
  play.stage.beat(play.living(name), { rssBytes })
  play.pass(1)
}

/** The change that a slot has counted: how often its place was filled again though nobody had asked. */
function restarts(play: ProgramPlay, name = 'it'): number | undefined {
  return play.stage.fleet.groups.get(name)?.slots[0]?.restarts
}

describe('a restart', () => {
  const restart = (play: ProgramPlay, target = 'it') => {
    play.happen({ type: 'restart', ticket: 7, target })
    play.pass(20_000)
    return play.told()
  }

  test('begins from every state', () => {
    const failsOnce: Behaviour = (_, nth) => (nth === 0 ? fails : stays)
    const endsOnce: Behaviour = (_, nth) => (nth === 0 ? { does: 'ends', seconds: 2, how: 0 } : stays)
    const states: readonly [Sections[string], Behaviour, number, string, readonly string[]][] = [
      [{}, () => stays, 5_000, 'RUNNING', ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING']],
      [{ startSeconds: '9s' }, () => stays, 5_000, 'STARTING', ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING']],
      [{ backoff: { min: '60s' } }, failsOnce, 5_000, 'BACKOFF', ['STARTING', 'RUNNING']],
      [{ startRetries: 0 }, failsOnce, 5_000, 'FATAL', ['STARTING', 'RUNNING']],
      [{}, endsOnce, 5_000, 'EXITED', ['STARTING', 'RUNNING']],
      [{ autostart: false }, () => stays, 5_000, 'STOPPED', ['STARTING', 'RUNNING']],
    ]
    for (const [section, runs, untilMs, state, wanted] of states) {
      const play = started({ it: section }, runs, untilMs)
      assert.equal(play.shown(), `it:0 ${state}`)
      assert.deepEqual(
        restart(play),
        wanted.map(word => `it:0 ${word}`),
        state,
      )
      assert.deepEqual(play.answer(), [true, 'started anew'], state)
    }
  })

  test('of one that is being stopped waits for its end', () => {
    const play = started({ it: {} }, () => lingers)
    play.happen({ type: 'halt', ticket: 1, target: 'it' })
    play.pass(1_000)
    assert.deepEqual(
      restart(play),
      ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING'].map(state => `it:0 ${state}`),
    )
  })

  test('of one process touches no other', () => {
    const play = started({ it: { instances: 3 } })
    assert.deepEqual(
      restart(play, 'it:1'),
      ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING'].map(state => `it:1 ${state}`),
    )
  })

  test('that fails says how, and the program is tried again as after every failed start', () => {
    const play = started({ it: {} }, (_, nth) => (nth === 1 ? fails : stays))
    assert.deepEqual(
      restart(play),
      ['STOPPING', 'STOPPED', 'STARTING', 'BACKOFF', 'STARTING', 'RUNNING'].map(state => `it:0 ${state}`),
    )
    assert.deepEqual(play.answer(), [false, 'it exited with code 1 before it was ready.'])
  })

  test('of several stops at the first that does not come up', () => {
    const play = started({ it: { instances: 3, startRetries: 0 } }, (_, nth) => (nth > 0 ? fails : stays))
    restart(play)
    assert.equal(play.shown(), 'it:0 FATAL, it:1 RUNNING, it:2 RUNNING')
  })
})

describe('a program', () => {
  test('whose processes are old is restarted, one after the other', () => {
    const play = started({ it: { instances: 2, recycle: { lifetime: '60s' } } }, () => lingers, 50_000)
    play.pass(20_000)
    assert.deepEqual(
      play.told(),
      [0, 1].flatMap(index => ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING'].map(state => `it:${index} ${state}`)),
    )
    assert.deepEqual(play.logged('program.recycling'), ['lifetime', 'lifetime'])
    assert.equal(restarts(play), 0)
  })

  test('above its soft limit is restarted, and above its hard limit killed, one at a time', () => {
    const limits = { recycle: { memory: { soft: '100MB', hard: '200MB' } } }
    const play = started({ it: { instances: 2, ...limits } }, () => lingers)
    grow(play, 'it:0', 150e6)
    grow(play, 'it:1', 150e6)
    play.pass(2_500)
    assert.deepEqual(
      play.told(),
      ['STOPPING', 'STOPPED', 'STARTING'].map(state => `it:0 ${state}`),
    )
    play.pass(10_000)
    assert.equal(play.shown(), 'it:0 RUNNING, it:1 RUNNING')
    play.told()
    play.take()
    grow(play, 'it:1', 250e6)
    assert.deepEqual(play.take(), ['kill it:1 g1', 'spawn it:1 g1'])
    play.pass(2_000)
    assert.equal(play.shown(), 'it:0 RUNNING, it:1 RUNNING')
    assert.match(String(play.stage.fleet.groups.get('it')?.slots[1]?.lastExit?.reason), /^used 238MB, more than the /)
  })

  test('that should not be restarted is, when Saola has ended it', () => {
    const play = started({ it: { restart: 'never', recycle: { memory: { hard: '100MB' } } } })
    grow(play, 'it:0', 200e6)
    play.pass(2_000)
    assert.equal(play.shown(), 'it:0 RUNNING')
  })

  test('that is ill is stopped as an operator would stop it, and starts again', () => {
    const play = started({ it: {} }, (_, nth) => (nth === 0 ? { does: 'ignores' } : stays))
    play.happen({ type: 'unhealthy', id: play.living('it:0').id, reason: '3 of 3 checks have failed: status 500' })
    assert.equal(play.shown(), 'it:0 STOPPING')
    play.pass(12_000)
    assert.deepEqual(
      play.told(),
      ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING'].map(state => `it:0 ${state}`),
    )
    assert.equal(restarts(play), 1)
    assert.equal(play.stage.fleet.groups.get('it')?.slots[0]?.lastExit?.reason, '3 of 3 checks have failed: status 500')
    // Of one that is gone already nothing more is heard.
    play.happen({ type: 'unhealthy', id: 1, reason: 'late' })
    assert.deepEqual(play.told(), [])
  })

  test('that its probe does not find ready in time is asked to end, then killed, and is a failed start', () => {
    const section = { ready: { tcp: 9000, timeout: '5s' }, stopTimeout: '2s', startRetries: 1, startSeconds: 0 }
    const play = started({ it: section }, (_, nth) => (nth === 0 ? { does: 'ignores' } : stays), 0)
    play.passTo(60_000)
    assert.deepEqual(
      play.states.map(({ at, to }) => `${at / 1_000} ${to}`),
      [...['5 STOPPING', '7 BACKOFF', '8 STARTING', '13 STOPPING', '13 BACKOFF', '13 FATAL']],
    )
    assert.deepEqual(play.logged('program.not-ready'), ['was not ready after 5.0s', 'was not ready after 5.0s'])
  })

  test('that is ready is waited for until it has been up for long enough, however short its probe may take', () => {
    const play = started({ it: { ready: { tcp: 9000, timeout: '5s' }, startSeconds: '20s' } }, () => stays, 1_000)
    play.happen({ type: 'ready', id: play.living('it:0').id, bootMs: 1 })
    play.passTo(19_999)
    assert.equal(play.shown(), 'it:0 STARTING')
    play.passTo(20_000)
    assert.equal(play.shown(), 'it:0 RUNNING')
  })

  test('that ends before its probe has found it ready has failed, however long it was up', () => {
    const play = started({ it: { ready: { tcp: 9000 } } }, () => stays, 30_000)
    play.end('it:0', 0)
    assert.equal(play.shown(), 'it:0 BACKOFF')
  })

  test('that ends when it was up for long enough was RUNNING, also when nobody has looked in between', () => {
    const play = started({ it: {}, other: {} }, () => stays, 0)
    play.stage.now = 1_000
    play.end('it:0', 0)
    assert.deepEqual(play.told(), ['it:0 RUNNING', 'other:0 RUNNING', 'it:0 EXITED'])
  })

  test('is up so long after its process began, and not after it was asked for', () => {
    const stage = new Stage()
    stage.happen({ type: 'start', specs: programSpecs({ it: {} }) })
    const [child] = stage.starting()
    assert.ok(child)
    stage.now = 700
    stage.happen({ type: 'spawned', id: child.id, pid: 1, at: 600 })
    stage.now = 1_599
    stage.happen({ type: 'tick' })
    assert.equal(child.state, 'STARTING')
    stage.now = 1_600
    stage.happen({ type: 'tick' })
    assert.equal(child.state, 'RUNNING')
  })

  test('that cannot be started at all is tried again like one that ends too early', () => {
    const play = new ProgramPlay(() => stays)
    play.happen({ type: 'start', specs: programSpecs({ it: { startRetries: 1, startSeconds: 0 } }) })
    play.stage.canSpawn = () => false
    play.happen({ type: 'restart', ticket: 1, target: 'it' })
    play.passTo(5_000)
    assert.deepEqual(
      play.told().slice(-5),
      ['STARTING', 'BACKOFF', 'STARTING', 'BACKOFF', 'FATAL'].map(state => `it:0 ${state}`),
    )
  })

  test('gets more or fewer processes, and no other is touched', () => {
    const play = started({ it: { instances: 2 } }, () => lingers)
    play.happen({ type: 'scale', ticket: 1, target: 'it', workers: 4 })
    play.pass(5_000)
    play.happen({ type: 'scale', ticket: 2, target: 'it', workers: 1 })
    play.happen({ type: 'scale', ticket: 3, target: 'it', workers: 2 })
    play.pass(5_000)
    const told = play.told()
    assert.deepEqual(
      told.filter(word => word.startsWith('it:0')),
      [],
    )
    // The new one of a place that comes back waits for the end of the old one.
    assert.deepEqual(
      told.filter(word => word.startsWith('it:1')),
      ['STOPPING', 'STOPPED', 'STARTING', 'RUNNING'].map(state => `it:1 ${state}`),
    )
    assert.equal(play.shown(), 'it:0 RUNNING, it:1 RUNNING')
  })
})

describe('after a time in which the supervisor itself did not run', () => {
  test('what starts has been up, what was to be tried again is, and what ends gets its time', () => {
    const play = new ProgramPlay(({ group }, nth) => {
      if (group === 'backoff' && nth < 3) return fails
      return group === 'ending' ? { does: 'ignores' } : stays
    })
    play.happen({
      type: 'start',
      specs: programSpecs({
        starting: { startSeconds: '5s' },
        backoff: { startSeconds: '2s' },
        probed: { ready: { tcp: 9000, timeout: '8s' } },
        ending: {},
      }),
    })
    play.passTo(3_500)
    play.happen({ type: 'halt', ticket: 1, target: 'ending' })
    play.told()
    play.stage.now += 60_000
    play.happen({ type: 'tick' })
    assert.equal(play.shown(), 'starting:0 RUNNING, backoff:0 STARTING, probed:0 STARTING, ending:0 STOPPING')
    assert.equal(
      play.stage.actions.filter(action => action.do === 'log' && action.event === 'supervisor.suspended').length,
      1,
    )
    play.pass(5_000)
    assert.equal(play.shown(), 'starting:0 RUNNING, backoff:0 RUNNING, probed:0 BACKOFF, ending:0 STOPPING')
  })
})
