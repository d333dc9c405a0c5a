/** How large flows may be. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { defineTask } from './define-task.ts'
import { chain, type Flow, type FlowTask, group } from './flow.ts'
import { NonRetryableError } from './task-error.ts'
import { createTestTasks } from './test-tasks.ts'

const next = defineTask({ id: 'next', run: (n: number) => n + 1 })
const broken = defineTask({
  id: 'broken',
  run(): number {
    throw new NonRetryableError('no')
  },
})
const chainAny = chain as (first: Flow<number>, ...rest: FlowTask<number, number>[]) => Flow<number>

test('a chain is as long as a flow may have jobs, given at once or piece by piece', async t => {
  const tasks = createTestTasks()
  t.after(() => tasks.close())
  const dead = await chainAny(broken.with(), ...Array(9_999).fill(next)).enqueue()
  assert.equal(await tasks.run(), 1)
  assert.equal((await dead.status()).state, 'dead')
  let flow: Flow<number> = next.with(0)
  for (let count = 1; count < 500; count++) flow = chain(flow, next)
  const done = await flow.enqueue()
  assert.equal(await tasks.run(), 500)
  assert.equal(await done.result(), 500)
  const tooLong = chainAny(next.with(0), ...Array(10_000).fill(next)).enqueue()
  await assert.rejects(tooLong, { code: 'TASK_ARGUMENT_INVALID', message: /at most 10000/ })
})

test('groups in groups are limited, since their results are lists in lists', async t => {
  const tasks = createTestTasks()
  t.after(() => tasks.close())
  let flow: Flow<unknown> = next.with(0)
  for (let depth = 0; depth < 100; depth++) flow = group([flow])
  const handle = await flow.enqueue()
  await tasks.run()
  assert.deepEqual([await handle.result()].flat(Number.POSITIVE_INFINITY), [1])
  assert.throws(() => group([flow]), { code: 'TASK_ARGUMENT_INVALID', message: /100 deep/ })
})
