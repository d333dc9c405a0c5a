import assert from 'node:assert/strict'
import { test } from 'node:test'
import { HeldClock, HeldStore, spaceOf, startProcess, taskOf } from '../../../test/support/held-schedules.ts'
import { defineTask } from '../define-task.ts'
import { DeclaredSchedule, schedule } from './declared-schedule.ts'
import type { ScheduleTiming } from './schedule-spec.ts'
import { createSchedules } from './schedules.ts'

const task = taskOf('sweep')

function held() {
  const store = new HeldStore('2026-03-01T12:00:00Z')
  return { store, clock: new HeldClock(store), schedules: createSchedules(() => spaceOf(store)) }
}

test('a schedule that is made at run time runs within two seconds, and ends when it is removed', async () => {
  const { store, clock, schedules } = held()
  const running = await startProcess(store, clock)
  await clock.advance(100)
  assert.equal(await schedules.upsert('s', { every: '100ms' }, task, { a: 1 }), 'new')
  await clock.advance(2_000)
  assert.ok(store.jobs.length >= 1)
  assert.equal(await schedules.remove('s'), true)
  assert.equal(await schedules.remove('s'), false)
  await clock.advance(2_000)
  const count = store.jobs.length
  await clock.advance(2_000)
  assert.equal(store.jobs.length, count)
  await running.close()
})

test('a changed input keeps the next slot, changed times do not', async () => {
  const { store, schedules } = held()
  const nextOf = async () => (await schedules.list())[0]?.next.toISOString()
  await schedules.upsert('s', { cron: '0 13 * * *' }, task, 1)
  store.now += 7_200_000
  assert.equal(await schedules.upsert('s', { cron: '0 13 * * *' }, task, 1), 'same')
  assert.equal(await schedules.upsert('s', { cron: '0 13 * * *' }, task, 2), 'changed')
  assert.equal(await nextOf(), '2026-03-01T13:00:00.000Z')
  assert.equal(await schedules.upsert('s', { cron: '0 13,20 * * *' }, task, 2), 'changed')
  assert.equal(await nextOf(), '2026-03-01T20:00:00.000Z')
})

test('a schedule of code is listed, and not changed at run time', async () => {
  const { store, clock, schedules } = held()
  const timing = { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin', jitter: '5m' }
  const running = await startProcess(store, clock, { schedules: [schedule('digest', timing, task, { to: 'all' })] })
  await clock.advance(100)
  await running.close()
  await assert.rejects(schedules.upsert('digest', { every: '1s' }, task, {}), { code: 'TASK_ARGUMENT_INVALID' })
  assert.deepEqual(await schedules.list(), [
    {
      ...{ name: 'digest', task: 'sweep', payload: '{"to":"all"}', application: 'shop' },
      timing: { cron: '0 8 * * 1-5', timeZone: 'Europe/Berlin' },
      ...{ catchUp: 'one', overlap: 'skip', jitterMs: 300_000 },
      next: new Date('2026-03-02T07:00:00Z'),
    },
  ])
})

test('a task of defineTask is scheduled with an input of its type, or without', async () => {
  const withInput = defineTask({ id: 'digest', run: async (input: { to: string }) => input.to })
  const without = defineTask({ id: 'sweep', run: async () => {} })
  const { store, schedules } = held()
  await schedules.upsert('a', { every: '1m' }, withInput, { to: 'all' })
  await schedules.upsert('b', { every: '1m' }, without)
  // @ts-expect-error The input is of another type.
  await schedules.upsert('c', { every: '1m' }, withInput, { to: 1 })
  // @ts-expect-error The input is missing.
  assert.ok(schedule('d', { every: '1m' }, withInput) instanceof DeclaredSchedule)
  assert.ok(schedule('e', { every: '1m' }, without) instanceof DeclaredSchedule)
  assert.equal(store.schedules.get('a')?.job.payload, '{"to":"all"}')
  assert.ok(!('id' in (store.schedules.get('a')?.job ?? {})))
})

const wrong: readonly [name: string, timing: object, message: string][] = [
  ['', { every: 1 }, 'name of a schedule is a text of 1 to 256 visible letters, not "".'],
  ['s', {}, 'The time of schedule "s" is either cron or every, not "neither".'],
  ['s', { cron: '* * * * *', every: 1 }, 'The time of schedule "s" is either cron or every, not "both".'],
  ['s', { evry: 1 }, 'The time of schedule "s" has no option "evry": did you mean every?'],
  ['s', { every: '50ms' }, 'every of schedule "s" is a duration from 100ms to 366d, not "50ms".'],
  [
    's',
    { every: '1m', timeZone: 'UTC' },
    'timeZone of schedule "s" has no effect on every. Use cron for times of the day.',
  ],
  ['s', { every: '1m', jitter: '2m' }, 'jitter of schedule "s" is at most 1m, not "2m".'],
  [
    's',
    { cron: '* * * * *', timeZone: 'Mars/X' },
    'timeZone of schedule "s" is a zone such as "Europe/Berlin", not "Mars/X".',
  ],
  ['s', { cron: '0 0 30 2 *' }, 'cron of schedule "s" is a pattern of times that come, not "0 0 30 2 *".'],
  [
    ...(['s', { cron: '2030-01-01T00:00:00' }] as const),
    'cron of schedule "s" is five fields, or six with seconds, such as "0 8 * * 1-5", not "2030-01-01T00:00:00". It has neither five nor six fields.',
  ],
  [
    ...(['s', { cron: '61 * * * *' }] as const),
    'cron of schedule "s" is five fields, or six with seconds, such as "0 8 * * 1-5", not "61 * * * *". CronPattern: Invalid value for minute: 61',
  ],
  ['s', { every: 1, catchUp: 'two' }, 'catchUp of schedule "s" is "none" or "one" or "all", not "two".'],
  [
    ...(['s', { every: 1, catchUp: 'all', overlap: 'skip' }] as const),
    'overlap of schedule "s", whose catchUp is "all", is "queue" or "allow", not "skip".',
  ],
]

for (const [name, timing, message] of wrong) {
  test(`${JSON.stringify(timing)} is refused where it is written`, () => {
    const make = () => schedule(name, timing as ScheduleTiming, task, {})
    assert.throws(make, { name: 'TaskError', code: 'TASK_ARGUMENT_INVALID', message })
  })
}

test('overlap "queue" and a limit of the task do not go together', async () => {
  const limited = taskOf('b', { limit: { key: 'b', max: 3 } })
  const { store, clock, schedules } = held()
  const declared = schedule('s', { every: '1m', overlap: 'queue' }, limited, {})
  const message = /overlap of schedule "s" cannot be "queue", since task "b" has a concurrency limit: use "allow"/
  await assert.rejects(startProcess(store, clock, { schedules: [declared] }), { message })
  await assert.rejects(schedules.upsert('s', { every: '1m', overlap: 'queue' }, limited, {}), { message })
})

test('what is no task is refused where the schedule is written', () => {
  for (const none of [undefined, { id: 'x' }]) {
    const message = /^The task of schedule "s" is what defineTask returns, not /
    assert.throws(() => schedule('s', { every: 1 }, none as never), { code: 'TASK_ARGUMENT_INVALID', message })
  }
})
