import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineTask } from '../define-task.ts'
import { createTestTasks } from '../test-tasks.ts'
import { schedule } from './declared-schedule.ts'
import { readTiming } from './schedule-spec.ts'
import { slotsBetween } from './timetable.ts'
import { waitEndOf } from './waiting-limit.ts'

const now = Date.parse('2026-03-28T00:00:00Z')

test('behind a run that does not end, a hundred wait, and the oldest gives way', async t => {
  const gate = Promise.withResolvers<void>()
  const stuck = defineTask({ id: 'stuck', run: () => gate.promise })
  const schedules = [schedule('queued', { every: '1s', overlap: 'queue' }, stuck)]
  // A second place, in which the others would run if they were not blocked.
  const tasks = createTestTasks({ now, schedules, concurrency: 2 })
  t.after(() => tasks.close())
  tasks.clock.advance('1s')
  const running = tasks.run()
  assert.equal(await tasks.advance('105s'), 1)
  const { active, blocked, ready, cancelled } = await tasks.counts()
  assert.deepEqual([active, (blocked ?? 0) + (ready ?? 0), cancelled], [1, 100, 5])
  gate.resolve()
  await running
  assert.equal((await tasks.counts()).done, 101)
})

test('where all are caught up, all of them may wait; and a shorter time of the task holds', async t => {
  const runs: string[] = []
  const count = defineTask({ id: 'count', expires: '1m', run: (name: string) => void runs.push(name) })
  const rest = defineTask({ id: 'rest', run: (name: string) => void runs.push(name) })
  const tasks = createTestTasks({
    now,
    schedules: [
      schedule('all', { every: '1s', catchUp: 'all' }, rest, 'all'),
      schedule('short', { every: '1s', overlap: 'queue' }, count, 'short'),
    ],
  })
  t.after(() => tasks.close())
  await tasks.run()
  tasks.clock.advance('120s')
  await tasks.run()
  assert.equal(runs.filter(name => name === 'all').length, 120)
  const { jobs } = await tasks.list({ task: 'count', limit: 1 })
  assert.equal(jobs[0]?.state, 'done')
  await tasks.pause('default')
  await tasks.advance('70s')
  const waiting = await tasks.list({ task: 'count', states: ['ready', 'blocked'], limit: 1_000 })
  assert.equal(waiting.jobs.length, 60)
})

test('the end of a wait is the hundredth slot behind it, across changed clocks, in whatever order it is asked for', () => {
  const cron = { cron: '*/15 2 * * *', timeZone: 'Europe/Berlin' }
  const rules = readTiming('x', { ...cron, overlap: 'queue' })
  const slots = slotsBetween(cron, now, now + 60 * 86_400_000, 1_000)
  for (const i of [0, 1, 2, 50, 51, 7, 8]) assert.equal(waitEndOf(rules, slots[i] ?? 0), slots[i + 100], String(i))
  assert.equal(waitEndOf(readTiming('x', { every: '1m', overlap: 'queue' }), now), now + 6_000_000)
  assert.equal(waitEndOf(readTiming('x', { every: '1m', catchUp: 'all' }), now), now + 60_000_000)
  for (const overlap of ['skip', 'allow'] as const)
    assert.equal(waitEndOf(readTiming('x', { ...cron, overlap }), now), undefined)
  const leap = readTiming('x', { cron: '0 0 29 2 *', catchUp: 'all' })
  assert.equal(waitEndOf(leap, Date.parse('2028-02-29T00:00:00Z')), undefined)
})
