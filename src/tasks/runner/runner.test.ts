import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { FakeEngine } from '../../../test/support/fake-task-engine.ts'
import type { RunnableTask, TaskContext } from '../runnable-task.ts'
import { ActiveTable } from './active-table.ts'
import { currentJob } from './run-job.ts'
import { Runner, type RunnerOptions } from './runner.ts'

type Handler = (input: unknown, context: TaskContext) => unknown

interface Stage {
  readonly engine: FakeEngine
  readonly runner: Runner
  readonly table: ActiveTable
  readonly events: string[]
}

function stage(
  t: TestContext,
  handler: Handler,
  own: Partial<RunnerOptions> & { readonly places?: number } = {},
): Stage {
  const engine = new FakeEngine()
  const table = new ActiveTable(own.places ?? 10)
  const events: string[] = []
  const work: RunnableTask = {
    id: 'work',
    queue: 'default',
    pool: 'io',
    execute: async (payload, context) => JSON.stringify(await handler(JSON.parse(payload), context)),
    retryDelay: () => 100,
  }
  const runner = new Runner({
    engine,
    tasks: new Map([['work', work]]),
    queues: ['default'],
    weights: {},
    table,
    resultBytesMax: 1_000,
    jobsMax: 0,
    onWorn: reason => events.push(`worn ${reason}`),
    log: (_level, event, fields) => events.push(`${event} ${fields.id ?? ''}`.trim()),
    ...own,
  })
  void runner.run()
  runner.enter('w1')
  t.after(() => runner.drain(0))
  return { engine, runner, table, events }
}

test('a job is claimed, run and acknowledged, and its place is free again', async t => {
  const { engine, runner, table } = stage(t, input => ({ was: input }))
  engine.add({ id: 'a', payload: '7' })
  await engine.until(() => engine.ends.has('a'))
  assert.equal(engine.results.get('a'), '{"was":7}')
  assert.deepEqual([runner.active.length, table.entries().length], [0, 0])
})

test('no more jobs are claimed than there are places free', async t => {
  const all = Promise.withResolvers<void>()
  const { engine, table } = stage(t, () => all.promise, { places: 3 })
  engine.add(...Array.from({ length: 5 }, (_, index) => ({ id: `job${index}` })))
  await engine.until(() => engine.active.size === 3)
  assert.deepEqual(
    engine.claims.map(({ free }) => free),
    [3],
  )
  assert.deepEqual(
    table
      .entries()
      .map(({ id }) => id)
      .sort(),
    ['job0', 'job1', 'job2'],
  )
  all.resolve()
  await engine.until(() => engine.ends.size === 5)
})

test('what ends in one turn is told in one call, and a call under way keeps no place', async t => {
  const begin = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  const { engine } = stage(t, () => begin.promise, { places: 4 })
  engine.gate = gate.promise
  engine.add(...Array.from({ length: 4 }, (_, index) => ({ id: `a${index}` })))
  await engine.until(() => engine.active.size === 4)
  begin.resolve()
  await engine.until(() => engine.calls.length === 1)
  engine.add(...Array.from({ length: 4 }, (_, index) => ({ id: `b${index}` })))
  await engine.until(() => engine.active.size === 8)
  gate.resolve()
  await engine.until(() => engine.ends.size === 8)
  assert.deepEqual(engine.calls, ['done 4', 'done 4'])
})

test('an acknowledgement that the store has not heard is told again', async t => {
  const { engine, events } = stage(t, () => 1)
  engine.failures = 2
  engine.add({ id: 'a' })
  await engine.until(() => engine.ends.has('a'))
  assert.deepEqual([engine.ends.get('a'), events], ['done 1', ['tasks.unacknowledged']])
})

test('a failure is kept with what it was, and the wait before the next attempt', async t => {
  const { engine, events } = stage(t, () => {
    throw new TypeError('no such address')
  })
  engine.add({ id: 'a' }, { id: 'b', attempt: 2 })
  await engine.until(() => engine.ends.size === 2)
  assert.equal(engine.ends.get('a'), 'failed TypeError 100')
  assert.equal(engine.errors.get('a')?.message, 'no such address')
  await pause(1)
  assert.deepEqual(events, ['task.failed a', 'task.dead b'])
})

test('a result that is too large fails and is not tried again', async t => {
  const { engine } = stage(t, () => 'x'.repeat(2_000))
  engine.add({ id: 'a' })
  await engine.until(() => engine.ends.has('a'))
  assert.equal(engine.ends.get('a'), 'failed TASK_RESULT_TOO_LARGE null')
})

test('a task that this code does not have fails, and is tried again later', async t => {
  const { engine } = stage(t, () => 1)
  engine.add({ id: 'a', task: 'gone' })
  await engine.until(() => engine.ends.has('a'))
  assert.equal(engine.ends.get('a'), 'failed TASK_UNKNOWN 5000')
})

test('the soft limit aborts the signal with a TimeoutError', async t => {
  const { engine } = stage(t, (_, { signal }) =>
    pause(60_000, undefined, { signal }).catch(() => Promise.reject(signal.reason)),
  )
  engine.add({ id: 'a', softMs: 5 })
  await engine.until(() => engine.ends.has('a'))
  assert.equal(engine.errors.get('a')?.name, 'TimeoutError')
  assert.equal(engine.ends.get('a'), 'failed TASK_SOFT_LIMIT 100')
})

test('a session that is lost aborts its jobs with LeaseLost, drops their results and begins anew', async t => {
  const reasons: unknown[] = []
  const { engine, runner, events } = stage(t, async (_, { signal }) => {
    await new Promise(resolve => signal.addEventListener('abort', resolve))
    reasons.push((signal.reason as Error).name)
    return 'late'
  })
  engine.add({ id: 'a' })
  await engine.until(() => engine.active.size === 1)
  await pause(1)
  runner.lose('w1')
  runner.enter('w2')
  engine.active.clear()
  engine.add({ id: 'a' })
  await engine.until(() => engine.active.get('a')?.worker === 'w2')
  assert.deepEqual(reasons, ['LeaseLost'])
  assert.deepEqual(engine.calls, [])
  assert.deepEqual(events, ['task.lost a'])
})

test('a verdict that a job was lost is told in the log', async t => {
  const go = Promise.withResolvers<void>()
  const { engine, events } = stage(t, () => go.promise)
  engine.add({ id: 'a' })
  await engine.until(() => engine.active.size === 1)
  engine.active.clear()
  go.resolve()
  await engine.until(() => engine.calls.length === 1)
  await pause(1)
  assert.deepEqual(events, ['task.lost a'])
})

test('a job that is cancelled is aborted, and gets no further attempt', async t => {
  const { engine, runner } = stage(
    t,
    (_, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
  )
  engine.add({ id: 'a' })
  await engine.until(() => engine.active.size === 1)
  await pause(1)
  runner.cancel(['a'])
  await engine.until(() => engine.ends.has('a'))
  assert.equal(engine.ends.get('a'), 'failed TASK_CANCELLED null')
})

test('a drain lets jobs end, gives back what has not in time, and claims nothing more', async t => {
  const { engine, runner, events } = stage(t, (input, { signal }) =>
    input === 'short'
      ? pause(5)
      : new Promise((_, reject) =>
          signal.addEventListener('abort', () => input === 'listens' && reject(signal.reason)),
        ),
  )
  engine.add({ id: 'a', payload: '"short"' }, { id: 'b', payload: '"listens"' }, { id: 'c', payload: '"deaf"' })
  await engine.until(() => engine.active.size === 3)
  await pause(1)
  await runner.drain(30)
  engine.add({ id: 'd' })
  assert.deepEqual([...engine.ends].sort(), [
    ['a', 'done undefined'],
    ['b', 'returned'],
    ['c', 'returned'],
  ])
  assert.deepEqual(events.sort(), ['task.returned b', 'task.returned c'])
  assert.equal(engine.ready.length, 1)
})

test('of progress that comes faster than it is stored the last is told', async t => {
  const { engine } = stage(t, async (_, { progress }) => {
    await Promise.all([1, 2, 3, 4].map(progress))
  })
  engine.add({ id: 'a' })
  await engine.until(() => engine.ends.has('a'))
  assert.deepEqual(engine.told, ['1', '4'])
})

test('a handler that throws where nobody catches it has failed, and the others are given back', async t => {
  const { engine, runner, events } = stage(t, () => new Promise(() => {}))
  engine.add({ id: 'a' }, { id: 'b' })
  await engine.until(() => engine.active.size === 2)
  await pause(1)
  const [guilty] = runner.active
  await runner.crash(new Error('thrown in a timer'), guilty)
  assert.deepEqual([...engine.ends].sort(), [
    ['a', 'failed TASK_CRASHED 100'],
    ['b', 'returned'],
  ])
  assert.deepEqual(events.sort(), ['task.failed a', 'task.returned b', 'tasks.crashed a'])
})

test('of several jobs whose guilt is unknown none is acknowledged: they count as interrupted', async t => {
  const { engine, runner } = stage(t, () => new Promise(() => {}))
  engine.add({ id: 'a' }, { id: 'b' })
  await engine.until(() => engine.active.size === 2)
  await runner.crash(new Error('thrown by a library'), undefined)
  assert.deepEqual(engine.calls, [])
})

test('the job of what is thrown behind timers and events is known', async t => {
  const seen = Promise.withResolvers<string | undefined>()
  const { engine } = stage(
    t,
    () => new Promise(resolve => setTimeout(() => resolve(seen.resolve(currentJob()?.id)), 1)),
  )
  engine.add({ id: 'a' })
  assert.equal(await seen.promise, 'a')
})

test('after so many jobs it says once that it is worn, and goes on', async t => {
  const { engine, events } = stage(t, () => 1, { jobsMax: 2 })
  engine.add({ id: 'a' }, { id: 'b' }, { id: 'c' })
  await engine.until(() => engine.ends.size === 3)
  assert.deepEqual(events, ['worn 2 jobs'])
})

test('what was claimed and never arrived is given back before the next claim', async t => {
  const { engine, events } = stage(t, () => 1)
  engine.lostClaims = 2
  await engine.until(() => engine.claims.length === 1)
  engine.add({ id: 'a' })
  await engine.until(() => engine.ends.get('a') === 'returned')
  engine.add({ id: 'b' })
  await engine.until(() => engine.ends.get('b') !== undefined)
  assert.deepEqual(events.slice(0, 2), ['tasks.unclaimed', 'tasks.returned'])
})
