import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewJob } from '../job.ts'
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
  takeOne,
  until,
} from './setup.ts'

const skip = { key: 'k', on: 'skip' } as const
const replace = { key: 'k', on: 'replace' } as const

export function uniqueConformance(open: OpenEngine): void {
  test('there is one of a key until it is finished', async t => {
    const { tasks } = await openTasks(open, t)
    const first = await add(tasks, { unique: skip })
    const second = () => tasks.enqueue([newJob({ unique: skip })])
    assert.deepEqual(await second(), [{ id: first, state: 'ready', isNew: false }])
    await enter(tasks)
    const job = await takeOne(tasks)
    assert.equal(job.uniqueKey, 'k')
    assert.deepEqual(await second(), [{ id: first, state: 'active', isNew: false }])
    await done(tasks, job)
    const [third] = await second()
    assert.equal(third?.isNew, true)
    assert.notEqual(third?.id, first)
    assert.equal((await takeOne(tasks)).id, third?.id)
  })

  test('a dead or cancelled one lets the next one in, and other keys are others', async t => {
    const { tasks } = await openTasks(open, t)
    await add(tasks, { unique: skip })
    assert.equal((await tasks.enqueue([newJob({ unique: { key: 'l', on: 'skip' } })]))[0]?.isNew, true)
    await enter(tasks)
    await fail(tasks, await takeOne(tasks), null)
    const [next] = await tasks.enqueue([newJob({ unique: skip })])
    assert.equal(next?.isNew, true)
    assert.equal(await tasks.cancel(String(next?.id)), 'cancelled')
    assert.equal((await tasks.enqueue([newJob({ unique: skip })]))[0]?.isNew, true)
  })

  test('of those that come together the first is taken', async t => {
    const { tasks, other } = await openTasks(open, t)
    const jobs = Array.from({ length: 20 }, () => newJob({ unique: skip }))
    const [first] = jobs as [NewJob]
    const answers = await tasks.enqueue(jobs)
    assert.deepEqual(
      answers.map(({ id, isNew }) => [id, isNew]),
      jobs.map((_, i) => [first.id, i === 0]),
    )
    const second = other()
    const more = await Promise.all(
      [tasks, second].flatMap(one => jobs.map(() => one.enqueue([newJob({ unique: skip })]))),
    )
    assert.ok(more.every(([answer]) => answer?.id === first.id && !answer.isNew))
  })

  test('with a time to live it stands for so long, also when it is finished', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const unique = { ...skip, ttlMs: 1_500 }
    const first = await add(tasks, { unique })
    await enter(tasks)
    await done(tasks, await takeOne(tasks))
    assert.deepEqual(await tasks.enqueue([newJob({ unique })]), [{ id: first, state: 'done', isNew: false }])
    await pass(1_500)
    assert.equal((await tasks.enqueue([newJob({ unique })]))[0]?.isNew, true)
  })

  test('with a time to live it stands beyond that until it is finished', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const unique = { ...skip, ttlMs: 30 }
    const first = await add(tasks, { unique })
    await pass(50)
    assert.deepEqual(await tasks.enqueue([newJob({ unique })]), [{ id: first, state: 'ready', isNew: false }])
  })

  test('a scheduled one is replaced: another payload, another time, the same job', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const first = await add(tasks, { unique: replace, delayMs: 1_500, payload: '1' })
    const [answer] = await tasks.enqueue([newJob({ unique: replace, delayMs: 60_000, payload: '2' })])
    assert.deepEqual(answer, { id: first, state: 'scheduled', isNew: false })
    await enter(tasks)
    await pass(1_550)
    assert.deepEqual(await take(tasks), [])
    const [now] = await tasks.enqueue([newJob({ unique: replace, payload: '3' })])
    assert.deepEqual(now, { id: first, state: 'ready', isNew: false })
    assert.equal((await takeOne(tasks)).payload, '3')
  })

  test('one that is ready or active is not replaced', async t => {
    const { tasks } = await openTasks(open, t)
    const first = await add(tasks, { unique: replace, payload: '1' })
    await tasks.enqueue([newJob({ unique: replace, payload: '2', delayMs: 1000 })])
    assert.equal(await stateOf(tasks, first), 'ready')
    await enter(tasks)
    assert.equal((await takeOne(tasks)).payload, '1')
    await tasks.enqueue([newJob({ unique: replace, payload: '2' })])
    assert.deepEqual(await take(tasks), [])
  })

  test('one whose key another one has by now does not begin anew', async t => {
    const { tasks } = await openTasks(open, t)
    const unique = { key: 'k', on: 'skip' } as const
    const first = await add(tasks, { unique })
    await tasks.cancel(first)
    const second = await add(tasks, { unique })
    assert.equal((await tasks.retry({ ids: [first] })).count, 0)
    assert.equal(await stateOf(tasks, first), 'cancelled')
    await tasks.cancel(second)
    assert.equal((await tasks.retry({ ids: [first] })).count, 1)
    assert.equal((await tasks.enqueue([newJob({ unique })]))[0]?.id, first)
  })

  test('one that begins anew keeps its key beyond the time that was left of it', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const unique = { key: 'k', ttlMs: 150, on: 'skip' } as const
    const id = await add(tasks, { unique })
    await tasks.cancel(id)
    assert.equal((await tasks.retry({ ids: [id] })).count, 1)
    await pass(200)
    assert.equal((await tasks.enqueue([newJob({ unique })]))[0]?.id, id)
  })

  test('what is removed frees its key at once, and what replaces brings its own time to expire', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const unique = { key: 'k', ttlMs: longMs, on: 'replace' } as const
    const removed = await add(tasks, { unique, delayMs: longMs })
    assert.equal((await tasks.remove({ states: ['scheduled'] })).count, 1)
    const id = await add(tasks, { unique, delayMs: longMs })
    assert.notEqual(id, removed)
    await tasks.enqueue([newJob({ unique, delayMs: longMs, expiresMs: 30 })])
    await pass(60)
    await enter(tasks)
    await take(tasks)
    assert.equal((await until(tasks, id, 'cancelled')).error?.name, 'Expired')
  })
}
