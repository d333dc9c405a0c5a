/** Whoever waits may say how long: for a store that does not answer, too. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine } from '../store/engines/engine.ts'
import { defineTask } from './define-task.ts'
import type { TaskEngine } from './engine/task-engine.ts'
import { inTime } from './in-time.ts'
import { openTasks, Tasks } from './tasks.ts'
import { createTestTasks } from './test-tasks.ts'

const never = new Promise<never>(() => {})
/** Of all that it is asked, the store answers nothing; nobody runs tasks there. */
const commands = {
  enqueue: () => never,
  get: () => never,
  waitFor: () => never,
  workers: async () => [],
} as unknown as TaskEngine
const silent = () => new Tasks(() => ({ engine: {} as Engine, commands, date: () => 0 }))
const add = defineTask({ id: 'add', run: ({ a, b }: { a: number; b: number }) => a + b })
const input = { a: 1, b: 2 }
const late = { code: 'TASK_TIMEOUT' }

test('enqueue, result and events wait for a silent store as long as they are told', async () => {
  const tasks = silent()
  const message =
    /^Job \w{26} of task "add": the store has not confirmed it in 5 ms\. It may be enqueued all the same\.$/
  await assert.rejects(tasks.enqueue(add, input, { timeout: '5ms' }), { ...late, message })
  const handle = tasks.handle('01JD0000000000000000000000')
  await assert.rejects(handle.result({ timeout: '5ms' }), { ...late, message: /The store has not said in 5 ms/ })
  await assert.rejects(handle.events({ timeout: '5ms' }).next(), late)
  await assert.rejects(tasks.enqueue('add', input, { timeout: '5ms' }), { code: 'TASK_UNKNOWN' })
})

test('a signal ends each of them with its reason, at once when it is aborted already', async () => {
  const tasks = silent()
  const handle = tasks.handle('01JD0000000000000000000000')
  const waits = (signal: AbortSignal) => [
    tasks.enqueue(add, input, { signal }),
    tasks.enqueue('add', input, { signal }),
    handle.result({ signal }),
    handle.events({ signal }).next(),
  ]
  const reason = new Error('enough')
  for (const wait of waits(AbortSignal.abort(reason))) await assert.rejects(wait, reason)
  const abort = new AbortController()
  const waiting = waits(abort.signal).map(wait => assert.rejects(wait, reason))
  setImmediate(() => abort.abort(reason))
  await Promise.all(waiting)
})

test('what is aborted before is not enqueued, and what comes in time is returned', async t => {
  const tasks = createTestTasks({ tasks: [add] })
  t.after(() => tasks.close())
  await assert.rejects(add.enqueueMany([input], { signal: AbortSignal.abort() }), { name: 'AbortError' })
  await assert.rejects(add.enqueue(input, { timeout: 'soon' }), { code: 'TASK_ARGUMENT_INVALID' })
  assert.equal(await tasks.run(), 0)
  const signal = new AbortController().signal
  const handle = await openTasks(tasks.store).enqueue(add, input, { timeout: '1m', signal })
  assert.equal(await tasks.run(), 1)
  assert.equal(await handle.result({ timeout: '1m', signal }), 3)
  const seen: string[] = []
  for await (const { type } of handle.events({ timeout: '1m', signal })) seen.push(type)
  assert.deepEqual(seen, ['state'])
})

test('with a transaction there is nothing to wait for, and in a flow nothing to end', async t => {
  const tasks = createTestTasks()
  t.after(() => tasks.close())
  const both = tasks.store.transaction(async tx => add.enqueue(input, { transaction: tx, timeout: '1s' }))
  await assert.rejects(both, { code: 'TASK_ARGUMENT_INVALID', message: /^timeout has no effect with transaction/ })
  assert.throws(() => add.with(input, { timeout: '1s' } as never), { code: 'TASK_ARGUMENT_INVALID' })
})

test('a wait of months sets no timer that fires at once', async () => {
  const late = () => new Error('late')
  assert.equal(await inTime(async () => 1, { timeoutMs: 90 * 86_400_000, late }), 1)
})
