// Fills a store with a million keys and a hundred thousand jobs, for the dashboard to look at: `node bench/dashboard/fill.mjs FOLDER`
// prints what it has filled and how long a page of it takes; without a folder it takes one that is gone again afterwards.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openStorePort } from '../../dist/processes/monitor-store.js'
import { openTasksPort } from '../../dist/processes/monitor-tasks.js'
import { openEngine } from '../../dist/store/open-store.js'
import { defaultSpec } from '../../dist/store/owner/owner-spec.js'
import { TaskEngine } from '../../dist/tasks/engine/task-engine.js'
import { newJobId } from '../../dist/tasks/job-id.js'
import { table } from '../support/machine.mjs'

const spaces = ['user', 'session', 'cart', 'page', 'cache:html', 'cache:json', 'order', 'product', 'visit', 'mail']
const keysAtOnce = 5_000
const jobsAtOnce = 1_000
const session = { worker: 'bench', slot: 'bench', pid: process.pid, host: 'bench', pool: 'io' }
const rule = {
  attempts: 3,
  interruptionsMax: 3,
  softMs: 0,
  hardMs: 0,
  resultMs: 86_400_000,
  failureMs: 86_400_000,
  priority: 5,
}
const queues = ['default', 'mail', 'images']

/** `keys` strings in ten namespaces, and a hash of 100,000 fields, a list of a million elements, and sets beside them. */
export async function fillKeys(engine, { keys = 1e6, fields = 1e5, items = 1e6 } = {}) {
  for (let i = 0; i < keys; i += keysAtOnce) {
    const pairs = []
    for (let n = i; n < Math.min(i + keysAtOnce, keys); n++) {
      pairs.push(`${spaces[n % spaces.length]}:${String(n).padStart(7, '0')}`, `{"id":${n},"name":"number ${n}"}`)
    }
    await engine.call(['mset', ...pairs])
  }
  await inParts(fields, n => engine.call(['hset', 'large:hash', ...n.flatMap(i => [`field ${i}`, `value ${i}`])]))
  await inParts(items, n => engine.call(['rpush', 'large:list', ...n.map(i => `item ${i}`)]))
  await inParts(fields, n => engine.call(['sadd', 'large:set', ...n.map(i => `member ${i}`)]))
  await inParts(fields, n => engine.call(['zadd', 'large:zset', ...n.flatMap(i => [i, `member ${i}`])]))
}

/** `jobs` of three queues: most are done, some are dead, scheduled and ready. */
export async function fillJobs(engine, { jobs = 1e5, dead = 1e4 } = {}) {
  const tasks = new TaskEngine(engine)
  await tasks.enter({ ...session, queues: ['filled'] }, 600_000)
  for (let i = 0; i < jobs; i += jobsAtOnce) {
    const part = Array.from({ length: Math.min(jobsAtOnce, jobs - i) }, (_, n) => newJob(i + n, i + n < dead))
    await tasks.enqueue(part)
    if (i < dead) await makeDead(tasks, part.length)
  }
  await tasks.leave('bench')
}

function newJob(n, isToDie) {
  const job = {
    ...rule,
    id: newJobId(),
    task: `task.${n % 7}`,
    payload: JSON.stringify({ number: n, to: 'ann@example.com' }),
  }
  // Of a queue that only this process takes from.
  if (isToDie) return { ...job, queue: 'filled' }
  return { ...job, queue: queues[n % queues.length], ...(n % 3 === 0 ? {} : { delayMs: 86_400_000 }) }
}

async function makeDead(tasks, count) {
  const error = {
    name: 'Error',
    message: 'no host',
    code: 'ENOTFOUND',
    stack: 'Error: no host\n    at send (mail.ts:4:1)',
  }
  for (let left = count; left > 0; ) {
    const claimed = (await tasks.claim('bench', { queues: ['filled'], free: 100 }, { timeoutMs: 5_000 })) ?? []
    await tasks.fail(
      'bench',
      claimed.map(({ id, token }) => ({ id, token, error, retryMs: null })),
    )
    left -= claimed.length
  }
}

async function inParts(count, add) {
  for (let i = 0; i < count; i += keysAtOnce) {
    await add(Array.from({ length: Math.min(keysAtOnce, count - i) }, (_, n) => i + n))
  }
}

/** How long pages of it take, in milliseconds: the median and the worst of many. */
export async function measurePages(place, rounds = 60) {
  const store = openStorePort(place)
  const tasks = openTasksPort(place)
  const any = { state: undefined, task: undefined, queue: undefined, after: undefined }
  const id = name => Buffer.from(name).toString('base64url')
  const at = name => ({ prefix: '', after: Buffer.from(name).toString('base64url') })
  const spread = n => String(Math.floor((n / rounds) * 9e5)).padStart(7, '0')
  const rows = {
    'keys, the first page': () => store.port.keys({ prefix: '', after: undefined }),
    'keys of a prefix': n => store.port.keys({ prefix: `${spaces[n % 10]}:0${n % 9}`, after: undefined }),
    'keys, a page in the middle': n => store.port.keys(at(`${spaces[n % 10]}:${spread(n)}`)),
    'a key': n => store.port.key({ id: id(`user:${spread(n).slice(0, -1)}0`), after: undefined }),
    'a hash of 100,000': () => store.port.key({ id: id('large:hash'), after: undefined }),
    'a list of 1,000,000, in the middle': n => store.port.key({ id: id('large:list'), after: String(5e5 + n) }),
    'a sorted set of 100,000, in the middle': n => store.port.key({ id: id('large:zset'), after: String(5e4 + n) }),
    'the store': () => store.port.view(),
    'the tasks': () => tasks.port.view(),
    'jobs, the first page': () => tasks.port.jobs(any),
    'jobs that are dead': () => tasks.port.jobs({ ...any, state: 'dead' }),
    'jobs of a task, that are dead': n => tasks.port.jobs({ ...any, state: 'dead', task: `task.${n % 7}` }),
    'jobs of a queue, that are ready': n => tasks.port.jobs({ ...any, state: 'ready', queue: queues[n % 3] }),
    'jobs of a task that there is not': () => tasks.port.jobs({ ...any, task: 'none' }),
  }
  const results = []
  for (const [name, ask] of Object.entries(rows)) {
    const times = []
    for (let n = 0; n < rounds; n++) {
      const began = performance.now()
      await ask(n)
      times.push(performance.now() - began)
    }
    times.sort((a, b) => a - b)
    results.push({ name, medianMs: times[Math.floor(rounds / 2)], worstMs: times.at(-1) })
  }
  await Promise.all([store.close(), tasks.close()])
  return results
}

async function main([folder]) {
  const dir = folder ? resolve(folder) : mkdtempSync(join(tmpdir(), 'saola-fill-'))
  const engine = openEngine({ dir, durability: 'memory', timeoutMs: 60_000 })
  try {
    const began = performance.now()
    await fillKeys(engine)
    await fillJobs(engine)
    console.log(`filled in ${((performance.now() - began) / 1_000).toFixed(1)} s`)
    const results = await measurePages(JSON.stringify({ ...defaultSpec, dir }))
    const lines = results.map(({ name, medianMs, worstMs }) => [name, medianMs.toFixed(2), worstMs.toFixed(2)])
    console.log(table(['page', 'median ms', 'worst ms'], lines))
  } finally {
    await engine.close()
    if (!folder) rmSync(dir, { recursive: true, force: true, maxRetries: 20, retryDelay: 200 })
  }
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2))
