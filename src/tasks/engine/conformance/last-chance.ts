/** What holds for a job that is dead if it loses its worker once more. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { add, done, enter, type OpenEngine, openTasks, stateOf, take, takeAll, takeOne } from './setup.ts'

export function lastChanceConformance(open: OpenEngine): void {
  test('of many that are lost together again and again, only the one that is lost alone is dead', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks), await add(tasks), await add(tasks)]
    const poison = ids[1]
    for (let lost = 0; lost < 2; lost++) {
      await enter(tasks, `w${lost}`)
      assert.deepEqual(await takeAll(tasks, { worker: `w${lost}` }), ids)
      await tasks.leave(`w${lost}`)
    }
    await enter(tasks)
    await enter(tasks, 'x')
    const first = await takeOne(tasks, { free: 1 })
    assert.deepEqual([first.id, first.interruptions], [ids[0], 2])
    assert.deepEqual(await takeAll(tasks), [], 'nothing begins beside it')
    assert.deepEqual(await takeAll(tasks, { worker: 'x' }), [poison], 'and one at a time elsewhere')
    await tasks.leave('x')
    await done(tasks, first)
    assert.deepEqual(await takeAll(tasks), [ids[2]])
    assert.deepEqual(await Promise.all(ids.map(id => stateOf(tasks, id))), ['done', 'dead', 'active'])
  })

  test('a job on its last chance waits until nothing runs beside it, and what is behind it waits with it', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks, 'lost')
    const risky = await add(tasks, { interruptionsMax: 2 })
    await takeOne(tasks, { worker: 'lost' })
    await enter(tasks)
    const before = await add(tasks, { priority: 1 })
    await tasks.leave('lost')
    const behind = await add(tasks)
    const beside = await takeOne(tasks)
    assert.equal(beside.id, before)
    const claim = takeOne(tasks, { free: 10 })
    await done(tasks, beside)
    const alone = await claim
    assert.equal(alone.id, risky)
    const next = takeOne(tasks, { free: 10 })
    await done(tasks, alone)
    assert.equal((await next).id, behind)
  })

  test('a claim that waits for its jobs to end goes on when another worker has taken the risky one', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks, 'lost')
    const risky = await add(tasks, { interruptionsMax: 2 })
    await takeOne(tasks, { worker: 'lost' })
    await enter(tasks)
    await enter(tasks, 'x')
    await add(tasks, { priority: 1 })
    await takeOne(tasks)
    await tasks.leave('lost')
    const claim = takeOne(tasks)
    assert.equal((await takeOne(tasks, { worker: 'x' })).id, risky)
    const behind = await add(tasks)
    assert.equal((await claim).id, behind)
  })

  test('an idle worker takes what a busy one was woken for and may not begin', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks, 'lost')
    const risky = await add(tasks, { interruptionsMax: 2 })
    await takeOne(tasks, { worker: 'lost' })
    await enter(tasks)
    await enter(tasks, 'x')
    await add(tasks, { priority: 1 })
    const beside = await takeOne(tasks)
    const busy = takeOne(tasks)
    assert.deepEqual(await take(tasks, { worker: 'x' }), [])
    const idle = takeOne(tasks, { worker: 'x' })
    await tasks.leave('lost')
    assert.equal((await idle).id, risky)
    await done(tasks, beside)
    const last = await add(tasks)
    assert.equal((await busy).id, last)
  })

  test('one on its last chance that waits for its rate holds nothing back', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks, 'lost')
    const rate = { key: 'r', count: 1, periodMs: 600_000, burst: 1 }
    const risky = await add(tasks, { interruptionsMax: 2, rate })
    await takeOne(tasks, { worker: 'lost' })
    await tasks.leave('lost')
    const behind = await add(tasks)
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks), [behind])
    assert.equal(await stateOf(tasks, risky), 'scheduled')
  })

  test('while the queue of one that is held back is paused, its place of a limit is for others', async t => {
    const { tasks } = await openTasks(open, t)
    await enter(tasks, 'lost')
    const limit = { key: 'l', max: 1 }
    const risky = await add(tasks, { interruptionsMax: 2, limit })
    await takeOne(tasks, { worker: 'lost' })
    await tasks.leave('lost')
    await enter(tasks)
    const active = await add(tasks, { queue: 'r', limit })
    const holder = await takeOne(tasks, { queues: ['r'] })
    assert.equal(holder.id, active)
    const other = await add(tasks, { queue: 'r', priority: 6, limit })
    await enter(tasks, 'x')
    assert.deepEqual(await takeAll(tasks, { worker: 'x', queues: ['q', 'r'] }), [], 'both are blocked')
    await add(tasks, { queue: 'busy' })
    await takeOne(tasks, { worker: 'x', queues: ['busy'] })
    await done(tasks, holder)
    assert.deepEqual(await takeAll(tasks, { worker: 'x' }), [], 'it would have to be alone')
    assert.equal(await stateOf(tasks, risky), 'ready')
    await tasks.pause('q', true)
    assert.deepEqual(await takeAll(tasks, { worker: 'x', queues: ['r'] }), [other])
  })

  test('one that may be lost but once has no chance of its own, and a retry begins with none lost', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks, { interruptionsMax: 1 }), await add(tasks, { interruptionsMax: 1 })]
    await enter(tasks)
    assert.deepEqual(await takeAll(tasks), ids)
    await tasks.leave('w')
    assert.deepEqual(await Promise.all(ids.map(id => stateOf(tasks, id))), ['dead', 'dead'])
    assert.equal((await tasks.retry({ ids })).count, 2)
    await enter(tasks, 'x')
    assert.deepEqual(await takeAll(tasks, { worker: 'x' }), ids)
  })
}
