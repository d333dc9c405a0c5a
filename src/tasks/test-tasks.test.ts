/** What a test can do with tasks: limits, cancelling, schedules, interruptions, each at the time that it says. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import type { StandardSchema } from '../store/codecs/standard-schema.ts'
import { createTestStore } from '../store/test-store.ts'
import { defineTask } from './define-task.ts'
import type { TaskContext } from './runnable-task.ts'
import { schedule } from './schedule/declared-schedule.ts'
import { spaceOn } from './task-space.ts'
import { TestRunner } from './test-runner.ts'
import { createTestTasks, type TestTasks, type TestTasksOptions } from './test-tasks.ts'

const now = Date.parse('2026-03-01T07:59:30Z')

function open(t: TestContext, options: TestTasksOptions = {}): TestTasks {
  const tasks = createTestTasks({ now, ...options })
  t.after(() => tasks.close())
  return tasks
}

/** Until it is aborted; rejects with why. */
function untilAborted(_: undefined, { signal }: TaskContext): Promise<never> {
  return new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
}

async function rejectsWithCause(result: Promise<unknown>, cause: object): Promise<void> {
  const error = (await result.catch(thrown => thrown)) as Error & { code: string }
  assert.equal(error.code, 'TASK_DEAD')
  await assert.rejects(Promise.reject(error.cause), cause)
}

const retry = { attempts: 2, min: '10s', jitter: 0 }

test('a soft limit aborts when the clock is moved past it, and the next attempt has its own', async t => {
  const tasks = open(t)
  const slow = defineTask({ id: 'slow', timeout: { soft: '30s' }, retry, run: untilAborted })
  const handle = await slow.enqueue()
  const running = tasks.run()
  assert.equal(await tasks.advance('29s'), 1)
  assert.equal((await handle.status()).state, 'active')
  await tasks.advance('1s')
  assert.equal(await running, 1)
  const { state, error, due } = await handle.status()
  assert.deepEqual([state, error?.code, error?.name], ['scheduled', 'TASK_SOFT_LIMIT', 'TimeoutError'])
  assert.equal(due, now + 40_000)
  tasks.clock.advance('10s')
  const again = tasks.run()
  assert.equal(await tasks.advance('1m'), 1)
  assert.equal(await again, 1)
  await rejectsWithCause(handle.result(), { code: 'TASK_SOFT_LIMIT' })
})

test('a handler that moves the clock itself takes as long as it says', async t => {
  const tasks = open(t, { mode: 'inline' })
  const seen: boolean[] = []
  const slow = defineTask({
    id: 'slow',
    timeout: { soft: '30s' },
    run(_: undefined, { signal }) {
      for (const _ of [1, 2]) {
        tasks.clock.advance('15s')
        seen.push(signal.aborted)
      }
    },
  })
  await (await slow.enqueue()).result()
  assert.deepEqual(seen, [false, true])
})

test('a hard limit ends a job whose handler does not listen, and what it returns later does not count', async t => {
  const tasks = open(t)
  const gate = Promise.withResolvers<string>()
  const deaf = defineTask({ id: 'deaf', timeout: { soft: '10s', hard: '20s' }, retry, run: () => gate.promise })
  const handle = await deaf.enqueue()
  const running = tasks.run()
  await tasks.advance('25s')
  assert.equal(await running, 1)
  assert.deepEqual(
    [(await handle.status()).error?.code, (await handle.status()).due],
    ['TASK_HARD_LIMIT', now + 30_000],
  )
  gate.resolve('at last')
  await tasks.advance('5s')
  assert.deepEqual([await handle.result(), (await handle.status()).attempt], ['at last', 2])
})

test('a job that runs is cancelled by its signal, and not tried again', async t => {
  const tasks = open(t)
  const slow = defineTask({ id: 'slow', retry, run: untilAborted })
  const begun = Promise.withResolvers<void>()
  const marked = defineTask({
    id: 'marked',
    retry,
    run(input: undefined, context) {
      begun.resolve()
      return untilAborted(input, context)
    },
  })
  const handle = await marked.enqueue()
  const waiting = await slow.enqueue()
  const running = tasks.run()
  await begun.promise
  assert.deepEqual([await tasks.cancel(waiting.id), await handle.cancel()], ['cancelled', 'asked'])
  assert.equal(await running, 1)
  await assert.rejects(handle.result(), { code: 'TASK_CANCELLED' })
  assert.equal(await tasks.advance('1h'), 0)
})

test('an interrupted job runs again with the same attempt number, and is dead when that is its third', async t => {
  const tasks = open(t)
  const attempts: number[] = []
  const reasons: string[] = []
  const slow = defineTask({
    id: 'slow',
    run(input: undefined, context) {
      attempts.push(context.attempt)
      context.signal.addEventListener('abort', () => reasons.push(context.signal.reason.code))
      return untilAborted(input, context)
    },
  })
  const handle = await slow.enqueue()
  const running = tasks.run()
  for (const count of [1, 2, 3]) {
    while (attempts.length < count) await pause(1)
    assert.equal(await tasks.interrupt(), 1)
  }
  await running
  assert.deepEqual(attempts, [1, 1, 1])
  assert.deepEqual(reasons, Array(3).fill('TASK_LEASE_LOST'))
  await rejectsWithCause(handle.result(), { name: 'WorkerLost' })
})

test('schedules fire at their slots as the clock is moved, of code and of run time', async t => {
  const slots: string[] = []
  const report = defineTask({
    id: 'report',
    run: (name: string) => void slots.push(`${name} ${new Date(tasks.clock.now()).toISOString().slice(11, 19)}`),
  })
  const tasks = open(t, { schedules: [schedule('code', { cron: '0 * * * *' }, report, 'code')] })
  assert.equal(await tasks.advance('29s'), 0)
  await tasks.schedules.upsert('made', { every: '20m' }, report, 'made')
  assert.equal(await tasks.advance('1h'), 4)
  assert.deepEqual(slots.toSorted(), ['code 08:00:00', 'made 08:00:00', 'made 08:20:00', 'made 08:40:00'])
  assert.equal(await tasks.schedules.remove('made'), true)
  assert.equal(await tasks.advance('1h'), 1)
  assert.deepEqual(
    (await tasks.schedules.list()).map(({ name, application }) => [name, application]),
    [['code', 'test']],
  )
})

test('slots that an outage has left out are caught up as the schedule says', async t => {
  const runs: string[] = []
  const count = defineTask({ id: 'count', run: (name: string) => void runs.push(name) })
  const tasks = open(t, {
    schedules: (['none', 'one', 'all'] as const).map(catchUp =>
      schedule(catchUp, { every: '10s', catchUp }, count, catchUp),
    ),
  })
  assert.equal(await tasks.run(), 0)
  tasks.clock.advance('35s')
  assert.equal(await tasks.run(), 1 + 1 + 3)
  assert.deepEqual(runs.filter(name => name === 'all').length, 3)
})

test('rates, limits, expiry, unique keys and their time go by the clock', async t => {
  const tasks = open(t)
  const begun: number[] = []
  const limited = defineTask({
    id: 'limited',
    rateLimit: { limit: 2, per: '1m' },
    run: () => void begun.push(tasks.clock.now() - now),
  })
  await limited.enqueueMany([undefined, undefined, undefined, undefined])
  assert.equal(await tasks.run(), 2)
  assert.equal(await tasks.advance('1m'), 2)
  assert.deepEqual(begun, [0, 0, 30_000, 60_000])

  const once = defineTask({ id: 'once', unique: { ttl: '1h' }, run: () => {} })
  await once.enqueue()
  await tasks.run()
  assert.equal((await once.enqueue()).isNew, false)
  await tasks.advance('1h')
  assert.equal((await once.enqueue()).isNew, true)

  const stale = defineTask({ id: 'stale', queue: 'stale', expires: '5m', run: () => {} })
  await tasks.pause('stale')
  const handle = await stale.enqueue()
  await tasks.advance('6m')
  await tasks.resume('stale')
  await tasks.run()
  await assert.rejects(handle.result(), { code: 'TASK_CANCELLED' })
})

test('so many handlers run at once as the test asks for, and no more of a key than its task allows', async t => {
  const tasks = open(t, { concurrency: 10 })
  let running = 0
  const most: Record<string, number> = {}
  let gate = Promise.withResolvers<void>()
  const run = async (enough: number, { task }: TaskContext) => {
    most[task] = Math.max(most[task] ?? 0, ++running)
    if (running === enough) gate.resolve()
    await gate.promise
    running--
  }
  await defineTask({ id: 'free', run }).enqueueMany(Array(30).fill(10))
  assert.equal(await tasks.run(), 30)
  gate = Promise.withResolvers()
  await defineTask({ id: 'two', concurrency: { limit: 2 }, run }).enqueueMany(Array(10).fill(2))
  assert.equal(await tasks.run(), 10)
  assert.deepEqual(most, { free: 10, two: 2 })
})

test('inline, all that is enqueued at once has run when each of them resolves', async t => {
  open(t, { mode: 'inline' })
  const double = defineTask({ id: 'double', run: (n: number) => n * 2 })
  const states = await Promise.all([1, 2, 3].map(async n => (await (await double.enqueue(n)).status()).state))
  assert.deepEqual(states, ['done', 'done', 'done'])
})

test('what would wait for itself, or never end, is refused', async t => {
  const tasks = open(t)
  const inside = defineTask({ id: 'inside', retry: { attempts: 1 }, run: () => tasks.run() })
  const handle = await inside.enqueue()
  await tasks.run()
  await rejectsWithCause(handle.result(), { message: /tasks\.clock\.advance/ })
})

test('a task that always enqueues itself does not hang the test', async t => {
  const { store, clock } = createTestStore()
  t.after(() => store.close())
  const space = spaceOn(store)
  const endless = defineTask({ id: 'endless', run: () => enqueue() })
  const enqueue = async () => {
    await space.commands.enqueue([await endless.prepare(space, { input: { value: undefined }, options: {} })])
  }
  await enqueue()
  const runner = new TestRunner({
    ...{ space, clock, concurrency: 1, resultBytesMax: 1024, runsMax: 150 },
    find: () => endless,
    prepare: async () => {},
  })
  await assert.rejects(runner.run(), { code: 'TASK_ARGUMENT_INVALID', message: /150 jobs.*"endless"/ })
})

test('what cannot be declared says so at the first run', async t => {
  const schema: StandardSchema<number> = {
    '~standard': { version: 1, vendor: 'test', validate: () => ({ issues: [{ message: 'no number' }] }) },
  }
  const strict = defineTask({ id: 'strict', input: schema, run: () => {} })
  const tasks = open(t, { schedules: [schedule('wrong', { every: '1m' }, strict, 1)] })
  await assert.rejects(tasks.run(), { code: 'TASK_INPUT_INVALID', message: /no number/ })
  assert.throws(() => createTestTasks({ concurrency: 0 }), { code: 'TASK_ARGUMENT_INVALID' })
})

test('a job that runs longer than a day stays the one of its process', async t => {
  const tasks = open(t)
  const gate = Promise.withResolvers<string>()
  const long = defineTask({ id: 'long', run: () => gate.promise })
  const handle = await long.enqueue()
  const running = tasks.run()
  await tasks.advance('3d')
  gate.resolve('done')
  await running
  assert.deepEqual([await handle.result(), (await handle.status()).interruptions], ['done', 0])
})
