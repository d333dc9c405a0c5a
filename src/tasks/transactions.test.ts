/** What is enqueued with a transaction: a part of it or refused, never lost. */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setImmediate as turn } from 'node:timers/promises'
import type { Transaction } from '../store/structures/transaction.ts'
import { createTestStore } from '../store/test-store.ts'
import { defineTask } from './define-task.ts'
import { chain } from './flow.ts'
import { createTestTasks, type TestTasks } from './test-tasks.ts'

function open(t: TestContext): TestTasks {
  const tasks = createTestTasks()
  t.after(() => tasks.close())
  return tasks
}

const double = defineTask({ id: 'double', run: (n: number) => n * 2 })
const once = defineTask({ id: 'once', unique: { key: () => 'k' }, run: (n: number) => n * 2 })

test('a transaction that has ended is refused by all that enqueues', async t => {
  const tasks = open(t)
  let kept: Transaction | undefined
  await tasks.store.transaction(tx => {
    kept = tx
  })
  const ended = { code: 'TASK_ARGUMENT_INVALID', message: /^The transaction has ended/ }
  await assert.rejects(double.enqueue(1, { transaction: kept }), ended)
  await assert.rejects(double.enqueueMany([1], { transaction: kept }), ended)
  await assert.rejects(tasks.enqueue(double, 1, { transaction: kept }), ended)
  await assert.rejects(chain(double.with(1), double).enqueue({ transaction: kept }), ended)
  // A rejection that nobody has seen would fail this test here.
  await turn()
  assert.equal(await tasks.run(), 0)
})

test('what nobody awaits is enqueued with the transaction, and fails it when it is refused', async t => {
  const tasks = open(t)
  await tasks.store.transaction(tx => {
    void double.enqueue(1, { transaction: tx })
    void double.enqueueMany([2, 3], { transaction: tx })
    void tasks.enqueue(double, 4, { transaction: tx })
    void chain(double.with(5), double).enqueue({ transaction: tx })
  })
  assert.equal(await tasks.run(), 6)
  const refused = tasks.store.transaction(tx => {
    tx.map('m').set('a', 1)
    void double.enqueue(new Date() as never, { transaction: tx })
  })
  await assert.rejects(refused, { code: 'TASK_INPUT_INVALID' })
  const seen = tasks.store.transaction(async tx => {
    await double.enqueue(new Date() as never, { transaction: tx }).catch(() => {})
  })
  await seen
  await turn()
  assert.deepEqual([await tasks.store.map('m').size(), await tasks.run()], [0, 0])
})

test('a helper that is late is refused, whether the function has ended or thrown', async t => {
  const tasks = open(t)
  for (const failure of [undefined, new Error('changed my mind')]) {
    const ended = Promise.withResolvers<void>()
    let helper: Promise<unknown> | undefined
    const transaction = tasks.store.transaction(tx => {
      helper = ended.promise.then(() => double.enqueue(1, { transaction: tx }))
      void double.enqueue(2, { transaction: tx })
      if (failure) throw failure
    })
    if (failure) await assert.rejects(transaction, failure)
    else await transaction
    ended.resolve()
    await assert.rejects(helper as Promise<unknown>, { code: 'TASK_ARGUMENT_INVALID' })
    await turn()
    assert.equal(await tasks.run(), failure ? 0 : 1)
  }
})

test('a transaction of another store is refused', async t => {
  const tasks = open(t)
  const { store: other } = createTestStore()
  t.after(() => other.close())
  const foreign = other.transaction(tx => double.enqueue(3, { transaction: tx }))
  await assert.rejects(foreign, { code: 'TASK_ARGUMENT_INVALID', message: /another store/ })
  assert.equal(await tasks.run(), 0)
})

test('when the transaction has succeeded, the handle is that of the job which has the unique key', async t => {
  const tasks = open(t)
  const first = await once.enqueue(1)
  const second = await tasks.store.transaction(tx => once.enqueue(2, { transaction: tx }))
  assert.deepEqual([second.id, second.isNew], [first.id, false])
  const [third] = await tasks.store.transaction(tx => once.enqueueMany([3], { transaction: tx }))
  assert.deepEqual([third?.id, third?.isNew], [first.id, false])
  assert.deepEqual([await tasks.run(), await second.result()], [1, 2])
  const fourth = await tasks.store.transaction(tx => once.enqueue(4, { transaction: tx }))
  assert.deepEqual([fourth.isNew, fourth.id === first.id], [true, false])
})
