import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, done, enter, fail, failure, newJob, type OpenEngine, openTasks, take, takeOne, until } from './setup.ts'

const longWait = { timeoutMs: 20_000 }

export function waitConformance(open: OpenEngine): void {
  test('a claim waits for a job, also for one of its later queues', async t => {
    const { tasks, other } = await openTasks(open, t)
    await enter(tasks)
    const claim = tasks.claim('w', { queues: ['q', 'r'], free: 1 }, longWait)
    const id = await add(other(), { queue: 'r' })
    assert.equal((await claim)?.[0]?.id, id)
  })

  test('a claim waits for a delayed job, which was there or comes later', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks)
    const first = await add(tasks, { delayMs: 80 })
    assert.equal((await takeOne(tasks)).id, first)
    const claim = takeOne(tasks)
    const [second] = await tasks.enqueue([newJob({ delayMs: 80 })])
    await add(tasks, { delayMs: 60_000 })
    assert.equal((await claim).id, second?.id)
  })

  test('each of many waiting claims gets one of many jobs, and none gets another’s', async t => {
    const { tasks, other } = await openTasks(open, t)
    const engines = [tasks, other()]
    await Promise.all(Array.from({ length: 10 }, (_, i) => enter(tasks, `w${i}`)))
    const claims = Array.from({ length: 10 }, (_, i) =>
      takeOne(engines[i % 2] as typeof tasks, { worker: `w${i}`, timeoutMs: 20_000 }),
    )
    const jobs = Array.from({ length: 10 }, () => newJob())
    await tasks.enqueue(jobs)
    const ids = (await Promise.all(claims)).map(({ id }) => id)
    assert.deepEqual(
      ids.toSorted(),
      jobs.map(({ id }) => id),
    )
  })

  test('a claim whose time is over answers nothing, and takes nothing later', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks)
    assert.equal(await tasks.claim('w', { queues: ['q'], free: 1 }, { timeoutMs: 20 }), undefined)
    await add(tasks)
    await takeOne(tasks)
  })

  test('a claim that is given up takes nothing', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks)
    const controller = new AbortController()
    const claim = tasks.claim('w', { queues: ['q'], free: 1 }, { ...longWait, signal: controller.signal })
    controller.abort(new Error('given up'))
    await assert.rejects(claim, { message: 'given up' })
    const id = await add(tasks)
    assert.equal((await takeOne(tasks)).id, id)
  })

  test('who waits for a job hears of each change; several do', async t => {
    const { tasks, other } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    const version = (await tasks.get(id))?.version ?? 0
    const watchers = [tasks, other(), tasks, tasks].map(each => each.waitFor(id, version, longWait))
    const job = await takeOne(tasks)
    for (const seen of await Promise.all(watchers)) {
      assert.deepEqual([seen?.state, seen?.attempt], ['active', 1])
      assert.ok((seen?.version ?? 0) > version)
    }
    const next = tasks.waitFor(id, job.version, longWait)
    await tasks.progress('w', job, '0.5')
    const told = await next
    assert.equal(told?.progress, '0.5')
    const last = tasks.waitFor(id, told?.version ?? 0, longWait)
    await done(tasks, job, '7')
    assert.deepEqual([(await last)?.state, (await last)?.result], ['done', '7'])
  })

  test('what has changed already is answered at once; what does not change, when the time is over', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    const job = await tasks.waitFor(id, 0, longWait)
    assert.equal(job?.id, id)
    assert.equal(await tasks.waitFor(id, job.version, { timeoutMs: 20 }), undefined)
    assert.equal(await tasks.waitFor('nobody', 0, longWait), undefined)
  })

  test('who waits for something ahead does not keep others from hearing', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    const version = (await tasks.get(id))?.version ?? 0
    const ahead = tasks.waitFor(id, version + 1, longWait)
    const behind = tasks.waitFor(id, version, longWait)
    await enter(tasks)
    const job = await takeOne(tasks)
    assert.equal((await behind)?.state, 'active')
    await done(tasks, job)
    assert.ok(((await ahead)?.version ?? 0) > version + 1)
  })

  test('a queue that nobody claims from fills, and is emptied by many', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue(Array.from({ length: 300 }, () => newJob()))
    await Promise.all(Array.from({ length: 5 }, (_, i) => enter(tasks, `w${i}`)))
    const seen = new Set<string>()
    const work = async (worker: string) => {
      for (;;) {
        const jobs = await take(tasks, { worker, free: 7, timeoutMs: 60 })
        if (jobs.length === 0) return
        for (const { id } of jobs) {
          assert.equal(seen.has(id), false)
          seen.add(id)
        }
        await tasks.done(worker, jobs)
      }
    }
    await Promise.all(Array.from({ length: 5 }, (_, i) => work(`w${i}`)))
    assert.equal(seen.size, 300)
    assert.equal((await tasks.counts()).done, 300)
  })

  test('who waits for the end of a job hears of it, also of one that is not to be kept', async t => {
    const { tasks, other, pass } = await openTasks(open, t)
    await enter(tasks)
    const ids = [await add(tasks, { resultMs: 0, failureMs: 0 }), await add(tasks, { resultMs: 0, failureMs: 0 })]
    const waiting = ids.map(id => until(other(), id, id === ids[0] ? 'done' : 'dead'))
    const [one, two] = await take(tasks, { free: 2 })
    assert.ok(one && two)
    await done(tasks, one, '1')
    await fail(tasks, two, null)
    await pass(100)
    // Who claims clears away.
    await take(tasks)
    assert.equal((await tasks.get(one.id))?.result, '1')
    assert.equal((await waiting[0])?.result, '1')
    assert.deepEqual((await waiting[1])?.error, failure)
  })
}
