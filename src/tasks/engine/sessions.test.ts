/** What sessions promise where the store has an owner of its own: its connections and its restarts. */
import assert from 'node:assert/strict'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fairMs, median } from '../../../test/support/busy-machine.ts'
import { EmbeddedEngine } from '../../store/engines/embedded.ts'
import { defaultSpec, socketOf } from '../../store/owner/owner-spec.ts'
import { type RunningOwner, runOwner } from '../../store/owner/run-owner.ts'
import { add, done, enter, longMs, newJob, takeOne } from './conformance/setup.ts'
import type { NewJob } from './job.ts'
import { TaskEngine } from './task-engine.ts'

const threadFile = new URL('../../processes/store-sync.ts', import.meta.url)

test('the end of a connection ends its session at once', async t => {
  const { connect } = await open(t)
  const second = connect()
  await enter(second.tasks, 'x')
  const took: number[] = []
  for (let i = 0; i < 5; i++) {
    const first = connect()
    const id = await add(second.tasks)
    await enter(first.tasks, 'w')
    await takeOne(first.tasks)
    const waiting = takeOne(second.tasks, { worker: 'x' })
    const startedAt = performance.now()
    await first.engine.close()
    const job = await waiting
    took.push(performance.now() - startedAt)
    assert.deepEqual([job.id, job.interruptions, job.attempt], [id, 1, 1])
    await done(second.tasks, job, undefined, 'x')
  }
  // Long before a lease ends, and most of them before the sweeper looks, which it does each second.
  assert.ok(median(took) < fairMs(300), String(took))
  assert.deepEqual(
    (await second.tasks.workers()).map(({ name }) => name),
    ['x'],
  )
})

test('a restart of the owner interrupts nothing of a worker that comes back', async t => {
  const { connect, restart } = await open(t)
  const { tasks } = connect()
  const id = await add(tasks)
  await enter(tasks, 'w', {}, 10_000)
  const job = await takeOne(tasks)
  const orders = tasks.orders('w', longMs, { timeoutMs: 20_000 })
  const claim = takeOne(tasks)
  await restart()
  const next = await add(tasks)
  assert.equal((await claim).id, next)
  const running = await tasks.get(id)
  assert.deepEqual([running?.state, running?.interruptions, running?.token], ['active', 0, job.token])
  await done(tasks, job)
  await tasks.leave('w')
  assert.equal(await orders, undefined)
})

test('a clock that is set back lengthens no lease, and lets nobody wait for times of before', async t => {
  const leaseMs = 20_000
  const hourMs = 3_600_000
  let setMs = 0
  let passedMs = 0
  const { now } = Date
  const monotonic = performance.now.bind(performance)
  t.mock.method(Date, 'now', () => now() + setMs + passedMs)
  t.mock.method(performance, 'now', () => monotonic() + passedMs)
  const { connect } = await open(t)
  const { tasks } = connect()
  const id = await add(tasks)
  await enter(tasks, 'w', {}, leaseMs)
  await enter(tasks, 'x', {}, longMs)
  await takeOne(tasks)
  const rate = { key: 'k', count: 1, periodMs: 20_000, burst: 1 }
  for (let i = 0; i < 3; i++) await add(tasks, { rate })
  await takeOne(tasks, { worker: 'x' })
  assert.equal(await tasks.claim('x', { queues: ['q'], free: 1 }, { timeoutMs: 10 }), undefined)
  setMs = -hourMs
  await tasks.orders('x', longMs, { timeoutMs: 10 })
  const later = await add(tasks, { rate })
  await tasks.claim('x', { queues: ['q'], free: 1 }, { timeoutMs: 10 })
  const { due = 0 } = (await tasks.get(later)) ?? {}
  assert.ok(due < Date.now() + 4 * rate.periodMs, `its turn is in ${due - Date.now()} ms`)
  passedMs = leaseMs + 500
  const jobs = await tasks.claim('x', { queues: ['q'], free: 5 }, { timeoutMs: 5_000 })
  assert.ok(jobs?.some(job => job.id === id && job.interruptions === 1))
})

test('a worker that does not come back in five seconds loses its jobs', async t => {
  let movedMs = 0
  const { now } = Date
  t.mock.method(Date, 'now', () => now() + movedMs)
  const monotonic = performance.now.bind(performance)
  t.mock.method(performance, 'now', () => monotonic() + movedMs)
  const { connect, restart } = await open(t)
  const first = connect()
  const second = connect()
  const id = await add(first.tasks)
  await enter(first.tasks, 'w', {}, longMs)
  await enter(second.tasks, 'x', {}, longMs)
  await takeOne(first.tasks)
  // As the kill of its process: it does not connect again.
  await restart(() => first.engine.close())
  await second.tasks.orders('x', longMs, { timeoutMs: 10 })
  assert.equal((await second.tasks.get(id))?.state, 'active')
  movedMs = 5_100
  assert.equal((await takeOne(second.tasks, { worker: 'x' })).id, id)
})

test('an enqueue that was under way while the owner was away counts once', async t => {
  const { connect, restart } = await open(t)
  const { tasks } = connect()
  await tasks.counts()
  const jobs = Array.from({ length: 50 }, () => newJob())
  const enqueue = (job: NewJob) => tasks.enqueue([job])
  const sent = jobs.slice(0, 25).map(enqueue)
  const later: ReturnType<typeof enqueue>[] = []
  await restart(() => later.push(...jobs.slice(25).map(enqueue)))
  const answers = await Promise.all([...sent, ...later])
  assert.ok(answers.every(([answer]) => answer?.isNew))
  assert.equal((await tasks.counts()).ready, 50)
})

async function open(t: TestContext) {
  const dir = await mkdtemp(join(tmpdir(), 'saola-sessions-'))
  const spec = { ...defaultSpec, dir, snapshots: { everyMs: 0, keep: 1 } }
  const start = () => runOwner(spec, { threadFile, onIdle: () => {}, log: () => {} })
  let owner: RunningOwner = await start()
  const engines: EmbeddedEngine[] = []
  t.after(async () => {
    await Promise.all(engines.map(engine => engine.close()))
    await owner.close()
    await rm(dir, { recursive: true })
  })
  const connect = () => {
    const engine = new EmbeddedEngine({ dir, socketPath: () => socketOf(dir), summonOwner: () => {} })
    engines.push(engine)
    return { engine, tasks: new TaskEngine(engine) }
  }
  const restart = async (between: () => unknown = () => {}) => {
    await owner.close()
    await between()
    owner = await start()
  }
  return { dir, connect, restart }
}
