import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Call, Engine } from '../store/engines/engine.ts'
import type { Reply } from '../store/resp/reply.ts'
import type { Job } from '../tasks/engine/job.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { runStoreAction } from './store-commands.ts'
import { checkPlaces } from './store-places.ts'
import * as commands from './task-commands.ts'

type Answers = Readonly<Record<string, (...args: never[]) => unknown>>

/** Answers as a store does: `get: id => job`. What is called that has no answer is a mistake. */
function engineOf(answers: Answers): { engine: TaskEngine; calls: Call[] } {
  const calls: Call[] = []
  const call = async (given: Call): Promise<Reply> => {
    calls.push(given)
    const [name, , ...args] = given
    const answer = answers[name.replace('saola.task.', '')] ?? assert.fail(`${name} was called`)
    const value = await (answer as (...args: unknown[]) => unknown)(...args)
    return value === undefined ? null : Buffer.from(JSON.stringify(value))
  }
  const wait: Engine['wait'] = (makeCall, { timeoutMs }) => call(makeCall('request', timeoutMs))
  return { engine: new TaskEngine({ call, wait } as unknown as Engine), calls }
}

const defaults = { priority: 5, attempts: 3, interruptionsMax: 3, softMs: 0, hardMs: 0, resultMs: 1, failureMs: 2 }
const tasks = [{ id: 'email.send', queue: 'mail', defaults }]
const workers = [{ name: 'a', queues: ['mail', 'default'], tasks }]

test('a job is enqueued with what the processes tell of its task, but for what was asked for', async () => {
  const enqueued: Record<string, unknown>[] = []
  const enqueue = (jobs: string) => {
    enqueued.push(...JSON.parse(jobs))
    return [{ id: enqueued[0]?.id, state: 'ready', isNew: true }]
  }
  const { engine } = engineOf({ workers: () => workers, enqueue })
  await commands.runTask(engine, { task: 'email.send', input: { to: 'ann' } })
  await commands.runTask(engine, { task: 'email.send', input: 2, priority: 0, delay: '60ms' })
  const [first = {}, second = {}] = enqueued
  assert.match(String(first.id), /^[0-9A-Z]{26}$/)
  assert.notEqual(first.id, second.id)
  assert.deepEqual(
    { ...first, id: '' },
    { ...defaults, id: '', task: 'email.send', queue: 'mail', payload: '{"to":"ann"}' },
  )
  assert.deepEqual([second.payload, second.priority, second.delayMs, second.attempts], ['2', 0, 60, 3])
})

test('a name that no process knows is refused before anything is enqueued, with what was probably meant', async () => {
  const run = (given: unknown, task: string) =>
    commands.runTask(engineOf({ workers: () => given }).engine, { task, input: 1 })
  const unknown = (message: RegExp) => ({ code: 'ERR_TASK_UNKNOWN', message })
  await assert.rejects(run(workers, 'email.sned'), unknown(/"email\.sned", did you mean email\.send\?$/))
  await assert.rejects(
    run(workers, 'x\x1b'),
    unknown(/^No process here knows a task "x\\u001b"\. There is: email\.send\.$/),
  )
  await assert.rejects(run([], 'email.send'), unknown(/^No process runs tasks now/))
})

test('a key that the code of a task makes of the input has to be said', async () => {
  const openKeys = { limit: { max: 1 }, unique: { on: 'skip', isWholeInput: true } }
  const enqueued: Record<string, unknown>[] = []
  const enqueue = (jobs: string) => {
    enqueued.push(...JSON.parse(jobs))
    return [{ id: 'x', state: 'ready', isNew: true }]
  }
  const { engine } = engineOf({ workers: () => [{ ...workers[0], tasks: [{ ...tasks[0], openKeys }] }], enqueue })
  const request = { task: 'email.send', input: 1 }
  await assert.rejects(commands.runTask(engine, request), { code: 'ERR_USAGE', message: /--key concurrency=KEY\.$/ })
  await commands.runTask(engine, { ...request, keys: { concurrency: 'ann' } })
  assert.deepEqual(enqueued[0]?.limit, { key: 'email.send:ann', max: 1 })
  assert.match(JSON.stringify(enqueued[0]?.unique), /"key":"email\.send:.{43}"/)
})

test('the end of a job is waited for through all of its states, also when no news comes for a while', async () => {
  const states: (Partial<Job> | undefined)[] = [
    { state: 'active', version: 2 },
    undefined,
    { state: 'done', version: 4 },
  ]
  const seen: number[] = []
  const { engine } = engineOf({
    get: () => ({ state: 'ready', version: seen.length + 1 }),
    wait: (_id: never, version: number) => {
      seen.push(version)
      return states.shift()
    },
  })
  assert.equal((await commands.waitForEnd(engine, 'a')).state, 'done')
  assert.deepEqual(seen, [1, 2, 3])
})

test('the wait for a job that is not kept ends, and says so', async () => {
  let isThere = true
  const { engine } = engineOf({
    get: () => (isThere ? { state: 'active', version: 1 } : undefined),
    wait: () => {
      isThere = false
    },
  })
  await assert.rejects(commands.waitForEnd(engine, 'a'), {
    code: 'ERR_TASK_JOB_ABSENT',
    message: /^There is no job "a"/,
  })
})

test('what cannot be retried, cancelled or removed is listed, and the others are not held up by it', async () => {
  const get = (id: string) => (id === 'gone' ? undefined : { id, state: 'active' })
  const change = (which: string) => ({ count: JSON.parse(which).ids[0] === 'good' ? 1 : 0 })
  const cancel = (id: string) => ({ good: 'cancelled', runs: 'asked', over: 'finished' })[id]
  const { engine } = engineOf({ get, retry: change, remove: change, cancel })
  const retried = await commands.retryJobs(engine, ['gone', 'runs', 'good', 'good'])
  assert.deepEqual([retried.count, retried.problems.length], [1, 2])
  assert.match(retried.problems.join('\n'), /^There is no job "gone".*\nruns is active/)
  const cancelled = await commands.cancelJobs(engine, ['gone', 'runs', 'over', 'good'])
  assert.deepEqual([cancelled.count, cancelled.asked, cancelled.problems.length], [2, 1, 2])
  assert.equal((await commands.removeJobs(engine, ['runs', 'good'])).count, 1)
})

test('a list ends with what was asked for, also in the middle of a page', async () => {
  const ids = Array.from({ length: 250 }, (_, index) => String(index))
  const list = (text: string) => {
    const { cursor = '0', limit } = JSON.parse(text) as { cursor?: string; limit: number }
    const next = Number(cursor) + limit
    const jobs = ids.slice(Number(cursor), next).map(id => ({ id, state: 'dead' }))
    return { jobs, ...(next < ids.length ? { cursor: String(next) } : {}) }
  }
  const { engine } = engineOf({ list })
  assert.equal((await Array.fromAsync(commands.listJobs(engine, {}, 120))).length, 120)
})

test('a retry and a purge go on behind what was looked at, also where nothing was found in it', async () => {
  const answers = [{ count: 1_000, cursor: '30' }, { count: 0, cursor: '20' }, { count: 250 }]
  for (const [name, change] of [
    ['retry', commands.retryAll],
    ['remove', commands.purge],
  ] as const) {
    const left = [...answers]
    const { engine, calls } = engineOf({ [name]: () => left.shift() })
    assert.equal(await change(engine, { states: ['dead'], task: 't' }), 1_250)
    const cursors = calls.map(call => JSON.parse(String(call[2])))
    assert.deepEqual(cursors, [
      { states: ['dead'], task: 't' },
      { states: ['dead'], task: 't', cursor: '30' },
      { states: ['dead'], task: 't', cursor: '20' },
    ])
  }
})

test('only a queue that is known is paused: a typing error would let all go on in silence', async () => {
  const paused: unknown[] = []
  const queues = () => [{ name: 'old', isPaused: true }]
  const { engine } = engineOf({ workers: () => workers, queues, pause: (...args) => void paused.push(args) })
  assert.deepEqual(
    [await commands.pauseQueue(engine, 'mail', true), await commands.pauseQueue(engine, 'old', true)],
    [true, false],
  )
  assert.equal(await commands.pauseQueue(engine, 'old', false), true)
  await assert.rejects(commands.pauseQueue(engine, 'mial', true), { code: 'ERR_USAGE', message: /did you mean mail\?/ })
  assert.deepEqual(paused, [
    ['mail', 1],
    ['old', 1],
    ['old', 0],
  ])
})

test('a folder that was named and holds no store gets none', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-no-store-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  const [empty, other] = [join(dir, 'empty'), join(dir, 'other')]
  for (const folder of [empty, other]) mkdirSync(folder)
  writeFileSync(join(other, 'hosts'), '')
  const notFound = { code: 'ERR_STORE_NOT_FOUND' }
  const act = async (name: string, folder: string, args: readonly string[] = []) => {
    const place = { dir: folder, isChosen: true }
    for await (const _ of runStoreAction(name, { ...place, args, json: false }));
  }
  for (const folder of [empty, other, join(dir, 'absent')]) {
    const opened = commands.withTasks({ dir: folder, isChosen: true }, async () => {})
    await assert.rejects(opened, notFound)
    for (const name of ['info', 'keys', 'check', 'backup']) await assert.rejects(act(name, folder, ['x']), notFound)
    assert.throws(() => checkPlaces(folder, join(dir, 'to')), notFound)
  }
  for (const name of ['set', 'restore']) await assert.rejects(act(name, other, ['a', 'b']), notFound)
  assert.deepEqual([readdirSync(dir), readdirSync(empty), readdirSync(other)], [['empty', 'other'], [], ['hosts']])
})
