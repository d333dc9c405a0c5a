import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { NewJob } from '../job.ts'
import type { TaskEngine } from '../task-engine.ts'
import { done, enter, fail, newJob, nextId, type OpenEngine, openTasks, stateOf, take, takeOne } from './setup.ts'

/** A gatherer and what it gathers. */
function family(mode: 'one' | 'all' | 'result', count: number, own: Partial<NewJob> = {}): [NewJob, NewJob[]] {
  const id = nextId()
  const parent = newJob({ id, queue: 'parents', gather: { count, mode }, ...own })
  return [parent, Array.from({ length: count }, (_, index) => newJob({ parent: { id, index } }))]
}

async function finishAll(tasks: TaskEngine): Promise<void> {
  const jobs = await take(tasks, { free: 1000 })
  // In another order than theirs.
  for (const job of jobs.toReversed()) await done(tasks, job, JSON.stringify(job.parent?.index))
}

export function gatherConformance(open: OpenEngine): void {
  test('one that gathers waits for all, and gets their results in their order', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('all', 3)
    const answers = await tasks.enqueue([parent, ...children])
    assert.deepEqual(
      answers.map(({ state }) => state),
      ['waiting', 'ready', 'ready', 'ready'],
    )
    await enter(tasks)
    const [first, second, third] = await take(tasks, { free: 3 })
    assert.ok(first && second && third)
    await done(tasks, third, '"c"')
    await done(tasks, first, '{"a":1}')
    assert.equal(await stateOf(tasks, parent.id), 'waiting')
    await done(tasks, second)
    const job = await takeOne(tasks, { queues: ['parents'] })
    assert.equal(job.id, parent.id)
    assert.deepEqual(JSON.parse(job.payload), [{ a: 1 }, null, 'c'])
    assert.deepEqual(await take(tasks, { queues: ['parents'] }), [])
  })

  test('a link of a chain gets the result of the one before it', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('one', 1)
    await tasks.enqueue([...children, parent])
    await enter(tasks)
    await done(tasks, await takeOne(tasks), '{"n":1}')
    assert.equal((await takeOne(tasks, { queues: ['parents'] })).payload, '{"n":1}')
  })

  test('a group is done with the results, and does not run', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('result', 100)
    await tasks.enqueue([parent, ...children])
    await enter(tasks)
    await finishAll(tasks)
    const group = await tasks.get(parent.id)
    assert.equal(group?.state, 'done')
    assert.deepEqual(
      JSON.parse(String(group?.result)),
      children.map((_, i) => i),
    )
    assert.deepEqual(await take(tasks, { queues: ['parents'] }), [])
  })

  test('a chord in a chord: results go up all the way', async t => {
    const { tasks } = await openTasks(open, t)
    const top = newJob({ queue: 'parents', gather: { count: 2, mode: 'result' } })
    const [left, leaves] = family('result', 2, { parent: { id: top.id, index: 0 } })
    const right = newJob({ parent: { id: top.id, index: 1 } })
    await tasks.enqueue([top, left, ...leaves, right])
    await enter(tasks)
    await finishAll(tasks)
    assert.deepEqual(JSON.parse(String((await tasks.get(top.id))?.result)), [[0, 1], 1])
  })

  test('nothing to gather is gathered at once', async t => {
    const { tasks } = await openTasks(open, t)
    const [all] = family('all', 0)
    const [group] = family('result', 0)
    await tasks.enqueue([all, group])
    assert.equal((await tasks.get(group.id))?.result, '[]')
    await enter(tasks)
    const job = await takeOne(tasks, { queues: ['parents'] })
    assert.deepEqual([job.id, job.payload], [all.id, '[]'])
  })

  test('when one is dead, so is what gathers it, and what gathers that', async t => {
    const { tasks } = await openTasks(open, t)
    const top = newJob({ gather: { count: 1, mode: 'one' } })
    const [parent, children] = family('all', 2, { parent: { id: top.id, index: 0 } })
    await tasks.enqueue([top, parent, ...children])
    await enter(tasks)
    const [first, second] = await take(tasks, { free: 2 })
    assert.ok(first && second)
    await fail(tasks, first, null)
    for (const { id } of [parent, top]) {
      const job = await tasks.get(id)
      assert.equal(job?.state, 'dead')
      const child: string = id === parent.id ? first.id : parent.id
      const message: string = `The job ${child} of task, whose result it waited for, is dead.`
      assert.deepEqual(job.error, { name: 'ChildFailed', message })
    }
    await done(tasks, second, '1')
    assert.deepEqual(await take(tasks, { queues: ['q', 'parents'] }), [])
  })

  test('when one is cancelled, so is what gathers it', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, [child]] = family('one', 1)
    assert.ok(child)
    await tasks.enqueue([parent, child])
    assert.equal(await tasks.cancel(child.id), 'cancelled')
    assert.equal(await stateOf(tasks, parent.id), 'cancelled')
  })

  test('a child whose gatherer is gone, or was never there, ends as any other', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('all', 1)
    await tasks.enqueue([parent, ...children, newJob({ parent: { id: 'nobody', index: 0 } })])
    assert.equal(await tasks.cancel(parent.id), 'cancelled')
    await enter(tasks)
    await finishAll(tasks)
    assert.equal(await stateOf(tasks, parent.id), 'cancelled')
    assert.equal((await tasks.counts()).done, 2)
  })

  test('a child that fails and is tried again counts once', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('all', 2)
    await tasks.enqueue([parent, ...children])
    await enter(tasks)
    const [first, second] = await take(tasks, { free: 2 })
    assert.ok(first && second)
    await fail(tasks, first, 0)
    await done(tasks, second, '2')
    assert.equal(await stateOf(tasks, parent.id), 'waiting')
    await done(tasks, await takeOne(tasks), '1')
    assert.equal((await takeOne(tasks, { queues: ['parents'] })).payload, '[1,2]')
  })

  test('a child that begins anew lets wait again what has ended by it, as soon as no other child is dead', async t => {
    const { tasks } = await openTasks(open, t)
    const top = newJob({ queue: 'parents', gather: { count: 1, mode: 'one' } })
    const [parent, children] = family('all', 2, { parent: { id: top.id, index: 0 } })
    await tasks.enqueue([top, parent, ...children])
    await enter(tasks)
    const failed = await take(tasks, { free: 2 })
    for (const job of failed) await fail(tasks, job, null)
    // What it waits for is not there.
    assert.equal((await tasks.retry({ ids: [top.id, parent.id] })).count, 0)
    assert.equal((await tasks.retry({ ids: [String(failed[0]?.id)] })).count, 1)
    assert.equal(await stateOf(tasks, parent.id), 'dead')
    assert.equal((await tasks.retry({ ids: [String(failed[1]?.id)] })).count, 1)
    for (const { id } of [parent, top]) {
      const { state, error } = (await tasks.get(id)) ?? {}
      assert.deepEqual([state, error], ['waiting', undefined])
    }
    await finishAll(tasks)
    const job = await takeOne(tasks, { queues: ['parents'] })
    assert.deepEqual([job.id, job.payload], [parent.id, '[0,1]'])
  })

  test('one that was cancelled while it waited has, when it begins anew, what has arrived meanwhile', async t => {
    const { tasks } = await openTasks(open, t)
    const [parent, children] = family('all', 2)
    const [group, members] = family('result', 1)
    await tasks.enqueue([parent, ...children, group, ...members])
    await enter(tasks)
    await done(tasks, await takeOne(tasks), '0')
    for (const { id } of [parent, group]) assert.equal(await tasks.cancel(id), 'cancelled')
    assert.equal((await tasks.retry({ ids: [parent.id] })).count, 1)
    assert.equal(await stateOf(tasks, parent.id), 'waiting')
    await finishAll(tasks)
    assert.equal((await takeOne(tasks, { queues: ['parents'] })).payload, '[0,1]')
    assert.equal((await tasks.retry({ ids: [group.id] })).count, 1)
    const { state, result } = (await tasks.get(group.id)) ?? {}
    assert.deepEqual([state, result], ['done', '[0]'])
  })

  test('results that are too large together end what gathers them, which says so', async t => {
    const { tasks } = await openTasks(open, t)
    const top = newJob({ queue: 'parents', gather: { count: 1, mode: 'one' } })
    const [parent, children] = family('all', 3, { parent: { id: top.id, index: 0 } })
    await tasks.enqueue([top, parent, ...children])
    await enter(tasks)
    const jobs = await take(tasks, { free: 3 })
    const result = JSON.stringify('x'.repeat(6 * 1024 ** 2))
    for (const job of jobs) await done(tasks, job, result)
    const { state, error } = (await tasks.get(parent.id)) ?? {}
    assert.equal(state, 'dead')
    const message = 'The results that it gathers have 18874374 bytes together, and 16777216 at most are gathered.'
    assert.deepEqual(error, { name: 'GatherTooLarge', message })
    assert.equal((await tasks.get(top.id))?.error?.name, 'ChildFailed')
    assert.equal((await tasks.retry({ ids: [parent.id] })).count, 0)
    assert.equal((await tasks.counts()).done, 3)
  })
}
