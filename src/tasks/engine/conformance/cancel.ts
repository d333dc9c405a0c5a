import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, done, enter, fail, longMs, newJob, type OpenEngine, openTasks, stateOf, take, takeOne } from './setup.ts'

export function cancelConformance(open: OpenEngine): void {
  test('one that has not begun is cancelled at once', async t => {
    const { tasks } = await openTasks(open, t)
    const limit = { key: 'k', max: 1 }
    const blocking = await add(tasks, { limit, priority: 0 })
    const blocked = await add(tasks, { limit, priority: 0 })
    await enter(tasks)
    await takeOne(tasks, { free: 2 })
    assert.equal(await stateOf(tasks, blocked), 'blocked')
    const others = [
      await add(tasks),
      await add(tasks, { delayMs: longMs }),
      await add(tasks, { gather: { count: 1, mode: 'one' } }),
      blocked,
    ]
    for (const id of others) {
      assert.equal(await tasks.cancel(id), 'cancelled')
      const job = await tasks.get(id)
      assert.equal(job?.state, 'cancelled')
      assert.ok(job.finished)
      assert.equal(await tasks.cancel(id), 'finished')
    }
    assert.deepEqual(await take(tasks, { free: 10 }), [])
    assert.equal(await stateOf(tasks, blocking), 'active')
    assert.equal(await tasks.cancel('nobody'), undefined)
  })

  test('of one that is active its worker is told, once; at its end it is cancelled', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    const job = await takeOne(tasks)
    const orders = tasks.orders('w', longMs, { timeoutMs: 10_000 })
    assert.equal(await tasks.cancel(id), 'asked')
    assert.deepEqual(await orders, { cancel: [id] })
    const asked = await tasks.get(id)
    assert.deepEqual([asked?.state, asked?.isCancelling], ['active', true])
    assert.equal(await tasks.cancel(id), 'asked')
    await fail(tasks, job, 0)
    assert.equal(await stateOf(tasks, id), 'cancelled')
    assert.deepEqual(await take(tasks), [])
  })

  test('orders that are asked for later tell it, too', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue([newJob(), newJob(), newJob()])
    await enter(tasks)
    const jobs = await take(tasks, { free: 3 })
    for (const { id } of jobs.slice(0, 2)) assert.equal(await tasks.cancel(id), 'asked')
    const orders = await tasks.orders('w', longMs, { timeoutMs: 10_000 })
    assert.deepEqual(
      orders?.cancel.toSorted(),
      jobs.slice(0, 2).map(({ id }) => id),
    )
    assert.deepEqual(await tasks.orders('w', longMs, { timeoutMs: 30 }), { cancel: [] })
  })

  test('whatever its worker says, or when that is lost, it is cancelled', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks), await add(tasks), await add(tasks)]
    await enter(tasks)
    const [first, second] = await take(tasks, { free: 3 })
    assert.ok(first && second)
    for (const id of ids) await tasks.cancel(id)
    await done(tasks, first, '1')
    assert.deepEqual(await tasks.giveBack('w', [{ id: second.id, token: second.token }]), ['ok'])
    await tasks.leave('w')
    for (const id of ids) assert.equal(await stateOf(tasks, id), 'cancelled')
  })

  test('what is finished stays so', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    await done(tasks, await takeOne(tasks), '1')
    assert.equal(await tasks.cancel(id), 'finished')
    assert.equal(await stateOf(tasks, id), 'done')
  })

  test('one that loses its worker while it is being cancelled has lost it, and is cancelled', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    await takeOne(tasks)
    await tasks.cancel(id)
    await tasks.leave('w')
    const { state, attempt, interruptions, isCancelling } = (await tasks.get(id)) ?? {}
    assert.deepEqual([state, attempt, interruptions, isCancelling], ['cancelled', 0, 1, undefined])
  })
}
