import assert from 'node:assert/strict'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, test } from 'node:test'
import { startRedis } from '../../test/support/redis-server.ts'
import type { JobQuery, TasksPort } from '../dashboard/server/ports.ts'
import type { Engine } from '../store/engines/engine.ts'
import { openEngine } from '../store/open-store.ts'
import { defaultSpec } from '../store/owner/owner-spec.ts'
import type { NewJob } from '../tasks/engine/job.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { newJobId } from '../tasks/job-id.ts'
import { type OpenTasksPort, openTasksPort } from './monitor-tasks.ts'

interface Subject {
  readonly tasks: TaskEngine
  readonly port: TasksPort
}

const dir = mkdtempSync(join(tmpdir(), 'saola-look-'))
const redis = await startRedis({ after: close => after(close as () => Promise<void>) })
const opened: { engine: Engine; look: OpenTasksPort }[] = []
const subjects: Record<string, Subject> = {}

before(async () => {
  const add = (name: string, engine: Engine, at: string) => {
    const look = openTasksPort(at)
    opened.push({ engine, look })
    subjects[name] = { tasks: new TaskEngine(engine), port: look.port }
  }
  add('a folder', openEngine({ dir }), JSON.stringify({ ...defaultSpec, dir }))
  add('Redis', openEngine({ url: redis.url }), JSON.stringify({ url: redis.url, valueBytesMax: 1024 ** 3 }))
})

after(async () => {
  await Promise.all(opened.map(async ({ engine, look }) => Promise.all([engine.close(), look.close()])))
  rmSync(dir, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 })
})

function onEach(title: string, check: (subject: Subject) => Promise<void>): void {
  for (const [name, at] of [
    ['a folder', 0],
    ['Redis', 1],
  ] as const) {
    test(`${title} (${name})`, async () => {
      await opened[at]?.engine.call(['flushall'])
      await check(subjects[name] as Subject)
    })
  }
}

const session = { worker: 'w1', slot: 'shop/tasks:0', pid: 42, host: 'one', pool: 'io', queues: ['mail'] }
const any: JobQuery = { state: undefined, task: undefined, queue: undefined, after: undefined }

function jobOf(more: Partial<NewJob> = {}): NewJob {
  return {
    ...{ id: newJobId(), task: 'email.send', queue: 'mail', priority: 5, payload: '{"to":"ann"}', attempts: 3 },
    ...{ interruptionsMax: 3, softMs: 30_000, hardMs: 0, resultMs: 60_000, failureMs: 60_000, ...more },
  }
}

/** Its worker has failed for good with it. */
async function makeDead(tasks: TaskEngine, more: Partial<NewJob> = {}): Promise<string> {
  const job = jobOf(more)
  await tasks.enter(session, 60_000)
  await tasks.enqueue([job])
  const [claimed] = (await tasks.claim('w1', { queues: [job.queue], free: 1 }, { timeoutMs: 1_000 })) ?? []
  const error = {
    name: 'Error',
    message: 'no host',
    code: 'ENOTFOUND',
    stack: 'Error: no host\n    at send (a.ts:4:1)',
  }
  await tasks.fail('w1', [{ id: job.id, token: claimed?.token ?? 0, error, retryMs: null }])
  return job.id
}

async function pages(port: TasksPort, query: Partial<JobQuery>): Promise<string[][]> {
  const found: string[][] = []
  for (let after: string | undefined; ; ) {
    const { jobs, next } = await port.jobs({ ...any, ...query, after })
    found.push(jobs.map(({ id }) => id))
    if (next === undefined) return found
    after = next
  }
}

onEach('counts, queues, processes and schedules are seen together', async ({ tasks, port }) => {
  await makeDead(tasks)
  await tasks.enqueue([jobOf(), jobOf({ delayMs: 60_000 })])
  const { id: _, ...job } = jobOf()
  await tasks.schedule({ name: 'digest', spec: '{"cron":"0 8 * * *"}', job, next: 2_000_000_000_000 })
  const { counts, queues, workers, schedules } = await port.view()
  assert.deepEqual([counts.ready, counts.dead, counts.scheduled, counts.done], [1, 1, 1, 0])
  assert.deepEqual(queues, [{ name: 'mail', isPaused: false, scheduled: 1, ready: 1, blocked: 0, active: 0 }])
  assert.deepEqual([workers[0]?.slot, workers[0]?.pid, workers[0]?.queues], ['shop/tasks:0', 42, ['mail']])
  const [schedule] = schedules
  assert.deepEqual([schedule?.name, schedule?.task, schedule?.when], ['digest', 'email.send', 'cron 0 8 * * *'])
})

onEach('jobs come in pages by state, task and queue, each once', async ({ tasks, port }) => {
  const mails = Array.from({ length: 120 }, () => jobOf())
  await tasks.enqueue([...mails, jobOf({ queue: 'other', task: 'other.task' })])
  const found = await pages(port, { state: 'ready', queue: 'mail' })
  assert.deepEqual(
    found.map(page => page.length),
    [50, 50, 20],
  )
  assert.deepEqual(found.flat().sort(), mails.map(({ id }) => id).sort())
  assert.equal((await pages(port, { task: 'other.task' })).flat().length, 1)
  assert.deepEqual(await pages(port, { state: 'dead' }), [[]])
})

onEach('a job is told with its error, its stack, its timeline, and what was cut', async ({ tasks, port }) => {
  const id = await makeDead(tasks, { payload: JSON.stringify('<b>'.repeat(50_000)), context: { requestId: 'r1' } })
  const job = await port.job(id)
  assert.equal(job?.state, 'dead')
  assert.equal(job?.error, 'Error: no host   [ENOTFOUND]\n    at send (a.ts:4:1)')
  assert.equal(job?.reason, 'dead after 1 of 3 attempts')
  assert.deepEqual(
    [job?.payload.length, job?.facts['input, cut']],
    [65_536, '150002 bytes, of which the first 65536 are shown'],
  )
  assert.deepEqual([job?.facts.request, job?.facts.limits], ['r1', 'soft 30s'])
  assert.deepEqual(
    job?.timeline.map(({ text }) => text),
    ['enqueued', 'attempt 1 of 3 began', 'dead: Error: no host   [ENOTFOUND]'],
  )
  const [summary] = (await port.jobs({ ...any, state: 'dead' })).jobs
  assert.equal(summary?.text, 'Error: no host')
  assert.equal(await port.job(newJobId()), undefined)
})

onEach('dead jobs are retried by id or all of them, others say why not', async ({ tasks, port }) => {
  const first = await makeDead(tasks)
  await makeDead(tasks)
  await makeDead(tasks, { queue: 'other' })
  const absent = newJobId()
  const done = await port.retry({ ids: [first, absent] })
  assert.equal(done.count, 1)
  assert.match(done.problems.join(), /There is no job/)
  assert.equal((await port.job(first))?.state, 'ready')
  assert.deepEqual(await port.retry({ all: 'dead', queue: 'mail' }), { count: 1, problems: [] })
  assert.deepEqual(await port.retry({ all: 'dead' }), { count: 1, problems: [] })
})

onEach('jobs are cancelled and removed, queues paused and resumed', async ({ tasks, port }) => {
  const [waiting, active] = [jobOf(), jobOf({ queue: 'now' })]
  await tasks.enter(session, 60_000)
  await tasks.enqueue([waiting, active])
  await tasks.claim('w1', { queues: ['now'], free: 1 }, { timeoutMs: 1_000 })
  const cancelled = await port.cancel({ ids: [waiting.id, active.id] })
  assert.equal(cancelled.count, 2)
  assert.match(cancelled.problems.join(), /One is active: it is cancelled as soon as/)
  assert.equal((await port.job(active.id))?.isCancelling, true)
  assert.deepEqual(await port.remove({ ids: [waiting.id] }), { count: 1, problems: [] })
  assert.match((await port.remove({ ids: [active.id] })).problems.join(), /is active: cancel it first/)
  assert.deepEqual(await port.pause({ queue: 'mail' }), { count: 1, problems: [] })
  assert.equal((await port.view()).queues.find(({ name }) => name === 'mail')?.isPaused, true)
  await assert.rejects(port.pause({ queue: 'mail' }), { code: 'ERR_TASK_NOT_CHANGED' })
  assert.deepEqual(await port.resume({ queue: 'mail' }), { count: 1, problems: [] })
  await assert.rejects(port.pause({ queue: '<img>' }), { code: 'ERR_USAGE' })
})
