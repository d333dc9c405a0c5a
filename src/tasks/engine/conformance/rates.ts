import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  type ClaimedJob,
  enter,
  newJob,
  type OpenEngine,
  openTasks,
  stateOf,
  take,
  takeAll,
  takeOne,
} from './setup.ts'

export function rateConformance(open: OpenEngine): void {
  test('so many begin at once, the others when their time has come, in their order', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const rate = { key: 'r', count: 1, periodMs: 1_500, burst: 2 }
    const ids: string[] = []
    for (let i = 0; i < 4; i++) ids.push(await add(tasks, { rate }))
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks), ids.slice(0, 2))
    assert.equal(await stateOf(tasks, String(ids[2])), 'scheduled')
    await pass(1_500)
    assert.deepEqual(await takeAll(tasks), [ids[2]])
    await pass(1_500)
    assert.deepEqual(await takeAll(tasks), [ids[3]])
  })

  test('a waiting claim is given the next one when its time has come', async t => {
    const { tasks } = await openTasks(open, t)
    const rate = { key: 'r', count: 1, periodMs: 200, burst: 1 }
    await add(tasks, { rate })
    const second = await add(tasks, { rate })
    await enter(tasks)
    const first = await takeOne(tasks, { free: 5 })
    const next = await takeOne(tasks, { free: 5 })
    assert.equal(next.id, second)
    assert.ok((next.started ?? 0) - (first.started ?? 0) >= 199)
  })

  test('other keys, and jobs without one, do not wait for it', async t => {
    const { tasks } = await openTasks(open, t)
    const rateOf = (key: string) => ({ key, count: 1, periodMs: 60_000, burst: 1 })
    await tasks.enqueue(Array.from({ length: 20 }, () => newJob({ rate: rateOf('a') })))
    const other = await add(tasks, { rate: rateOf('b') })
    const free = await add(tasks)
    await enter(tasks)
    const [first, ...rest] = await takeAll(tasks)
    assert.ok(first)
    assert.deepEqual(rest, [other, free])
    assert.deepEqual(await take(tasks, { free: 10 }), [])
  })

  test('what comes late for its time does not begin all at once', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const rate = { key: 'r', count: 1, periodMs: 300, burst: 1 }
    for (let i = 0; i < 4; i++) await add(tasks, { rate })
    await enter(tasks)
    assert.equal((await takeAll(tasks)).length, 1)
    await pass(1000)
    assert.equal((await takeAll(tasks)).length, 1)
  })

  test('whoever waits keeps its turn: all begin in their order and in time, and none of them expires', async t => {
    const { tasks } = await openTasks(open, t)
    const rate = { key: 'r', count: 30, periodMs: 1000, burst: 1 }
    // They are given one by one, and a busy machine takes its time for each: far more than they need, and than any of them may wait.
    const expiresMs = 30_000
    const jobs = Array.from({ length: 30 }, () => newJob({ rate, expiresMs }))
    const before = performance.now()
    await tasks.enqueue(jobs)
    await enter(tasks)
    const begun: ClaimedJob[] = []
    while (begun.length < jobs.length && performance.now() - before < expiresMs) {
      begun.push(...(await take(tasks, { free: 5, timeoutMs: 500 })))
    }
    assert.deepEqual(
      begun.map(({ id }) => id),
      jobs.map(({ id }) => id),
    )
    const tookMs = Number(begun.at(-1)?.started) - Number(begun[0]?.started)
    t.diagnostic(`the last one after ${tookMs} ms; 967 are due`)
    assert.ok(tookMs >= 950, String(tookMs))
  })

  test('room that comes while many are looked at goes to the one that has waited longest', async t => {
    const { tasks } = await openTasks(open, t)
    // One more each 250 µs: about the time that one look takes.
    const jobs = Array.from({ length: 100 }, () =>
      newJob({ rate: { key: 'r', count: 4_000, periodMs: 1000, burst: 1 } }),
    )
    await tasks.enqueue(jobs)
    await enter(tasks)
    const begun: ClaimedJob[] = []
    for (let rounds = 0; begun.length < jobs.length && rounds < 1_000; rounds++) {
      begun.push(...(await take(tasks, { free: 50, timeoutMs: 500 })))
    }
    assert.deepEqual(
      begun.map(({ id }) => id),
      jobs.map(({ id }) => id),
    )
  })
}
