import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  add,
  done,
  enter,
  fail,
  failure,
  newJob,
  nothingMs,
  type OpenEngine,
  openTasks,
  stateOf,
  take,
  takeOne,
} from './setup.ts'

export function stateConformance(open: OpenEngine): void {
  test('a job is ready, active and done, and says what it knows of itself', async t => {
    const { tasks } = await openTasks(open, t)
    const job = newJob({
      task: 'email.send',
      priority: 2,
      payload: '{"to":"ä\\u0000"}',
      softMs: 1000,
      hardMs: 2000,
      context: { requestId: 'r1', traceparent: '00-1-2-01' },
    })
    assert.deepEqual(await tasks.enqueue([job]), [{ id: job.id, state: 'ready', isNew: true }])
    const ready = await tasks.get(job.id)
    assert.equal(ready?.state, 'ready')
    assert.equal(ready.attempt, 0)
    assert.equal(ready.worker, undefined)
    await enter(tasks)
    const claimed = await takeOne(tasks)
    const {
      id,
      task,
      queue,
      state,
      priority,
      payload,
      attempt,
      attempts,
      interruptions,
      softMs,
      hardMs,
      context,
      worker,
    } = claimed
    assert.deepEqual(
      { id, task, queue, state, priority, payload, attempt, attempts, interruptions, softMs, hardMs, context, worker },
      {
        id: job.id,
        task: 'email.send',
        queue: 'q',
        state: 'active',
        priority: 2,
        payload: '{"to":"ä\\u0000"}',
        attempt: 1,
        attempts: 3,
        interruptions: 0,
        softMs: 1000,
        hardMs: 2000,
        context: { requestId: 'r1', traceparent: '00-1-2-01' },
        worker: 'w',
      },
    )
    assert.ok(claimed.token > 0)
    assert.ok((claimed.started ?? 0) >= claimed.created)
    await done(tasks, claimed, '[1]')
    const finished = await tasks.get(job.id)
    assert.deepEqual([finished?.state, finished?.result, finished?.worker], ['done', '[1]', undefined])
    assert.ok((finished?.finished ?? 0) >= (claimed.started ?? 0))
    assert.ok((finished?.version ?? 0) > claimed.version)
  })

  test('a result that is undefined, and there is no job of another id', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    await done(tasks, await takeOne(tasks))
    const job = await tasks.get(id)
    assert.equal(job?.state, 'done')
    assert.equal(job.result, undefined)
    assert.equal(await tasks.get('nobody'), undefined)
  })

  test('what is enqueued twice with its id counts once, whatever it has become', async t => {
    const { tasks } = await openTasks(open, t)
    const job = newJob()
    await tasks.enqueue([job])
    assert.deepEqual(await tasks.enqueue([job]), [{ id: job.id, state: 'ready', isNew: false }])
    await enter(tasks)
    await done(tasks, await takeOne(tasks))
    assert.deepEqual(await tasks.enqueue([job]), [{ id: job.id, state: 'done', isNew: false }])
    assert.deepEqual(await take(tasks), [])
  })

  test('one that fails is tried again after its pause, so often as it may', async t => {
    const { tasks, pass } = await openTasks(open, t)
    const id = await add(tasks, { attempts: 2 })
    await enter(tasks)
    await fail(tasks, await takeOne(tasks), 1_000)
    const scheduled = await tasks.get(id)
    assert.deepEqual([scheduled?.state, scheduled?.attempt, scheduled?.error], ['scheduled', 1, failure])
    assert.ok((scheduled?.due ?? 0) > 0)
    await pass(1_000)
    const second = await takeOne(tasks)
    assert.deepEqual([second.id, second.attempt], [id, 2])
    assert.ok(Number(second.started) >= Number(scheduled?.due), 'not before')
    await fail(tasks, second, 0)
    const dead = await tasks.get(id)
    assert.deepEqual([dead?.state, dead?.error], ['dead', failure])
    assert.deepEqual(await take(tasks), [])
  })

  test('one that fails without a further attempt is dead, whatever is left', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks, { attempts: 10 })
    await enter(tasks)
    await fail(tasks, await takeOne(tasks), null)
    assert.equal(await stateOf(tasks, id), 'dead')
  })

  test('a token is larger each time, and an older one is lost', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    await enter(tasks, 'x')
    const first = await takeOne(tasks)
    await fail(tasks, first, 0)
    const second = await takeOne(tasks, { worker: 'x' })
    assert.equal(second.id, id)
    assert.ok(second.token > first.token)
    const old = { id, token: first.token }
    assert.deepEqual(await tasks.done('w', [{ ...old, result: '1' }]), ['lost'])
    assert.deepEqual(await tasks.fail('w', [{ ...old, error: failure, retryMs: 0 }]), ['lost'])
    assert.deepEqual(await tasks.giveBack('w', [old]), ['lost'])
    assert.equal(await tasks.progress('w', old, '1'), 'lost')
    // Nor does the right token help another worker.
    assert.deepEqual(await tasks.done('w', [{ id, token: second.token }]), ['lost'])
    assert.deepEqual(await tasks.done('x', [{ id: 'nobody', token: 1 }]), ['lost'])
    assert.equal(await stateOf(tasks, id), 'active')
    await done(tasks, second, '2', 'x')
    assert.deepEqual(await tasks.done('x', [{ id, token: second.token, result: '3' }]), ['lost'])
    assert.equal((await tasks.get(id))?.result, '2')
  })

  test('several are answered in their order, each by itself', async t => {
    const { tasks } = await openTasks(open, t)
    await tasks.enqueue([newJob(), newJob(), newJob()])
    await enter(tasks)
    const [one, two, three] = await take(tasks, { free: 3 })
    assert.ok(one && two && three)
    const answers = [
      { id: one.id, token: one.token, result: '1' },
      { id: two.id, token: two.token + 1000, result: '2' },
      { id: three.id, token: three.token, result: '3' },
    ]
    assert.deepEqual(await tasks.done('w', answers), ['ok', 'lost', 'ok'])
    assert.equal(await stateOf(tasks, two.id), 'active')
  })

  test('what is given back is ready in its old place, as if it had not begun', async t => {
    const { tasks } = await openTasks(open, t)
    const ids = [await add(tasks), await add(tasks), await add(tasks)]
    await enter(tasks)
    const [first, second] = await take(tasks, { free: 2 })
    assert.ok(first && second)
    const both = [second, first].map(({ id, token }) => ({ id, token }))
    assert.deepEqual(await tasks.giveBack('w', both), ['ok', 'ok'])
    const again = await take(tasks, { free: 3 })
    assert.deepEqual(
      again.map(({ id, attempt, interruptions }) => [id, attempt, interruptions]),
      ids.map(id => [id, 1, 0]),
    )
  })

  test('progress is kept with the job', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    const job = await takeOne(tasks)
    assert.equal(await tasks.progress('w', job, '{"done":3}'), 'ok')
    const told = await tasks.get(id)
    assert.equal(told?.progress, '{"done":3}')
    assert.ok((told?.version ?? 0) > job.version)
    await done(tasks, job)
    assert.equal((await tasks.get(id))?.progress, '{"done":3}')
  })

  test('without a session nothing is given', async t => {
    const { tasks } = await openTasks(open, t)
    await add(tasks)
    assert.deepEqual(await take(tasks, { worker: 'stranger' }), [])
    await enter(tasks)
    assert.equal((await take(tasks, { timeoutMs: nothingMs * 10 })).length, 1)
  })

  test('what went wrong before it was done is kept; who ran it is not told any more', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks)
    await enter(tasks)
    await fail(tasks, await takeOne(tasks), 0)
    const { started, worker, token } = (await tasks.get(id)) ?? {}
    assert.deepEqual([started, worker, token], [undefined, undefined, undefined])
    await done(tasks, await takeOne(tasks), '1')
    const job = await tasks.get(id)
    assert.deepEqual([job?.state, job?.error, job?.attempt], ['done', failure, 2])
    assert.deepEqual([job?.worker, job?.token], [undefined, undefined])
  })
}
