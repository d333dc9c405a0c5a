import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openStore, type Store } from '../src/store.ts'
import type { NewJob } from '../src/tasks/engine/job.ts'
import { newJobId } from '../src/tasks/job-id.ts'
import { spaceOn } from '../src/tasks/task-space.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { signalProcess } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const count = 1_000
const firstMs = 1_500
const apartMs = 2
// Of those that come during the outage.
const overdue = 500
const monthMs = 30 * 86_400_000

interface Outage {
  readonly store: Store
  begin(): Promise<void>
  end(): Promise<void>
}

test('delays survive an outage: none is early, and what is overdue runs in the order of its times (embedded)', async t => {
  const folder = storeFolder(t)
  await using store = openStore({ dir: folder.dir })
  await outlives(t, {
    store,
    begin: async () => {
      signalProcess(await until('somebody owns the store', () => folder.ownerId()), 'SIGKILL')
      await until('the owner is gone', () => folder.ownerId() === undefined)
    },
    // The next call starts another one.
    end: async () => {},
  })
})

test('delays survive an outage: none is early, and what is overdue runs in the order of its times (Redis)', async t => {
  const server = await startRedis(t, { args: ['--appendonly', 'yes', '--appendfsync', 'always'] })
  await using store = openStore({ url: server.url })
  await outlives(t, { store, begin: () => server.kill(), end: () => server.start() })
})

async function outlives(t: TestContext, { store, begin, end }: Outage): Promise<void> {
  const { commands } = spaceOn(store)
  const month = newJob(monthMs)
  const delays = Array.from({ length: count }, (_, i) => firstMs + i * apartMs)
  // In no order: neither of their ids nor of their place in the list.
  const mixed = delays.toSorted((a, b) => ((a * 7919) % 1009) - ((b * 7919) % 1009))
  await commands.enqueue([month, ...mixed.map(newJob)])
  const beganAt = performance.now()
  const { created = 0 } = (await commands.get(month.id)) ?? {}
  await begin()
  // By then so many are overdue.
  await pause(firstMs + overdue * apartMs - (performance.now() - beganAt))
  await end()

  const runs = await claimAll(store, created)
  assert.equal(runs.length, count, 'None is lost, none comes twice.')
  assert.equal(new Set(runs.map(({ id }) => id)).size, count)
  assert.ok(
    runs.every(({ dueMs, beganMs }) => beganMs >= dueMs),
    'None is early.',
  )
  const order = runs.map(({ dueMs }) => dueMs)
  assert.deepEqual(
    order,
    order.toSorted((a, b) => a - b),
    'They run in the order of their times.',
  )
  const startedMs = runs[0]?.beganMs ?? 0
  const waited = runs.filter(({ dueMs }) => dueMs < startedMs).length
  assert.ok(waited >= overdue, `only ${waited} were overdue`)
  const last = runs.at(-1)
  t.diagnostic(`${waited} were overdue; the last began ${(last?.beganMs ?? 0) - (last?.dueMs ?? 0)} ms after its time`)
  assert.deepEqual(await commands.counts().then(({ scheduled, ready }) => ({ scheduled, ready: ready ?? 0 })), {
    scheduled: 1,
    ready: 0,
  })
  const kept = await commands.get(month.id)
  assert.deepEqual([kept?.state, kept?.due], ['scheduled', created + monthMs])
  // Nothing wakes for it: a timer of more than 24 days would fire at once, and again and again.
  assert.equal(await commands.claim('w', { queues: ['q'], free: 1 }, { timeoutMs: 100 }), undefined)
}

interface Run {
  readonly id: string
  /** Both by the clock of the store, from when they were enqueued. */
  readonly dueMs: number
  readonly beganMs: number
}

async function claimAll(store: Store, created: number): Promise<Run[]> {
  const { commands } = spaceOn(store)
  await commands.enter({ worker: 'w', slot: 's', pid: process.pid, host: 'h', pool: 'io', queues: ['q'] }, 60_000)
  const runs: Run[] = []
  while (runs.length < count) {
    const jobs = await commands.claim('w', { queues: ['q'], free: 50 }, { timeoutMs: 5_000 })
    if (!jobs) break
    const began = jobs.map(({ id, payload, started = 0 }) => ({
      id,
      dueMs: Number(payload),
      beganMs: started - created,
    }))
    runs.push(...began)
    await commands.done(
      'w',
      jobs.map(({ id, token }) => ({ id, token })),
    )
  }
  return runs
}

/** What it says is when it is due, from when it was enqueued. */
function newJob(delayMs: number): NewJob {
  const keepMs = 60_000
  return {
    ...{ id: newJobId(), task: 'later', queue: 'q', priority: 5, delayMs, payload: String(delayMs) },
    ...{ attempts: 1, interruptionsMax: 3, softMs: 0, hardMs: 0, resultMs: keepMs, failureMs: keepMs },
  }
}
