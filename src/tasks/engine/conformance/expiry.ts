import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  done,
  enter,
  fail,
  longMs,
  type OpenEngine,
  openTasks,
  stateOf,
  take,
  takeAll,
  takeOne,
  until,
} from './setup.ts'

export function expiryConformance(open: OpenEngine): void {
  test('what has not begun in time is cancelled, and says so', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const ready = await add(tasks, { expiresMs: 60 })
    const later = await add(tasks, { expiresMs: 60, delayMs: longMs })
    const waiting = await add(tasks, { expiresMs: 60, gather: { count: 1, mode: 'one' } })
    const kept = await add(tasks, { expiresMs: longMs })
    await enter(tasks)
    await pass(100)
    assert.deepEqual(await takeAll(tasks), [kept])
    for (const id of [ready, later, waiting]) {
      const job = await until(tasks, id, 'cancelled')
      assert.equal(job.error?.name, 'Expired')
    }
  })

  test('what has begun in time may take longer, and be tried again', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const id = await add(tasks, { expiresMs: 1_500 })
    await enter(tasks)
    const first = await takeOne(tasks)
    await pass(1_550)
    assert.equal(await stateOf(tasks, id), 'active')
    await fail(tasks, first, 0)
    await done(tasks, await takeOne(tasks))
  })

  test('what is finished is kept for so long as was said', async t => {
    const { tasks, pass } = await openTasks(open, t)
    await enter(tasks)
    const short = { resultMs: 0, failureMs: 0 }
    const ids = [await add(tasks, short), await add(tasks, short)]
    const long = [await add(tasks), await add(tasks)]
    const [one, two, three, four] = await take(tasks, { free: 4 })
    assert.ok(one && two && three && four)
    for (const job of [one, three]) await done(tasks, job, '1')
    for (const job of [two, four]) await fail(tasks, job, null)
    for (const id of ids) assert.ok(await tasks.get(id))
    // At least two seconds, for those who wait.
    await pass(2_000)
    // Who claims clears away, too.
    await take(tasks)
    for (const id of ids) assert.equal(await tasks.get(id), undefined)
    for (const id of long) assert.ok(await tasks.get(id))
    const counts = await tasks.counts()
    assert.deepEqual([counts.done, counts.dead], [1, 1])
  })

  test('what is no longer kept can be enqueued anew', async t => {
    const { tasks, pass } = await openTasks(open, t)
    await enter(tasks)
    const id = await add(tasks, { resultMs: 0 })
    await done(tasks, await takeOne(tasks))
    await pass(2_000)
    await take(tasks)
    assert.equal(await add(tasks, { id }), id)
    assert.equal((await takeOne(tasks)).id, id)
  })
}
