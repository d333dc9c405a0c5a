import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, done, enter, fail, newJob, type OpenEngine, openTasks, stateOf, take, takeOne } from './setup.ts'

const limit = { key: 'k', max: 2 }

export function limitConformance(open: OpenEngine): void {
  test('no more of a key are active than may be; the others are blocked, and come in their order', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks, { limit }), await add(tasks, { limit }), await add(tasks, { limit })]
    const last = await add(tasks, { limit })
    const free = await add(tasks)
    await enter(tasks)
    const active = await take(tasks, { free: 10 })
    assert.deepEqual(active.map(({ id }) => id).toSorted(), [ids[0], ids[1], free].toSorted())
    assert.deepEqual(await take(tasks, { free: 10 }), [])
    assert.equal(await stateOf(tasks, String(ids[2])), 'blocked')
    assert.equal((await tasks.get(last))?.limitKey, 'k')
    const [one, two] = active.filter(({ limitKey }) => limitKey === 'k')
    assert.ok(one && two)
    await done(tasks, one)
    const third = await takeOne(tasks, { free: 10 })
    assert.equal(third.id, ids[2])
    await fail(tasks, two, null)
    assert.equal((await takeOne(tasks, { free: 10 })).id, last)
  })

  test('whatever becomes of an active one, its place is free again', async t => {
    const { tasks } = await openTasks(open, t)
    const one = { key: 'k', max: 1 }
    await enter(tasks)
    await enter(tasks, 'x')
    const ways: ((job: { id: string; token: number }) => Promise<unknown>)[] = [
      job => tasks.done('w', [job]),
      job => tasks.fail('w', [{ ...job, error: { name: 'E', message: 'm' }, retryMs: null }]),
      job => tasks.fail('w', [{ ...job, error: { name: 'E', message: 'm' }, retryMs: 60_000 }]),
      async job => {
        await tasks.giveBack('w', [job])
        await tasks.cancel(job.id)
      },
      async job => {
        await tasks.leave('w')
        await tasks.cancel(job.id)
        await enter(tasks)
      },
      async job => {
        await tasks.cancel(job.id)
        await tasks.fail('w', [{ ...job, error: { name: 'E', message: 'm' }, retryMs: 0 }])
      },
    ]
    for (const end of ways) {
      await tasks.enqueue([newJob({ limit: one }), newJob({ limit: one })])
      const first = await takeOne(tasks, { free: 2 })
      assert.deepEqual(await take(tasks, { worker: 'x', timeoutMs: 5 }), [])
      await end({ id: first.id, token: first.token })
      const second = await takeOne(tasks, { worker: 'x' })
      assert.notEqual(second.id, first.id)
      await done(tasks, second, undefined, 'x')
    }
  })

  test('a blocked one that is cancelled, and one that would be next, hold up nobody', async t => {
    const { tasks } = await openTasks(open, t)
    const one = { key: 'k', max: 1 }
    const ids = [await add(tasks, { limit: one }), await add(tasks, { limit: one })]
    const more = [await add(tasks, { limit: one }), await add(tasks, { limit: one })]
    await enter(tasks)
    const active = await takeOne(tasks, { free: 10 })
    assert.deepEqual(await take(tasks), [])
    assert.equal(await tasks.cancel(String(ids[1])), 'cancelled')
    await done(tasks, active)
    // It was unblocked by that, and is not claimed yet.
    assert.equal(await tasks.cancel(String(more[0])), 'cancelled')
    assert.equal((await takeOne(tasks)).id, more[1])
  })

  test('a waiting claim is given the one that is unblocked', async t => {
    const { tasks } = await openTasks(open, t)
    const one = { key: 'k', max: 1 }
    await add(tasks, { limit: one })
    const second = await add(tasks, { limit: one })
    await enter(tasks)
    const first = await takeOne(tasks, { free: 5 })
    const waiting = takeOne(tasks)
    await done(tasks, first)
    assert.equal((await waiting).id, second)
  })

  test('with many keys each has its own limit', async t => {
    const { tasks } = await openTasks(open, t)
    const keys = ['a', 'b', 'c', 'd']
    await tasks.enqueue(keys.flatMap(key => Array.from({ length: 10 }, () => newJob({ limit: { key, max: 2 } }))))
    await enter(tasks)
    let left = 40
    while (left > 0) {
      const jobs = await take(tasks, { free: 100 })
      const counts = new Map<string | undefined, number>()
      for (const { limitKey } of jobs) counts.set(limitKey, (counts.get(limitKey) ?? 0) + 1)
      assert.deepEqual([...counts.values()], [2, 2, 2, 2])
      left -= jobs.length
      await tasks.done('w', jobs)
    }
    assert.equal((await tasks.counts()).done, 40)
  })

  test('one of a paused queue whose turn it is holds up no other queue', async t => {
    const { tasks } = await openTasks(open, t)
    const limit = { key: 'k', max: 1 }
    const [running, next, third] = [newJob({ limit }), newJob({ limit }), newJob({ limit, queue: 'r' })]
    await tasks.enqueue([running, next, third])
    await enter(tasks)
    const [job] = await take(tasks, { queues: ['q', 'r'], free: 3 })
    assert.equal(job?.id, running.id)
    // Now it is the turn of the next one, which does not begin.
    await done(tasks, job)
    await tasks.pause('q', true)
    const other = await takeOne(tasks, { queues: ['q', 'r'] })
    assert.equal(other.id, third.id)
    await done(tasks, other)
    await tasks.pause('q', false)
    assert.equal((await takeOne(tasks)).id, next.id)
  })

  test('one that is blocked in a paused queue begins when that goes on', async t => {
    const { tasks } = await openTasks(open, t)
    const limit = { key: 'k', max: 1 }
    await tasks.enqueue([newJob({ limit }), newJob({ limit })])
    await enter(tasks)
    const [job] = await take(tasks, { free: 2 })
    assert.ok(job)
    await tasks.pause('q', true)
    await done(tasks, job)
    assert.deepEqual(await take(tasks), [])
    await tasks.pause('q', false)
    await done(tasks, await takeOne(tasks))
  })
}
