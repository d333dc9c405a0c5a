import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  done,
  enter,
  fail,
  longMs,
  newJob,
  type OpenEngine,
  openTasks,
  stateOf,
  take,
  takeAll,
  takeOne,
} from './setup.ts'

export function operatorConformance(open: OpenEngine): void {
  test('of a paused queue nothing begins; what is active goes on; others are not held up', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue([newJob(), newJob()])
    await enter(tasks)
    const job = await takeOne(tasks)
    await tasks.pause('q', true)
    await tasks.pause('q', true)
    assert.deepEqual(await take(tasks), [])
    const other = await add(tasks, { queue: 'r' })
    assert.deepEqual(await takeAll(tasks, { queues: ['q', 'r'] }), [other])
    await done(tasks, job)
    const waiting = takeOne(tasks)
    await tasks.pause('q', false)
    assert.ok(await waiting)
  })

  test('queues, states and workers are counted', async t => {
    const { tasks } = await openTasks(open, t)
    const limit = { key: 'k', max: 1 }
    await tasks.enqueue([
      newJob({ limit, priority: 0 }),
      newJob({ limit, priority: 0 }),
      newJob(),
      newJob({ priority: 9 }),
      newJob({ delayMs: longMs }),
      newJob({ queue: 'r', gather: { count: 1, mode: 'one' } }),
    ])
    await enter(tasks, 'w', { pid: 7, host: 'here', pool: 'cpu', queues: ['q', 'r'] })
    const jobs = await take(tasks, { free: 2 })
    assert.equal(jobs.length, 2)
    await tasks.pause('r', true)
    const queues = (await tasks.queues()).toSorted((one, other) => (one.name < other.name ? -1 : 1))
    assert.deepEqual(queues, [
      { name: 'q', isPaused: false, scheduled: 1, ready: 1, blocked: 1, active: 2 },
      { name: 'r', isPaused: true, scheduled: 0, ready: 0, blocked: 0, active: 0 },
    ])
    const { scheduled, ready, blocked, waiting, active } = await tasks.counts()
    assert.deepEqual([scheduled, ready, blocked, waiting, active], [1, 1, 1, 1, 2])
    const [worker, ...others] = await tasks.workers()
    assert.equal(others.length, 0)
    const { leaseUntil, ...known } = worker ?? { leaseUntil: 0 }
    assert.deepEqual(known, {
      name: 'w',
      slot: 'slot of w',
      pid: 7,
      host: 'here',
      pool: 'cpu',
      queues: ['q', 'r'],
      active: 2,
    })
    assert.ok(leaseUntil > 0)
    await tasks.leave('w')
    assert.deepEqual(await tasks.workers(), [])
  })

  test('what a process tells of its tasks is told to others as it was', async t => {
    const { tasks, other } = await openTasks(open, t)
    const { task, payload, ...rules } = newJob({ failureMs: 30 * 86_400_000 })
    const told = [
      { id: task, queue: 'q', defaults: rules },
      { id: `${payload}"\u2028\n`, queue: 'q', defaults: rules },
    ]
    await enter(tasks, 'w', { tasks: told })
    await enter(tasks, 'idle', { tasks: [] })
    const workers = (await other().workers()).toSorted((one, two) => (one.name < two.name ? 1 : -1))
    assert.deepEqual(
      workers.map(worker => worker.tasks ?? []),
      [told, []],
    )
  })

  test('dead and cancelled jobs begin anew, with all their attempts', async t => {
    const { tasks } = await openTasks(open, t)
    const dead = await add(tasks, { attempts: 1 })
    await enter(tasks)
    await fail(tasks, await takeOne(tasks))
    const cancelled = await add(tasks)
    await tasks.cancel(cancelled)
    const ready = await add(tasks)
    assert.equal((await tasks.retry({ ids: [dead, cancelled, ready, 'nobody'] })).count, 2)
    assert.equal((await tasks.retry({ ids: [dead] })).count, 0)
    const jobs = await take(tasks, { free: 10 })
    assert.deepEqual(jobs.map(({ id }) => id).toSorted(), [dead, cancelled, ready].toSorted())
    for (const { attempt, interruptions } of jobs) assert.deepEqual([attempt, interruptions], [1, 0])
  })

  test('by a filter those are tried again that it names', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks)
    for (const task of ['a', 'a', 'b']) {
      await add(tasks, { task })
      await fail(tasks, await takeOne(tasks), null)
    }
    const cancelled = await add(tasks, { task: 'a' })
    await tasks.cancel(cancelled)
    assert.equal((await tasks.retry({ states: ['dead'], task: 'a' })).count, 2)
    assert.equal(await stateOf(tasks, cancelled), 'cancelled')
    assert.equal((await tasks.retry({})).count, 2)
    assert.equal((await tasks.counts()).ready, 4)
  })

  test('a retry goes on where it has ended, and does not meet again what dies again meanwhile', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks)
    const ids = [await add(tasks), await add(tasks), await add(tasks), await add(tasks), await add(tasks)]
    const dieAll = async () => {
      for (const job of await take(tasks, { free: 10 })) await fail(tasks, job, null)
    }
    await dieAll()
    let count = 0
    for (let after: { cursor?: string } | undefined = {}; after; ) {
      const changed = await tasks.retry({ states: ['dead'], limit: 2, ...after })
      assert.ok(changed.count <= 2)
      count += changed.count
      after = changed.cursor === undefined ? undefined : { cursor: changed.cursor }
      await dieAll()
    }
    assert.equal(count, ids.length)
    assert.deepEqual(await tasks.remove({ ids }), { count: 5 })
  })

  test('finished jobs are removed; those that wait only when they are asked for; active ones never', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks), await add(tasks), await add(tasks)]
    const later = await add(tasks, { delayMs: longMs })
    await enter(tasks)
    const [one] = await take(tasks, { free: 2 })
    assert.ok(one)
    await done(tasks, one)
    assert.equal((await tasks.remove({})).count, 1)
    assert.equal(await tasks.get(one.id), undefined)
    assert.equal((await tasks.remove({ ids })).count, 0)
    assert.equal((await tasks.remove({ states: ['ready', 'scheduled', 'active'] })).count, 2)
    assert.equal(await tasks.get(later), undefined)
    assert.equal(await stateOf(tasks, String(ids[1])), 'active')
    assert.deepEqual(await take(tasks), [])
    const counts = await tasks.counts()
    assert.deepEqual([counts.active, counts.ready ?? 0, counts.done ?? 0], [1, 0, 0])
  })

  test('what was removed leaves nothing behind: its unique key, and who waits for its result', async t => {
    const { tasks } = await openTasks(open, t)
    const unique = { key: 'k', on: 'skip' } as const
    const parent = newJob({ gather: { count: 1, mode: 'one' } })
    await tasks.enqueue([parent, newJob({ unique, delayMs: longMs, parent: { id: parent.id, index: 0 } })])
    assert.equal((await tasks.remove({ states: ['scheduled'] })).count, 1)
    assert.equal((await tasks.enqueue([newJob({ unique })]))[0]?.isNew, true)
    assert.equal(await stateOf(tasks, parent.id), 'cancelled')
  })
}
