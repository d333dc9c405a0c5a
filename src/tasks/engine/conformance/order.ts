import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, enter, fail, newJob, type OpenEngine, openTasks, take, takeAll, takeOne } from './setup.ts'

export function orderConformance(open: OpenEngine): void {
  test('the smallest priority comes first, and within one who came first', async t => {
    const { tasks } = await openTasks(open, t)
    const jobs = [5, 9, 0, 5, 0, 9].map(priority => newJob({ priority }))
    await tasks.enqueue(jobs.slice(0, 4))
    await tasks.enqueue(jobs.slice(4))
    await enter(tasks)
    assert.deepEqual(
      await takeAll(tasks),
      [2, 4, 0, 3, 1, 5].map(i => jobs[i]?.id),
    )
  })

  test('the first queue of a claim comes first, whatever the priorities are; others are left alone', async t => {
    const { tasks } = await openTasks(open, t)
    const low = await add(tasks, { queue: 'a', priority: 9 })
    const high = await add(tasks, { queue: 'b', priority: 0 })
    await add(tasks, { queue: 'c' })
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks, { queues: ['a', 'b'] }), [low, high])
    assert.deepEqual(await takeAll(tasks, { queues: ['b', 'a'] }), [])
  })

  test('no more are given than are free', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue(Array.from({ length: 5 }, () => newJob()))
    await enter(tasks)
    assert.equal((await take(tasks, { free: 3 })).length, 3)
    assert.equal((await take(tasks, { free: 3 })).length, 2)
  })

  test('a delayed one comes when it is due, not before; those that are due, in the order of their times', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const delays = [1_540, 1_500, 60_000, 1_520]
    const [last, first, late, middle] = await tasks.enqueue(delays.map(delayMs => newJob({ delayMs })))
    assert.equal(late?.state, 'scheduled')
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks, { timeoutMs: 20 }), [])
    await pass(1_600)
    assert.deepEqual(await takeAll(tasks), [first?.id, middle?.id, last?.id])
    assert.equal((await tasks.get(String(late.id)))?.state, 'scheduled')
  })

  test('a retry stands behind those that have come meanwhile', async t => {
    const { tasks } = await openTasks(open, t)
    const again = await add(tasks)
    const other = await add(tasks)
    await enter(tasks)
    await fail(tasks, await takeOne(tasks), 0)
    assert.deepEqual(await takeAll(tasks), [other, again])
  })

  test('what has no delay left is not kept waiting by what has', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue(Array.from({ length: 50 }, () => newJob({ delayMs: 60_000 })))
    const id = await add(tasks, { delayMs: 0 })
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks), [id])
  })
}
