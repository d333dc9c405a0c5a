/** What users hold, from enqueueing to results, on the engine in memory. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { defineTask } from './define-task.ts'
import { chain, chord, group } from './flow.ts'
import { withOrigin } from './request-context.ts'
import { NonRetryableError, TaskError } from './task-error.ts'
import { Tasks } from './tasks.ts'
import { createTestTasks, type TestTasks, type TestTasksOptions } from './test-tasks.ts'

function open(t: TestContext, options: TestTasksOptions = {}): TestTasks {
  const tasks = createTestTasks(options)
  t.after(() => tasks.close())
  return tasks
}

const add = defineTask({ id: 'add', run: ({ a, b }: { a: number; b: number }) => a + b })
const double = defineTask({ id: 'double', run: (n: number) => n * 2 })
const sum = defineTask({ id: 'sum', run: (list: readonly number[]) => list.reduce((total, n) => total + n, 0) })
const broken = defineTask({
  id: 'broken',
  run(): number {
    throw Object.assign(new NonRetryableError('no such page'), { code: 'E404' })
  },
})

test('a result comes to who waits for it before it is there, and to whoever finds the job later', async t => {
  const tasks = open(t)
  const handle = await add.enqueue({ a: 1, b: 2 })
  assert.deepEqual([handle.isNew, (await handle.status()).state], [true, 'ready'])
  const result = handle.result({ timeout: '10s' })
  assert.equal(await tasks.run(), 1)
  assert.equal(await result, 3)
  assert.equal(await tasks.handle<typeof add>(handle.id).result(), 3)
})

test('inline, a job has run when enqueue resolves, and what it enqueues, too', async t => {
  open(t, { mode: 'inline' })
  const ran: string[] = []
  const inner = defineTask({ id: 'inner', run: () => void ran.push('inner') })
  const outer = defineTask({
    id: 'outer',
    async run() {
      await inner.enqueue()
      ran.push('outer')
    },
  })
  const handle = await outer.enqueue()
  assert.deepEqual(ran, ['outer', 'inner'])
  assert.equal((await handle.status()).state, 'done')
})

test('a delayed job runs at its time and not before', async t => {
  const tasks = open(t, { mode: 'inline' })
  const later = await double.enqueue(2, { delay: '10m' })
  const at = await double.enqueue(3, { at: new Date(tasks.clock.now() + 3_600_000) })
  assert.equal(await tasks.advance('599s'), 0)
  assert.equal(await tasks.advance('1s'), 1)
  assert.equal(await later.result(), 4)
  assert.equal(await tasks.advance('50m'), 1)
  assert.equal(await at.result(), 6)
})

test('a retry of a filter goes on until it has seen all, or has so many as were wanted', async () => {
  const answers = [{ count: 0, cursor: '9' }, { count: 3, cursor: '5' }, { count: 1 }]
  const asked: unknown[] = []
  const retry = async (which: unknown) => {
    asked.push(which)
    return answers[asked.length - 1]
  }
  const tasks = new Tasks(() => ({ commands: { retry } }) as never)
  assert.equal(await tasks.dead.retry({ task: 't' }), 4)
  assert.deepEqual(asked, [
    { states: ['dead'], task: 't', limit: 1_000 },
    { states: ['dead'], task: 't', limit: 1_000, cursor: '9' },
    { states: ['dead'], task: 't', limit: 997, cursor: '5' },
  ])
  asked.length = 0
  assert.equal(await tasks.dead.retry({ limit: 3 }), 3)
  assert.equal(asked.length, 2)
})

test('attempts come at their times, until one succeeds or none is left', async t => {
  const tasks = open(t)
  const attempts: number[] = []
  const flaky = defineTask({
    id: 'flaky',
    retry: { attempts: 3, min: '1s', jitter: 0 },
    run(good: number, { attempt }) {
      attempts.push(attempt)
      if (attempt < good) throw new TypeError(`attempt ${attempt} fails`)
      return attempt
    },
  })
  const [second, never] = await flaky.enqueueMany([2, 9])
  await tasks.run()
  assert.deepEqual(attempts, [1, 1])
  await tasks.advance('1s')
  assert.equal(await second?.result(), 2)
  await tasks.advance('2s')
  assert.deepEqual(attempts, [1, 1, 2, 2, 3])
  const error = await never?.result().catch(thrown => thrown)
  assert.ok(error instanceof TaskError && error.cause instanceof Error)
  assert.deepEqual([error.code, error.cause.name, error.job?.attempt], ['TASK_DEAD', 'TypeError', 3])
  assert.match(error.message, /^Task "flaky" \(job \w{26}\) is dead after attempt 3 of 3: attempt 3 fails$/)
  assert.equal((await tasks.dead.list()).jobs[0]?.id, never?.id)
  assert.equal(await tasks.dead.retry({ task: 'flaky' }), 1)
  assert.equal((await never?.status())?.state, 'ready')
})

test('advance runs each attempt at its time', async t => {
  const tasks = open(t)
  const begun = tasks.clock.now()
  const times: number[] = []
  const failing = defineTask({
    id: 'failing',
    retry: { jitter: 0 },
    run() {
      times.push(tasks.clock.now() - begun)
      throw new Error('no')
    },
  })
  await failing.enqueue(undefined, { delay: '1m' })
  assert.equal(await tasks.advance('1h'), 5)
  assert.deepEqual(times, [60_000, 61_000, 63_000, 67_000, 75_000])
  assert.equal(tasks.clock.now() - begun, 3_600_000)
})

test('result rejects for what was cancelled, was not in time, is not there, and is not waited for any longer', async t => {
  const tasks = open(t)
  const handle = await double.enqueue(1)
  const waiting = handle.result({ timeout: '5s' })
  tasks.clock.advance('6s')
  await assert.rejects(waiting, { code: 'TASK_TIMEOUT' })
  const abort = new AbortController()
  const aborted = handle.result({ signal: abort.signal })
  abort.abort(new Error('enough'))
  await assert.rejects(aborted, { message: 'enough' })
  assert.equal(await tasks.cancel(handle.id), 'cancelled')
  await assert.rejects(handle.result(), { code: 'TASK_CANCELLED' })
  assert.equal(await handle.cancel(), 'finished')
  await assert.rejects(tasks.handle('01JD0000000000000000000000').result(), { code: 'TASK_NOT_FOUND' })
  assert.equal(await tasks.get('01JD0000000000000000000000'), undefined)
})

test('events tell the states and the progress, and end with the job', async t => {
  const tasks = open(t)
  const steps = defineTask({ id: 'steps', run: async (_: undefined, { progress }) => progress({ done: 0.5 }) })
  const handle = await steps.enqueue()
  const seen: unknown[] = []
  const listening = (async () => {
    for await (const event of handle.events()) seen.push(event.type === 'progress' ? event.progress : event.state)
  })()
  await tasks.run()
  await listening
  assert.equal(seen.at(-1), 'done')
  assert.ok(seen.some(value => typeof value === 'object'))
})

test('one of a unique key is enqueued, and its handle is given to the others', async t => {
  const tasks = open(t)
  const once = defineTask({ id: 'once', unique: { key: (n: number) => String(n % 10) }, run: (n: number) => n })
  const handles = await once.enqueueMany([1, 11, 2])
  const again = await once.enqueue(21)
  assert.deepEqual(
    [...handles, again].map(({ isNew }) => isNew),
    [true, false, true, false],
  )
  assert.equal(again.id, handles[0]?.id)
  assert.equal(await tasks.run(), 2)
  assert.equal(await again.result(), 1)
})

test('a chain hands each result to the next', async t => {
  const tasks = open(t)
  const handle = await chain(add.with({ a: 1, b: 2 }), double, double).enqueue({ delay: '1m' })
  assert.equal(await tasks.run(), 0)
  assert.equal(await tasks.advance('1m'), 3)
  assert.equal(await handle.result(), 12)
})

test('a group has the results in their order, also of groups and chains in it, and of nothing', async t => {
  const tasks = open(t)
  const inner = group([double.with(1), chain(double.with(2), double)])
  const handle = await group([double.with(5), inner, double.with(7)]).enqueue()
  const none = await group([]).enqueue()
  await tasks.run()
  assert.deepEqual(await handle.result(), [10, [2, 8], 14])
  assert.deepEqual(await none.result(), [])
})

test('a chord of 100 calls back once, with ordered results', async t => {
  const tasks = open(t)
  const numbers = Array.from({ length: 100 }, (_, n) => n)
  const seen: (readonly number[])[] = []
  const keep = defineTask({ id: 'keep', run: (list: readonly number[]) => void seen.push(list) })
  const handle = await chord(group(numbers.map(n => double.with(n))), sum).enqueue()
  await chord(group(numbers.map(n => double.with(n))), keep).enqueue()
  assert.equal(await tasks.run(), 202)
  assert.equal(await handle.result(), 9_900)
  assert.deepEqual(seen, [numbers.map(n => n * 2)])
})

test('what waits for a dead task is dead, too', async t => {
  const tasks = open(t)
  const handle = await chord(group([double.with(1), broken.with()]), sum).enqueue()
  const chained = await chain(broken.with(), double).enqueue()
  await tasks.run()
  for (const each of [handle, chained]) await assert.rejects(each.result(), { code: 'TASK_DEAD' })
})

test('with a transaction, all is done or nothing', async t => {
  const tasks = open(t)
  const { store } = tasks
  const failing = store.transaction(async tx => {
    tx.map<number>('orders').set('a', 1)
    await double.enqueue(1, { transaction: tx })
    throw new Error('changed my mind')
  })
  await assert.rejects(failing, { message: 'changed my mind' })
  assert.deepEqual([await tasks.run(), await store.map('orders').size()], [0, 0])
  const handle = await store.transaction(async tx => {
    tx.map<number>('orders').set('b', 2)
    return double.enqueue(2, { transaction: tx })
  })
  assert.deepEqual([await tasks.run(), await handle.result()], [1, 4])
  assert.equal(await store.map('orders').get('b'), 2)
  await assert.rejects(double.enqueue(1, { transaction: {} as never }), { code: 'TASK_ARGUMENT_INVALID' })
})

test('a transaction that is run again for a conflict enqueues once', async t => {
  const tasks = open(t)
  const counter = tasks.store.counter('n')
  let runs = 0
  await tasks.store.transaction(async tx => {
    await tx.counter('n').get()
    if (++runs === 1) await counter.increment()
    // Nobody awaits it: it counts nevertheless.
    void double.enqueue(runs, { transaction: tx })
    await new Promise(resolve => setImmediate(resolve))
  })
  assert.deepEqual([runs, await tasks.run()], [2, 1])
})

test('the context of a request goes into its jobs, and on into theirs', async t => {
  const tasks = open(t)
  const seen: unknown[] = []
  const child = defineTask({ id: 'child', run: (_: undefined, { context }) => void seen.push(context) })
  const parent = defineTask({ id: 'parent', run: async () => void (await child.enqueue()) })
  await withOrigin({ headers: { 'x-request-id': 'r7' } }, () => parent.enqueue())
  await tasks.run()
  await child.enqueue(undefined, { context: { requestId: 'by hand' } })
  await child.enqueue()
  await tasks.run()
  assert.deepEqual(seen, [{ requestId: 'r7' }, { requestId: 'by hand' }, {}])
})

test('a task is enqueued by its name, with its rules', async t => {
  const tasks = open(t, { tasks: [double] })
  const handle = await tasks.enqueue<typeof double>('double', 4)
  await tasks.run()
  assert.equal(await handle.result(), 8)
  await assert.rejects(tasks.enqueue('duoble', 1), { code: 'TASK_UNKNOWN' })
})

test('a paused queue waits; what is counted and listed is there', async t => {
  const tasks = open(t)
  const slow = defineTask({ id: 'slow', queue: 'slow', run: () => {} })
  await tasks.pause('slow')
  const handle = await slow.enqueue()
  await double.enqueue(1)
  assert.equal(await tasks.run(), 1)
  assert.deepEqual(
    (await tasks.list({ states: ['ready'] })).jobs.map(({ id }) => id),
    [handle.id],
  )
  assert.deepEqual((await tasks.queues()).find(({ name }) => name === 'slow')?.isPaused, true)
  await tasks.resume('slow')
  assert.equal(await tasks.run(), 1)
  assert.equal((await tasks.counts()).done, 2)
})

test('two at once would mix up their jobs: the second is refused', async t => {
  open(t)
  assert.throws(() => createTestTasks(), { code: 'TASK_ARGUMENT_INVALID', message: /await using/ })
})

test('who listens when a job is over is told its state last', async t => {
  const tasks = open(t)
  const told = defineTask({ id: 'told', run: (_: undefined, { progress }) => progress(7) })
  const handle = await told.enqueue()
  await tasks.run()
  const types: string[] = []
  for await (const event of handle.events()) types.push(event.type === 'state' ? event.state : event.type)
  assert.deepEqual(types, ['progress', 'done'])
})

test('a wrong name or choice rejects with what is wrong, and throws nothing before', async t => {
  const tasks = open(t)
  const wrong: [() => Promise<unknown>, RegExp][] = [
    [() => tasks.pause(''), /^The name of a queue is/],
    [() => tasks.resume(''), /^The name of a queue is/],
    [() => tasks.get(''), /^The id of a job is/],
    [() => tasks.cancel(''), /^The id of a job is/],
    [() => tasks.dead.retry({ ids: ['x'] } as never), /^Which jobs: ids are given by themselves, such as \["x"\]\./],
    [() => tasks.dead.remove({ ids: ['x'] } as never), /^Which jobs: ids/],
    [() => tasks.dead.remove({ tsk: 'x' } as never), /^Which jobs has no option "tsk": did you mean task\?/],
    [() => tasks.dead.retry(5 as never), /^Which jobs is/],
    [() => tasks.schedules.upsert('', { every: 1 }, double, 1), /^name of a schedule/],
    [() => tasks.schedules.upsert('a', { every: 1 }, undefined as never), /^The task of schedule "a" is/],
  ]
  for (const [call, message] of wrong) {
    const outcome = call()
    await assert.rejects(outcome, { code: 'TASK_ARGUMENT_INVALID', message })
  }
})
