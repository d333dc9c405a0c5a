import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openSubject } from '../../../store/conformance/setup.ts'
import { TaskEngine, taskKey } from '../task-engine.ts'
import { add, enter, newJob, type OpenEngine, openTasks, take, takeOne } from './setup.ts'

const refused = { name: 'StoreError', code: 'STORE_ARGUMENT_INVALID' }

export function errorConformance(open: OpenEngine): void {
  test('10,000 are enqueued at once, and no more', async t => {
    const { tasks } = await openTasks(open, t)
    const jobs = Array.from({ length: 10_000 }, () => newJob())
    const answers = await tasks.enqueue(jobs)
    assert.equal(answers.length, 10_000)
    assert.equal(answers.at(-1)?.id, jobs.at(-1)?.id)
    assert.equal((await tasks.counts()).ready, 10_000)
    await assert.rejects(tasks.enqueue([...jobs, newJob()]), refused)
    await enter(tasks)
    assert.deepEqual(
      (await take(tasks, { free: 1000 })).map(({ id }) => id),
      jobs.slice(0, 1000).map(({ id }) => id),
    )
    assert.deepEqual(await tasks.enqueue([]), [])
  })

  test('a job that is none is refused, and the others with it', async t => {
    const { tasks } = await openTasks(open, t)
    const wrong: Record<string, unknown>[] = [
      { unknown: 1 },
      { id: '' },
      { id: 7 },
      { task: undefined },
      { queue: '' },
      { priority: 10 },
      { priority: -1 },
      { priority: 1.5 },
      { payload: { a: 1 } },
      { attempts: 0 },
      { interruptionsMax: 0 },
      { delayMs: -1 },
      { delayMs: 'soon' },
      { softMs: -1 },
      { resultMs: undefined },
      { unique: { key: 'k' } },
      { unique: { key: 'k', on: 'other' } },
      { limit: { key: 'k', max: 0 } },
      { limit: { key: 'k' } },
      { rate: { key: 'k', count: 0, periodMs: 1, burst: 1 } },
      { gather: { count: 2, mode: 'one' } },
      { gather: { count: 1, mode: 'none' } },
      { parent: { id: 'x' } },
      { context: 'here' },
    ]
    for (const own of wrong) {
      const jobs = [newJob(), newJob(own as never)]
      await assert.rejects(tasks.enqueue(jobs), refused, JSON.stringify(own))
    }
    assert.equal((await tasks.counts()).ready ?? 0, 0)
  })

  test('what is no JSON is refused', async t => {
    const { engine } = await openSubject(open, t)
    await enter(new TaskEngine(engine))
    for (const call of [
      ['saola.task.enqueue', taskKey, '[{'],
      ['saola.task.enqueue', taskKey, '{}'],
      ['saola.task.enqueue', taskKey, '[7]'],
      ['saola.task.done', taskKey, 'w', 'x'],
      ['saola.task.done', taskKey, 'w', '[1]'],
      ['saola.task.fail', taskKey, 'w', '[{"id":"a"}]'],
      ['saola.task.return', taskKey, 'w', '7'],
      ['saola.task.enter', taskKey, 'w', 's', 1000, 'x'],
      ['saola.task.list', taskKey, 'x'],
      ['saola.task.list', taskKey, '{"limit":0}'],
      ['saola.task.list', taskKey, '{"limit":1001}'],
      ['saola.task.list', taskKey, '{"states":["odd"]}'],
      ['saola.task.list', taskKey, '{"other":1}'],
      ['saola.task.retry', taskKey, '[]'],
      ['saola.task.remove', taskKey, '{"ids":7}'],
      ['saola.task.schedule', taskKey, 's', '{}'],
      ['saola.task.fire', taskKey, 's', 1, '{"next":2}'],
    ] as const) {
      await assert.rejects(engine.call(call), refused, call.join(' '))
    }
    const claim = (queues: string, free: number) =>
      engine.wait((request, timeoutMs) => ['saola.task.claim', taskKey, 'w', queues, free, timeoutMs, request], {
        timeoutMs: 10,
      })
    await assert.rejects(claim('q', 1), refused)
    await assert.rejects(claim('[]', 1), refused)
    await assert.rejects(claim('["q"]', 0), refused)
    await assert.rejects(claim('["q"]', 1001), refused)
  })

  test('what many read, or is no work of its own, is refused when it is too large', async t => {
    const { tasks } = await openTasks(open, t)
    const tooLarge = { name: 'StoreError', code: 'STORE_VALUE_TOO_LARGE' }
    const megabyte = 'x'.repeat(1024 ** 2)
    await enter(tasks)
    await assert.rejects(enter(tasks, 'v', { tasks: [{ id: megabyte } as never] }), tooLarge)
    const id = await add(tasks)
    const job = await takeOne(tasks)
    const progress = (letters: number) => tasks.progress('w', job, JSON.stringify('x'.repeat(letters)))
    assert.equal(await progress(64 * 1024 - 2), 'ok')
    await assert.rejects(progress(64 * 1024 - 1), tooLarge)
    const { id: _, ...template } = newJob({ payload: JSON.stringify(megabyte) })
    await assert.rejects(tasks.schedule({ name: 's', spec: '{}', job: template, next: 1 }), tooLarge)
    await assert.rejects(tasks.enqueue([newJob({ context: { requestId: 'x'.repeat(1_001) } })]), refused)
    assert.deepEqual([(await tasks.get(id))?.state, (await tasks.schedules()).schedules], ['active', []])
  })

  test('a payload of a megabyte, and one of any letters, come back as they were', async t => {
    const { tasks } = await openTasks(open, t)
    const payloads = [JSON.stringify('x'.repeat(1024 ** 2)), '"\u{1f98c} \\u2028 \u0001é"', 'null']
    await tasks.enqueue(payloads.map(payload => newJob({ payload })))
    await enter(tasks)
    const jobs = await take(tasks, { free: 3 })
    assert.deepEqual(
      jobs.map(({ payload }) => payload),
      payloads,
    )
    const result = JSON.stringify('y'.repeat(300_000))
    await tasks.done(
      'w',
      jobs.map(({ id, token }) => ({ id, token, result })),
    )
    for (const { id } of jobs) {
      const job = await tasks.get(id)
      assert.equal(job?.result, result)
      assert.ok(payloads.includes(job.payload))
    }
  })
}
