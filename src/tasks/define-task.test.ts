import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as z from 'zod'
import { defineTask, type Task } from './define-task.ts'
import type { NewJob } from './engine/job.ts'
import { chain, chord, type Flow, group } from './flow.ts'
import type { TaskContext } from './runnable-task.ts'
import { NonRetryableError } from './task-error.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const place = { date: () => now }
const context: TaskContext = {
  ...{ id: 'x', task: 'x', attempt: 1, attempts: 5, signal: new AbortController().signal, context: {} },
  progress: async () => {},
}

function jobOf(task: Pick<Task<never, unknown>, 'prepare'>, value: unknown, options = {}): Promise<NewJob> {
  return task.prepare(place, { input: { value }, options })
}

const send = defineTask({
  id: 'email.send',
  input: z.object({ to: z.email(), tries: z.number().default(3) }),
  run: ({ to, tries }) => ({ to, tries, at: new Date(0) }),
})

type Equal<One, Other> =
  (<Probe>() => Probe extends One ? 1 : 2) extends <Probe>() => Probe extends Other ? 1 : 2 ? true : false

/** A mistake is one of the compiler. */
function sameType<One, Other>(_isSame: Equal<One, Other>): void {}

test('types go from the schema and the handler to those who call it', () => {
  type Sent = { to: string; tries: number; at: string }
  sameType<typeof send, Task<{ to: string; tries?: number | undefined }, Sent, 'email.send'>>(true)
  const plain = defineTask({ id: 'add', run: ({ a, b }: { a: number; b: number }) => a + b })
  sameType<typeof plain, Task<{ a: number; b: number }, number, 'add'>>(true)
  const bare = defineTask({ id: 'sweep', run: async () => {} })
  sameType<Parameters<typeof bare.enqueue>[0], undefined>(true)
  const double = defineTask({ id: 'double', run: (n: number) => n * 2 })
  const sum = defineTask({ id: 'sum', run: (list: readonly number[]) => list.join() })
  sameType<ReturnType<typeof chain<number, string>>, Flow<string>>(true)
  const numbers = group([double.with(1), double.with(2)])
  const joined: Flow<string> = chord(numbers, sum)
  assert.ok(joined)
  // @ts-expect-error: it takes a number.
  assert.ok(chain(sum.with([1]), double))
  // @ts-expect-error: it has no default.
  assert.throws(() => defineTask({ id: 'x', run: 1 }), { code: 'TASK_ARGUMENT_INVALID' })
})

test('a job has the defaults that the documentation tells', async () => {
  const { id, ...job } = await jobOf(send, { to: 'ann@example.org' })
  assert.match(id, /^[0-9A-Z]{26}$/)
  assert.deepEqual(job, {
    ...{ task: 'email.send', queue: 'default', payload: '{"to":"ann@example.org"}', priority: 5 },
    ...{ attempts: 5, interruptionsMax: 3, softMs: 0, hardMs: 0, resultMs: 86_400_000, failureMs: 30 * 86_400_000 },
  })
})

test('what is said at the call and in the task is in the job', async () => {
  const task = defineTask({
    id: 'report',
    ...{ queue: 'slow', pool: 'cpu', priority: 9, expires: '1h', interruptions: 1 },
    timeout: { soft: '1m', hard: '2m' },
    retry: { attempts: 2 },
    concurrency: { limit: 2, key: (input: { user: string }) => input.user },
    rateLimit: { limit: 10, per: '1m', key: 'all' },
    unique: { ttl: '10m', on: 'replace' },
    run: ({ user }: { user: string }) => user,
  })
  const options = { at: new Date(now + 1_500), priority: 0, expires: 5, attempts: 9, context: { requestId: 'r' } }
  const job = await jobOf(task, { user: 'ann' }, options)
  assert.deepEqual([job.delayMs, job.priority, job.expiresMs, job.attempts], [1_500, 0, 5_000, 9])
  assert.deepEqual([job.queue, job.softMs, job.hardMs, job.interruptionsMax], ['slow', 60_000, 120_000, 1])
  assert.deepEqual(job.limit, { key: 'report:ann', max: 2 })
  assert.deepEqual(job.rate, { key: 'report:all', count: 10, periodMs: 60_000, burst: 10 })
  assert.deepEqual([job.unique?.on, job.unique?.ttlMs, job.context], ['replace', 600_000, { requestId: 'r' }])
  assert.equal((await jobOf(task, { user: 'ann' })).unique?.key, job.unique?.key)
  assert.notEqual((await jobOf(task, { user: 'bob' })).unique?.key, job.unique?.key)
  assert.deepEqual(task.openKeys, { limit: { max: 2 }, unique: { on: 'replace', ttlMs: 600_000, isWholeInput: true } })
  assert.deepEqual(task.defaults.rate, job.rate)
})

test('an input that the schema or JSON refuses is not enqueued, and not retried when it is run', async () => {
  const refused = { code: 'TASK_INPUT_INVALID', message: /email\.send.*to: / }
  await assert.rejects(jobOf(send, { to: 'nobody' }), refused)
  const old = await send.execute('{"to":1}', context).catch(error => error)
  assert.equal(old.code, 'TASK_INPUT_INVALID')
  assert.equal(send.retryDelay(old, 1), null)
  const plain = defineTask({ id: 'plain', run: (input: unknown) => input })
  const message = /^"when" of the input is an instance of Date/
  await assert.rejects(jobOf(plain, { in: [{ when: new Date() }] }), { code: 'TASK_INPUT_INVALID', message })
  for (const input of [1n, Number.NaN, new Map(), { a: () => {} }]) {
    await assert.rejects(jobOf(plain, input), { code: 'TASK_INPUT_INVALID' })
  }
})

test('a handler gets what the schema makes of the input, and its result is JSON', async () => {
  const result = await send.execute('{"to":"ann@example.org"}', context)
  assert.equal(result, '{"to":"ann@example.org","tries":3,"at":"1970-01-01T00:00:00.000Z"}')
  const nothing = defineTask({ id: 'nothing', run: (input?: string) => input })
  assert.equal((await jobOf(nothing, undefined)).payload, 'null')
  assert.equal(await nothing.execute('null', context), undefined)
})

test('waits between attempts grow up to the maximum, and an error can say its own', () => {
  const task = defineTask({ id: 't', retry: { min: '1s', max: '10s', jitter: 0 }, run: () => {} })
  const waits = [1, 2, 3, 4, 5, 900].map(attempt => task.retryDelay(new Error('no'), attempt))
  assert.deepEqual(waits, [1_000, 2_000, 4_000, 8_000, 10_000, 10_000])
  assert.equal(task.retryDelay(Object.assign(new Error('429'), { retryAfter: '3m' }), 1), 180_000)
  assert.equal(task.retryDelay(Object.assign(new Error('429'), { retryAfter: 7 }), 1), 7_000)
  assert.equal(task.retryDelay(new NonRetryableError('gone'), 1), null)
  const late = defineTask({ id: 'l', run: () => {} })
  for (let i = 0; i < 100; i++) {
    const wait = late.retryDelay('thrown text', 1) ?? 0
    assert.ok(wait >= 800 && wait <= 1_200, String(wait))
  }
  const own = defineTask({ id: 'o', retry: { jitter: 0, backoff: attempt => attempt * 5 }, run: () => {} })
  assert.equal(own.retryDelay(new Error('no'), 2), 10_000)
})

test('a wrong option is refused where the task is defined, and named', () => {
  const run = () => {}
  const wrong: [object, RegExp][] = [
    [{ retrys: {} }, /"retrys": did you mean retry\?/],
    [{ retry: { attempts: 0 } }, /retry\.attempts is a whole number from 1 to 1000, not 0/],
    [{ pool: 'gpu' }, /pool is "io" or "cpu", not "gpu"/],
    [{ timeout: { soft: '2m', hard: '1m' } }, /timeout\.hard is at least timeout\.soft/],
    [{ concurrency: { limit: 0 } }, /concurrency\.limit/],
    [{ rateLimit: { limit: 1, per: 'often' } }, /rateLimit\.per is a duration/],
    [{ id: '' }, /id of a task/],
  ]
  for (const [options, message] of wrong) {
    assert.throws(() => defineTask({ ...options, run } as never), { code: 'TASK_ARGUMENT_INVALID', message })
  }
})

test('outside of a tree, enqueue says what to do', async () => {
  await assert.rejects(send.enqueue({ to: 'ann@example.org' }), { code: 'TASK_NO_STORE', message: /openTasks/ })
  const unnamed = defineTask({ run: () => {} })
  await assert.rejects(jobOf(unnamed, undefined), { code: 'TASK_UNNAMED' })
})

test('what has no effect, or is of another kind, is refused at the call and named', async () => {
  const plain = defineTask({ id: 'plain', run: (n: number) => n })
  const keyless = defineTask({ id: 'keyless', unique: { key: () => undefined as never }, run: (n: number) => n })
  const wrong: [Task<number, number>, object, RegExp][] = [
    [plain, { keys: { unique: 'zz' } }, /^keys\.unique has no effect: task "plain" has no unique\./],
    [plain, { keys: { concurrency: 'zz' } }, /^keys\.concurrency has no effect/],
    [plain, { keys: { rateLimit: 'zz' } }, /^keys\.rateLimit has no effect/],
    [keyless, {}, /^What unique\.key of task "keyless" makes of the input is a text, not undefined\.$/],
    [plain, { at: 9e15 }, /^at is a moment of the next hundred years/],
    [plain, { at: new Date(Number.NaN) }, /^at is a Date/],
    [plain, { context: { requestId: 5 } }, /^requestId of context is a text of at most 1,000 letters, not 5\.$/],
    [plain, { context: { traceparent: 'x'.repeat(1_001) } }, /^traceparent of context/],
    [plain, { delay: '100y' }, /the units are ms, s, m, h and d\), not "100y"/],
    [plain, { delay: '36501d' }, /up to 36500d/],
  ]
  for (const [task, options, message] of wrong) {
    const job = (async () => jobOf(task, 1, options))()
    await assert.rejects(job, { code: 'TASK_ARGUMENT_INVALID', message })
  }
  assert.equal((await jobOf(keyless, 1, { keys: { unique: 'a' } })).unique?.key, 'keyless:a')
  const chosen = chain(keyless.with(1, { keys: { unique: 'a' } }), plain)
  const refused = (message: RegExp) => ({ code: 'TASK_ARGUMENT_INVALID', message })
  await assert.rejects(chosen.plan(place, undefined, {}), refused(/^keys\.unique has no effect in a flow/))
  await assert.rejects(
    chain(plain.with(1), plain).enqueue({ keys: { concurrency: 'a' } }),
    refused(/^keys has no effect/),
  )
  const sum = defineTask({ id: 'sum', run: (list: readonly number[]) => list.length })
  const call = sum.with([5]) as never
  assert.throws(() => chord(group([plain.with(1)]), call), refused(/^The second of a chord is a task, not an object/))
})
