/** A test moves the clock as far as it likes: what becomes due runs, and what runs stays the job of its process. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { defineTask } from './define-task.ts'
import { schedule } from './schedule/declared-schedule.ts'
import { createTestTasks, type TestTasks, type TestTasksOptions } from './test-tasks.ts'

const now = Date.parse('2026-03-01T07:59:30Z')

function open(t: TestContext, options: TestTasksOptions = {}): TestTasks {
  const tasks = createTestTasks({ now, ...options })
  t.after(() => tasks.close())
  return tasks
}

for (const mode of ['manual', 'inline'] as const) {
  test(`${mode}: a job that is due in two days or a year runs then`, async t => {
    const tasks = open(t, { mode })
    const begun: number[] = []
    const late = defineTask({ id: 'late', run: (_: string) => void begun.push(tasks.clock.now() - now) })
    await late.enqueue('days', { delay: '2d' })
    await late.enqueue('a year', { delay: '365d' })
    assert.equal(await tasks.advance('2d'), 1)
    assert.equal(await tasks.advance('363d'), 1)
    assert.deepEqual(begun, [2 * 86_400_000, 365 * 86_400_000])
  })

  test(`${mode}: attempts that are two days apart all run`, async t => {
    const tasks = open(t, { mode })
    const attempts: number[] = []
    const failing = defineTask({
      id: 'failing',
      retry: { attempts: 3, min: '2d', max: '2d', jitter: 0 },
      run(_: undefined, { attempt }) {
        attempts.push(attempt)
        throw new Error('once more')
      },
    })
    await failing.enqueue()
    await tasks.advance('5d')
    assert.deepEqual(attempts, [1, 2, 3])
  })
}

test('schedules fire for days on end', async t => {
  let runs = 0
  const count = defineTask({ id: 'count', run: () => void runs++ })
  const hourly = open(t, { schedules: [schedule('hourly', { every: '1h' }, count)] })
  assert.equal(await hourly.advance('50h'), 50)
  await hourly.close()
  const daily = open(t, { schedules: [schedule('daily', { cron: '0 8 * * *' }, count)] })
  assert.equal(await daily.advance('3d'), 3)
  assert.equal(runs, 53)
})

test('behind an outage of days, run catches up', async t => {
  const tasks = open(t)
  const quick = defineTask({ id: 'quick', run: () => {} })
  await tasks.run()
  await quick.enqueue()
  tasks.clock.advance('400d')
  assert.equal(await tasks.run(), 1)
})

test('a handler that moves the clock by days is not interrupted', async t => {
  const tasks = open(t)
  const long = defineTask({ id: 'long', run: () => tasks.clock.advance('3d') })
  const handle = await long.enqueue()
  assert.equal(await tasks.run(), 1)
  const { state, interruptions } = await handle.status()
  assert.deepEqual([state, interruptions], ['done', 0])
})
