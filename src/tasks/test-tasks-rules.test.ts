/** In a test, the rules of a tree: what it refuses, what it leaves out, and what is run behind a transaction. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { defineTask } from './define-task.ts'
import { schedule } from './schedule/declared-schedule.ts'
import { createTestTasks, type TestTasks, type TestTasksOptions } from './test-tasks.ts'

function open(t: TestContext, options: TestTasksOptions = {}): TestTasks {
  const tasks = createTestTasks(options)
  t.after(() => tasks.close())
  return tasks
}

const double = defineTask({ id: 'double', run: (n: number) => n * 2 })

test('inline, what a transaction has enqueued has run when the transaction resolves', async t => {
  const { store } = open(t, { mode: 'inline' })
  const handles = await store.transaction(async transaction => {
    transaction.counter('orders').increment()
    return [await double.enqueue(1, { transaction }), await double.enqueue(2, { transaction })]
  })
  assert.deepEqual(await Promise.all(handles.map(async handle => (await handle.status()).state)), ['done', 'done'])
})

test('inline, nothing of a transaction that fails runs, and a handler may have one of its own', async t => {
  const { store } = open(t, { mode: 'inline' })
  let runs = 0
  const count = defineTask({ id: 'count', run: () => void runs++ })
  const failing = store.transaction(async transaction => {
    await count.enqueue(undefined, { transaction })
    throw new Error('not now')
  })
  await assert.rejects(failing, /not now/)
  assert.equal(runs, 0)
  const outer = defineTask({
    id: 'outer',
    run: () => store.transaction(async transaction => void (await count.enqueue(undefined, { transaction }))),
  })
  await (await outer.enqueue()).result()
  assert.equal(runs, 1)
})

test('manual, what a transaction has enqueued waits for run', async t => {
  const tasks = open(t)
  const handle = await tasks.store.transaction(transaction => double.enqueue(1, { transaction }))
  assert.equal((await handle.status()).state, 'ready')
  assert.equal(await tasks.run(), 1)
})

test('a result above maxResultBytes makes the job dead, and no further attempt is made', async t => {
  const big = defineTask({ id: 'big', run: (bytes: number) => 'x'.repeat(bytes - 2) })
  const stateOf = async (tasks: TestTasks, bytes: number) => {
    const handle = await big.enqueue(bytes)
    assert.equal(await tasks.advance('1h'), 1)
    const { state, error } = await handle.status()
    return [state, error?.code]
  }
  const tree = open(t)
  assert.deepEqual(await stateOf(tree, 1024 ** 2), ['done', undefined])
  assert.deepEqual(await stateOf(tree, 1024 ** 2 + 1), ['dead', 'TASK_RESULT_TOO_LARGE'])
  await tree.close()
  const small = open(t, { maxResultBytes: '1KB' })
  assert.deepEqual(await stateOf(small, 1024), ['done', undefined])
  assert.deepEqual(await stateOf(small, 1025), ['dead', 'TASK_RESULT_TOO_LARGE'])
})

test('progress that the store does not take is left out, and the handler goes on', async t => {
  const tasks = open(t)
  const talking = defineTask({
    id: 'talking',
    async run(_: undefined, { progress }) {
      await progress('short')
      await progress('x'.repeat(70_000))
      return 'told'
    },
  })
  const handle = await talking.enqueue()
  await tasks.run()
  assert.deepEqual([await handle.result(), (await handle.status()).progress], ['told', '"short"'])
})

test('two tasks of one id, or two schedules of one name, are refused', t => {
  const other = defineTask({ id: 'double', run: (n: number) => n + n })
  assert.throws(() => createTestTasks({ tasks: [double, other] }), { code: 'TASK_DUPLICATE', message: /"double"/ })
  const hourly = schedule('often', { every: '1h' }, double, 1)
  const daily = schedule('often', { every: '1d' }, double, 1)
  assert.throws(() => createTestTasks({ schedules: [hourly, daily] }), { code: 'TASK_DUPLICATE', message: /"often"/ })
  open(t, { tasks: [double, double], schedules: [hourly, hourly] })
})

test('options that are none are refused by name, and nothing is left behind', t => {
  const wrong: [name: string, value: unknown][] = [
    ...['tasks', 'schedules'].flatMap(name =>
      [5, 'double', null, {}, [5], [null]].map((value): [string, unknown] => [name, value]),
    ),
    ...[Number.NaN, -1, 1.5, '5', null, Number.POSITIVE_INFINITY].map((value): [string, unknown] => ['now', value]),
    ...[-1, 'much', Number.NaN, null, {}, Symbol('s')].map((value): [string, unknown] => ['maxResultBytes', value]),
    ...([
      ['tasks', [defineTask({ run: () => {} })]],
      ['mode', 'sometimes'],
      ['concurrency', 0],
    ] as [string, unknown][]),
  ]
  for (const [name, value] of wrong) {
    const code =
      name === 'tasks' && Array.isArray(value) && typeof value[0] === 'object' && value[0]
        ? 'TASK_UNNAMED'
        : 'TASK_ARGUMENT_INVALID'
    const message = code === 'TASK_UNNAMED' ? /no id/ : new RegExp(name)
    assert.throws(() => createTestTasks({ [name]: value } as TestTasksOptions), { name: 'TaskError', code, message })
  }
  open(t)
})

test('whatever a handler throws ends its job, and the test goes on', async t => {
  const tasks = open(t)
  const thrown = [
    Object.assign(new Error('odd'), { name: Symbol('name') }),
    Object.assign(new Error('odd'), { message: Object.create(null) }),
    Object.defineProperty(new Error('odd'), 'message', { get: () => assert.fail('a getter') }),
    Object.defineProperty(new Error('odd'), 'stack', { get: () => assert.fail('a getter') }),
    ...[Object.create(null), Symbol('thrown'), null, undefined],
  ]
  const odd = defineTask({
    id: 'odd',
    retry: { attempts: 1 },
    run(which: number) {
      throw thrown[which]
    },
  })
  const handles = await odd.enqueueMany([...thrown.keys()])
  assert.equal(await tasks.run(), thrown.length)
  const states = await Promise.all(handles.map(async handle => (await handle.status()).state))
  assert.deepEqual(states, Array(thrown.length).fill('dead'))
})
