import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  done,
  enter,
  longMs,
  newJob,
  type OpenEngine,
  openTasks,
  stateOf,
  take,
  takeAll,
  takeOne,
} from './setup.ts'

// It must not end while a busy machine lets its worker wait.
const leaseMs = 1_500

export function interruptionConformance(open: OpenEngine): void {
  test('jobs of a worker that leaves are ready again, counted as interrupted and not as tried', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks), await add(tasks)]
    await enter(tasks)
    await enter(tasks, 'x')
    const [first] = await take(tasks, { free: 2 })
    await tasks.leave('w')
    const again = await take(tasks, { worker: 'x', free: 2 })
    assert.deepEqual(
      again.map(({ id, attempt, interruptions }) => [id, attempt, interruptions]),
      ids.map(id => [id, 1, 1]),
    )
    assert.deepEqual(await tasks.done('w', [{ id: String(first?.id), token: Number(first?.token) }]), ['lost'])
    assert.equal(await tasks.orders('w', leaseMs, { timeoutMs: 10 }), undefined)
    assert.deepEqual(await take(tasks, { worker: 'w' }), [])
  })

  test('jobs of a worker whose lease has ended go to others', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks, 'w', {}, leaseMs)
    await enter(tasks, 'x')
    const first = await takeOne(tasks)
    await pass(leaseMs + 50)
    const second = await takeOne(tasks, { worker: 'x' })
    assert.deepEqual([second.id, second.interruptions, second.worker], [id, 1, 'x'])
    assert.deepEqual(await tasks.done('w', [{ id, token: first.token }]), ['lost'])
    assert.equal(await tasks.orders('w', leaseMs, { timeoutMs: 10 }), undefined)
  })

  test('a waiting claim is given the jobs of a lease that ends meanwhile', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks, 'w', {}, leaseMs)
    await enter(tasks, 'x')
    await takeOne(tasks)
    const second = await takeOne(tasks, { worker: 'x', timeoutMs: 10_000 })
    assert.equal(second.id, id)
  })

  test('a lease that is renewed goes on', async t => {
    const { tasks, pass } = await openTasks(open, t)
    await add(tasks)
    await enter(tasks, 'w', {}, leaseMs)
    await enter(tasks, 'x')
    const job = await takeOne(tasks)
    const renew = async () => {
      assert.deepEqual(await tasks.orders('w', longMs, { timeoutMs: 1 }), { cancel: [] })
      return (await tasks.workers()).find(({ name }) => name === 'w')?.leaseUntil ?? 0
    }
    const first = await renew()
    await pass(5)
    assert.ok((await renew()) > first, 'It is as long again, from then on.')
    await pass(leaseMs + 50)
    assert.deepEqual(await take(tasks, { worker: 'x', timeoutMs: 5 }), [])
    await done(tasks, job)
  })

  test('who comes into the place of another ends its session', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks, 'old', { slot: 's' })
    await enter(tasks, 'neighbour', { slot: 'other' })
    await takeOne(tasks, { worker: 'old' })
    await enter(tasks, 'new', { slot: 's' })
    const job = await takeOne(tasks, { worker: 'new' })
    assert.deepEqual([job.id, job.interruptions], [id, 1])
    assert.deepEqual((await tasks.workers()).map(({ name }) => name).toSorted(), ['neighbour', 'new'])
  })

  test('who enters twice keeps what it has', async t => {
    const { tasks } = await openTasks(open, t)
    await add(tasks)
    await enter(tasks)
    const job = await takeOne(tasks)
    await enter(tasks)
    await done(tasks, job)
  })

  test('one that loses its worker too often is dead, with its payload, and does not run again', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks, { interruptionsMax: 3, payload: '"poison"', attempts: 1 })
    for (let i = 1; i <= 3; i++) {
      await enter(tasks, `w${i}`)
      const job = await takeOne(tasks, { worker: `w${i}` })
      assert.deepEqual([job.attempt, job.interruptions], [1, i - 1])
      await tasks.leave(`w${i}`)
    }
    const dead = await tasks.get(id)
    assert.deepEqual([dead?.state, dead?.interruptions, dead?.payload], ['dead', 3, '"poison"'])
    assert.equal(dead?.error?.name, 'WorkerLost')
    await enter(tasks)
    assert.deepEqual(await take(tasks), [])
  })

  test('interrupted jobs stand before those that have come later', async t => {
    const { tasks } = await openTasks(open, t)
    const first = await add(tasks)
    await enter(tasks)
    await enter(tasks, 'x')
    await takeOne(tasks)
    const second = await add(tasks)
    await tasks.leave('w')
    assert.deepEqual(await takeAll(tasks, { worker: 'x' }), [first, second])
  })

  test('orders that wait end with the session, and many jobs are interrupted at once', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue(Array.from({ length: 500 }, () => newJob()))
    await enter(tasks)
    const ids = await takeAll(tasks, { timeoutMs: 10_000 })
    assert.equal(ids.length, 500)
    const orders = tasks.orders('w', leaseMs * 100, { timeoutMs: 20_000 })
    await tasks.leave('w')
    assert.equal(await orders, undefined)
    assert.equal(await stateOf(tasks, String(ids[499])), 'ready')
    assert.equal((await tasks.counts()).ready, 500)
  })
}
