import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { CronStage, cronDefinition } from '../../../../test/support/cron-stage.ts'
import { runsMax } from './begin-runs.ts'

const minute = 60_000
const hour = 60 * minute

describe('times', () => {
  test('an entry runs at its times, and not when it is first seen', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition())
    assert.deepEqual(stage.take(), [])
    stage.pass(30_000)
    assert.deepEqual(stage.take(), ['start job 00:01:00'])
    stage.end()
    stage.pass(2 * minute - 1)
    assert.deepEqual(stage.take(), ['start job 00:02:00'])
  })

  test('six fields run by the second', () => {
    const stage = new CronStage('2026-01-01T00:00:00.500Z')
    stage.configure(cronDefinition({ schedule: '*/2 * * * * *', overlap: 'allow' }))
    stage.pass(6_000)
    assert.deepEqual(stage.take(), ['start job 00:00:02', 'start job 00:00:04', 'start job 00:00:06'])
  })

  test('a fixed time in the hour that a spring leaves out runs once, right after it', () => {
    const stage = new CronStage('2026-03-29T00:00:00Z')
    stage.configure(cronDefinition({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', overlap: 'allow' }))
    stage.pass(30 * hour)
    assert.deepEqual(stage.take(), ['start job 01:00:00', 'start job 00:30:00'])
  })

  test('a fixed time that comes twice in an autumn runs the first time', () => {
    const stage = new CronStage('2026-10-24T22:00:00Z')
    stage.configure(cronDefinition({ schedule: '30 2 * * *', timeZone: 'Europe/Berlin', overlap: 'allow' }))
    stage.pass(28 * hour)
    assert.deepEqual(stage.take(), ['start job 00:30:00', 'start job 01:30:00'])
  })

  test('each real hour runs where an hour comes twice', () => {
    const stage = new CronStage('2026-10-24T23:30:00Z')
    stage.configure(cronDefinition({ schedule: '0 * * * *', timeZone: 'Europe/Berlin', overlap: 'allow' }))
    stage.pass(3 * hour)
    assert.deepEqual(stage.take(), ['start job 00:00:00', 'start job 01:00:00', 'start job 02:00:00'])
  })

  test('in development nothing runs by itself', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z', { fires: false })
    stage.configure(cronDefinition())
    stage.pass(hour)
    assert.deepEqual(stage.take(), [])
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 1 })
    assert.deepEqual(stage.take(), ['start job 01:00:30', 'tell 1 started'])
  })
})

describe('what was missed', () => {
  const daily = cronDefinition({ schedule: '0 3 * * *' })

  test('a process that stood still for five minutes runs once, for the newest time', () => {
    const stage = new CronStage('2026-01-01T00:00:00.100Z')
    stage.configure(cronDefinition({ schedule: '* * * * * *', overlap: 'allow' }))
    stage.freeze(5 * minute)
    assert.deepEqual(stage.take(), ['start job 00:05:00'])
    stage.pass(1_000)
    assert.deepEqual(stage.take(), ['start job 00:05:01'])
  })

  test('what is less than a minute late runs, and what is later does not', () => {
    for (const [lateMs, expected] of [
      [59_999, ['start job 03:00:00']],
      [60_000, []],
    ] as const) {
      const stage = new CronStage('2026-01-01T02:59:59.999Z')
      stage.configure(daily)
      stage.freeze(lateMs + 1)
      assert.deepEqual(stage.take(), expected)
      assert.equal(stage.entry().counts.skipped, expected.length === 0 ? 1 : 0)
    }
  })

  test('with catchUp "one", all that was missed in a long sleep is one run', () => {
    const stage = new CronStage('2026-01-01T02:00:00Z')
    stage.configure({ ...daily, catchUp: 'one' })
    stage.setDate('2026-01-04T12:00:00Z')
    stage.pass(10_000)
    assert.deepEqual(stage.take(), ['start job 03:00:00'])
    assert.equal(new Date(stage.runs()[0]?.scheduledAt ?? 0).toISOString(), '2026-01-04T03:00:00.000Z')
    stage.end()
    stage.pass(24 * hour)
    assert.deepEqual(stage.take(), ['start job 03:00:00'])
  })

  test('a date that is set ahead is seen within ten seconds, and back again nothing is repeated', () => {
    const stage = new CronStage('2026-01-01T02:59:00Z')
    stage.configure(daily)
    stage.setDate('2026-01-01T03:00:20Z')
    stage.pass(10_000)
    assert.deepEqual(stage.take(), ['start job 03:00:00'])
    stage.end()
    stage.setDate('2026-01-01T02:59:00Z')
    stage.pass(hour)
    assert.deepEqual(stage.take(), [])
  })

  test('a date that was a year ahead silences nothing when it is right again', () => {
    const stage = new CronStage('2026-01-01T02:59:00Z')
    stage.configure(daily)
    stage.setDate('2027-01-01T03:00:20Z')
    stage.pass(10_000)
    stage.end()
    stage.take()
    stage.setDate('2026-01-01T12:00:00Z')
    stage.pass(24 * hour)
    assert.deepEqual(stage.take(), ['start job 03:00:00'])
  })

  test('a tree that was down makes good what the entry asks for, from what it remembers', () => {
    const remembered = new Map([
      [
        'job',
        { schedule: '0 3 * * *', timeZone: 'UTC', doneUntil: Date.parse('2026-01-01T03:00:00Z'), last: undefined },
      ],
    ])
    const startedAt = (at: string, definition = daily) => {
      const stage = new CronStage(at)
      stage.happen({ type: 'configure', definitions: [definition], remembered })
      return stage.take()
    }
    assert.deepEqual(startedAt('2026-01-02T03:00:30Z'), ['start job 03:00:00'], 'Started again over the time itself.')
    assert.deepEqual(startedAt('2026-01-01T03:00:30Z'), [], 'That one has run.')
    assert.deepEqual(startedAt('2026-01-02T08:00:00Z'), [])
    assert.deepEqual(startedAt('2026-01-02T08:00:00Z', { ...daily, catchUp: 'one' }), ['start job 03:00:00'])
    const other = cronDefinition({ schedule: '0 4 * * *', catchUp: 'one' })
    assert.deepEqual(startedAt('2026-01-02T08:00:00Z', other), [], 'It was not on this schedule then.')
  })
})

describe('overlap', () => {
  test('"skip" leaves out what comes meanwhile, says so once, and counts', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition())
    stage.pass(5 * minute)
    assert.deepEqual(stage.takeLog(), ['info cron.started', 'warn cron.skipped'])
    assert.equal(stage.entry().counts.skipped, 4)
    stage.end()
    assert.deepEqual(stage.takeLog(), ['info cron.done'])
    stage.pass(2 * minute)
    assert.deepEqual(stage.takeLog(), ['info cron.started', 'warn cron.skipped'])
  })

  test('"queue" lets one wait, which begins when the one before is over', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ overlap: 'queue' }))
    stage.pass(4 * minute)
    assert.deepEqual(stage.take(), ['start job 00:01:00'])
    assert.equal(stage.entry().counts.skipped, 2)
    stage.end()
    assert.deepEqual(stage.take(), ['start job 00:02:00'])
    stage.end()
    assert.deepEqual(stage.take(), [])
  })

  test('"allow" lets 16 run side by side, and no more', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ overlap: 'allow' }))
    stage.pass(20 * minute)
    assert.equal(stage.runs().length, runsMax)
    assert.equal(stage.entry().counts.skipped, 4)
    stage.end()
    stage.pass(minute)
    assert.equal(stage.runs().length, runsMax)
  })

  test('holds for who asks for a run, too, and he is told', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    const ask = (name: string, ticket: number) => stage.happen({ type: 'run', name, args: [], ticket })
    stage.configure(cronDefinition({ name: 'skip' }), cronDefinition({ name: 'queue', overlap: 'queue' }))
    for (const ticket of [1, 2]) ask('skip', ticket)
    assert.deepEqual(stage.take(), ['start skip 00:00:30', 'tell 1 started', 'tell 2 refused'])
    for (const ticket of [3, 4, 5]) ask('queue', ticket)
    assert.deepEqual(stage.take(), ['start queue 00:00:30', 'tell 3 started', 'tell 4 waiting', 'tell 5 refused'])
    stage.end({}, 'queue')
    assert.deepEqual(stage.take(), ['tell 3 ended', 'start queue 00:00:30', 'tell 4 started'])
  })
})

describe('ends', () => {
  test('an exit code, a signal and a failed start are told with what was said last', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ successExitCodes: [0, 2] }))
    const ends = [
      { end: { code: 0 }, reason: undefined },
      { end: { code: 2 }, reason: undefined },
      { end: { code: 1, said: 'no such table' }, reason: 'exited with code 1: no such table' },
      { end: { code: null, signal: 'SIGSEGV' }, reason: 'killed by SIGSEGV' },
      { end: { code: null, startFailure: 'Cannot start x.' }, reason: 'Cannot start x.' },
    ]
    for (const { end, reason } of ends) {
      stage.pass(minute)
      stage.end(end)
      assert.equal(stage.entry().last?.reason, reason)
      assert.equal(stage.entry().last?.ok, reason === undefined)
    }
    assert.deepEqual(stage.entry().counts, { runs: 5, failures: 3, skipped: 0 })
  })

  test('a run over its timeout is asked to end, then killed, and has failed however it ends', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(
      cronDefinition({ schedule: '@hourly', timeoutMs: 5_000, stopTimeoutMs: 2_000, stopSignal: 'SIGINT' }),
    )
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 1 })
    stage.take()
    stage.pass(4_999)
    assert.deepEqual(stage.take(), [])
    stage.pass(1)
    assert.deepEqual(stage.take(), ['signal job SIGINT'])
    stage.pass(1_999)
    assert.deepEqual(stage.take(), [])
    stage.pass(minute)
    assert.deepEqual(stage.take(), ['signal job SIGKILL'])
    stage.end({ code: 0 })
    assert.equal(stage.entry().last?.reason, 'timed out after 5s')
    assert.equal(stage.entry().last?.ok, false)
  })

  test('a process that stood still blames no run for it', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ schedule: '@yearly', timeoutMs: 5_000 }))
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 1 })
    stage.take()
    stage.freeze(hour)
    assert.deepEqual(stage.take(), [])
    stage.pass(5_000)
    assert.deepEqual(stage.take(), ['signal job SIGTERM'])
  })
})

describe('a reload', () => {
  test('with another schedule counts at once, from now on', () => {
    const stage = new CronStage('2026-01-01T02:00:00Z')
    stage.configure(cronDefinition({ schedule: '0 3 * * *', catchUp: 'one' }))
    stage.configure(cronDefinition({ schedule: '30 1,2 * * *', catchUp: 'one' }))
    stage.pass(hour)
    assert.deepEqual(stage.take(), ['start job 02:30:00'])
  })

  test('without a changed schedule leaves the next time as it is', () => {
    const stage = new CronStage('2026-01-01T02:59:59Z')
    stage.configure(cronDefinition({ schedule: '0 3 * * *' }))
    stage.freeze(1_000)
    stage.take()
    stage.configure(cronDefinition({ schedule: '0 3 * * *', timeoutMs: 1_000 }))
    stage.pass(hour)
    assert.deepEqual(stage.take(), [], 'What was begun before goes by the rules that it was begun with.')
    assert.equal(stage.runs().length, 1)
  })

  test('leaves what runs to its end when its entry is gone, and then forgets it', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ overlap: 'queue' }))
    stage.pass(minute)
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 7 })
    stage.take()
    stage.configure()
    assert.deepEqual(stage.take(), ['tell 7 refused'])
    stage.pass(5 * minute)
    assert.deepEqual(stage.take(), [])
    stage.end()
    assert.deepEqual(stage.take(), ['forget job'])
  })

  test('that brings an entry back finds its run still under way', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition())
    stage.pass(minute)
    stage.configure()
    stage.configure(cronDefinition())
    stage.take()
    stage.pass(minute)
    assert.deepEqual(stage.take(), [])
    stage.end({ code: 4 })
    assert.equal(stage.entry().last?.code, 4)
  })
})

describe('the end of the tree', () => {
  test('asks each run to end, begins none, and lets none wait', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition({ overlap: 'queue' }))
    stage.pass(minute)
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 7 })
    stage.take()
    stage.happen({ type: 'stop', isQuick: false })
    assert.deepEqual(stage.take(), ['tell 7 refused', 'signal job SIGTERM'])
    stage.happen({ type: 'run', name: 'job', args: [], ticket: 8 })
    assert.deepEqual(stage.take(), ['tell 8 refused'])
    stage.pass(minute)
    assert.deepEqual(stage.take(), ['signal job SIGKILL'])
    stage.end({ code: null, signal: 'SIGKILL' })
    assert.deepEqual(stage.takeLog(), ['warn cron.stopped'])
    const idle = new CronStage('2026-01-01T00:00:30Z')
    idle.configure(cronDefinition())
    idle.happen({ type: 'stop', isQuick: false })
    assert.deepEqual(idle.takeLog(), [], 'Nobody has to know of what does not run.')
    assert.equal(stage.entry().last?.reason, 'stopped with the tree')
  })

  test('that is in a hurry kills', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition())
    stage.pass(minute)
    stage.happen({ type: 'stop', isQuick: false })
    stage.take()
    stage.happen({ type: 'stop', isQuick: true })
    assert.deepEqual(stage.take(), ['signal job SIGKILL'])
  })

  test('counts a run as done that has ended as it should meanwhile', () => {
    const stage = new CronStage('2026-01-01T00:00:30Z')
    stage.configure(cronDefinition())
    stage.pass(minute)
    stage.happen({ type: 'stop', isQuick: false })
    stage.end()
    assert.equal(stage.entry().last?.ok, true)
  })
})

describe('a run of a tree that was killed', () => {
  const leftOver = [{ name: 'job', pid: 77, startedDate: Date.parse('2026-01-01T00:00:00Z'), by: 'schedule' as const }]

  test('is ended before another one begins', () => {
    const stage = new CronStage('2026-01-01T00:00:58Z')
    stage.happen({ type: 'configure', definitions: [cronDefinition()], leftOver })
    assert.deepEqual(stage.take(), ['watch job 77', 'signal job SIGTERM'])
    stage.pass(5_000)
    assert.deepEqual(stage.take(), [])
    stage.end({ code: null })
    assert.equal(stage.entry().last?.reason, 'left over from a tree that was killed')
    stage.pass(minute)
    assert.deepEqual(stage.take(), ['start job 00:02:00'])
  })

  test('is ended, too, where its entry is gone', () => {
    const stage = new CronStage('2026-01-01T00:00:58Z')
    stage.happen({ type: 'configure', definitions: [], leftOver })
    stage.pass(10_000)
    assert.deepEqual(stage.take(), ['watch job 77', 'signal job SIGTERM', 'signal job SIGKILL'])
  })
})
