import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { JobFilter } from '../job.ts'
import type { TaskEngine } from '../task-engine.ts'
import { add, done, enter, longMs, newJob, type OpenEngine, openTasks, take, takeOne } from './setup.ts'

/** All pages, however they are cut. */
async function listAll(tasks: TaskEngine, filter: JobFilter): Promise<string[]> {
  const ids: string[] = []
  let cursor: string | undefined
  do {
    const page = await tasks.list({ ...filter, ...(cursor !== undefined && { cursor }) })
    assert.ok(page.jobs.length <= (filter.limit ?? 100))
    ids.push(...page.jobs.map(({ id }) => id))
    cursor = page.cursor
  } while (cursor !== undefined)
  return ids
}

export function listConformance(open: OpenEngine): void {
  test('the newest come first, page after page, each once', async t => {
    const { tasks } = await openTasks(open, t)
    const jobs = Array.from({ length: 25 }, () => newJob())
    await tasks.enqueue(jobs)
    const ids = jobs.map(({ id }) => id).toReversed()
    assert.deepEqual(await listAll(tasks, {}), ids)
    assert.deepEqual(await listAll(tasks, { limit: 10 }), ids)
    assert.deepEqual(await listAll(tasks, { limit: 25 }), ids)
    assert.equal((await tasks.list({ limit: 1 })).jobs[0]?.payload, '{}')
  })

  test('filters hold together', async t => {
    const { tasks } = await openTasks(open, t)
    const first = await add(tasks, { task: 'a', queue: 'q' })
    const second = await add(tasks, { task: 'a', queue: 'r' })
    const third = await add(tasks, { task: 'b', queue: 'q', delayMs: longMs })
    await enter(tasks)
    await done(tasks, await takeOne(tasks))
    assert.deepEqual(await listAll(tasks, { task: 'a' }), [second, first])
    assert.deepEqual(await listAll(tasks, { queue: 'q' }), [third, first])
    assert.deepEqual(await listAll(tasks, { states: ['done'] }), [first])
    assert.deepEqual(await listAll(tasks, { states: ['done', 'scheduled'], limit: 1 }), [third, first])
    assert.deepEqual(await listAll(tasks, { states: ['done', 'ready'], task: 'a', queue: 'r' }), [second])
    assert.deepEqual(await listAll(tasks, { states: ['dead'] }), [])
    assert.deepEqual(await listAll(tasks, { task: 'nobody' }), [])
  })

  test('what comes meanwhile does not disturb the pages', async t => {
    const { tasks } = await openTasks(open, t)
    const jobs = Array.from({ length: 6 }, () => newJob())
    await tasks.enqueue(jobs)
    const first = await tasks.list({ limit: 3 })
    await add(tasks)
    const second = await tasks.list({ limit: 3, cursor: String(first.cursor) })
    assert.deepEqual(
      [...first.jobs, ...second.jobs].map(({ id }) => id),
      jobs.map(({ id }) => id).toReversed(),
    )
  })

  test('a page and a claim have some megabytes at most, and the next one what was left', async t => {
    const { tasks } = await openTasks(open, t)
    const payload = JSON.stringify('x'.repeat(5 * 1024 ** 2))
    const jobs = [newJob({ payload }), newJob({ payload }), newJob()]
    for (const job of jobs) await tasks.enqueue([job])
    const [first, second, third] = jobs.map(({ id }) => id)
    const page = await tasks.list({})
    const rest = await tasks.list({ cursor: String(page.cursor) })
    assert.deepEqual(
      [page, rest].map(each => each.jobs.map(({ id }) => id)),
      [[third, second], [first]],
    )
    assert.equal((await tasks.list({ textBytesMax: 0 })).jobs.length, 3)
    await enter(tasks)
    const claimed = await take(tasks, { free: 3, timeoutMs: 10_000 })
    assert.deepEqual(
      claimed.map(({ id }) => id),
      [first],
    )
  })

  test('of long texts so much is listed as is asked for, whole letters only', async t => {
    const { tasks } = await openTasks(open, t)
    const id = await add(tasks, { payload: '"\u00e9\u00e9"' })
    await enter(tasks)
    await done(tasks, await takeOne(tasks), '"abcdef"')
    const listed = async (textBytesMax: number) => {
      const [job] = (await tasks.list({ textBytesMax })).jobs
      assert.equal(job?.id, id)
      return [job.payload, job.result]
    }
    assert.deepEqual(await listed(100), ['"\u00e9\u00e9"', '"abcdef"'])
    assert.deepEqual(await listed(4), ['"\u00e9', '"abc'])
    assert.deepEqual(await listed(0), ['', undefined])
  })
}
