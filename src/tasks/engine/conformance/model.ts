/** Random commands beside a model, which keeps jobs in a list and does as engines promise (model-jobs.ts). */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { jobStates, type NewJob } from '../job.ts'
import type { TaskEngine } from '../task-engine.ts'
import { attempts, interruptionsMax, limitMax, Model, type ModelJob, rateBurst } from './model-jobs.ts'
import {
  type ClaimedJob,
  enter,
  failure,
  longMs,
  newJob,
  type OpenEngine,
  openTasks,
  type Subject,
  take,
} from './setup.ts'

const workers = ['a', 'b'] as const
const queues = ['q', 'r'] as const

interface Pair extends Subject {
  readonly model: Model
  readonly held: Map<string, ClaimedJob>
  /** Keys of rates are remembered beyond the jobs: each run has its own. */
  readonly run: number
}

/** One step: what it does to both, and that both answer the same. */
type Step = (pair: Pair) => Promise<void>

const index = fc.nat({ max: 1000 })
const worker = fc.constantFrom(...workers)
const queue = fc.constantFrom(...queues)

interface Added {
  readonly queue: string
  readonly priority: number
  readonly limit: string | undefined
  readonly rate: string | undefined
  readonly unique: 'skip' | 'replace' | undefined
  readonly isLater: boolean
}

const added: fc.Arbitrary<Added> = fc.record({
  queue,
  priority: fc.integer({ min: 0, max: 2 }),
  limit: fc.constantFrom(undefined, undefined, 'l', 'm'),
  rate: fc.constantFrom(undefined, undefined, undefined, 'rate'),
  unique: fc.constantFrom(undefined, undefined, undefined, 'skip' as const, 'replace' as const),
  isLater: fc.constantFrom(false, false, false, true),
})
const family = fc.record({
  mode: fc.constantFrom('one' as const, 'all' as const, 'result' as const),
  count: fc.integer({ min: 1, max: 3 }),
  isNested: fc.boolean(),
  unique: fc.constantFrom(undefined, undefined, 'skip' as const),
})
const ways = ['done', 'done', 'done', 'fail', 'later', 'dead', 'back'] as const

const steps = fc.oneof(
  { weight: 6, arbitrary: added.map(own => addStep(own)) },
  { weight: 2, arbitrary: family.map(own => familyStep(own)) },
  { weight: 1, arbitrary: fc.array(fc.integer({ min: 1, max: 3 }), { maxLength: 4 }).map(delays => dueStep(delays)) },
  {
    weight: 7,
    arbitrary: fc
      .record({ name: worker, from: fc.subarray([...queues], { minLength: 1 }), free: fc.integer({ min: 1, max: 4 }) })
      .map(own => claimStep(own)),
  },
  { weight: 7, arbitrary: fc.tuple(index, fc.constantFrom(...ways)).map(([i, way]) => endStep(i, way)) },
  { weight: 2, arbitrary: index.map(i => cancelStep(i)) },
  { weight: 3, arbitrary: index.map(i => retryStep(i)) },
  { weight: 1, arbitrary: fc.tuple(index, fc.boolean()).map(([i, isScheduled]) => removeStep(i, isScheduled)) },
  { weight: 1, arbitrary: fc.tuple(queue, fc.boolean()).map(([name, isPaused]) => pauseStep(name, isPaused)) },
  { weight: 2, arbitrary: worker.map(name => leaveStep(name)) },
)

function addStep({ queue: name, priority, limit, rate, unique, isLater }: Added): Step {
  return async pair => {
    const rateKey = rate && `${rate} ${pair.run}`
    const payload = String(pair.model.jobs.length)
    const job = newJob({
      ...{ queue: name, priority, payload, attempts, interruptionsMax },
      ...(isLater && { delayMs: longMs }),
      ...(limit !== undefined && { limit: { key: limit, max: limitMax } }),
      ...(rateKey !== undefined && { rate: { key: rateKey, count: 1, periodMs: longMs, burst: rateBurst } }),
      ...(unique !== undefined && { unique: { key: 'u', on: unique } }),
    })
    const key = unique && 'u'
    const rest = { queue: name, priority, payload, limit, rate: rateKey, isLater, isReplacing: unique === 'replace' }
    const expected = pair.model.add({ id: job.id, unique: key, ...rest })
    const [answer] = await pair.tasks.enqueue([job])
    assert.deepEqual([answer?.id, answer?.isNew], [expected.id, expected.isNew])
  }
}

interface Family {
  readonly mode: 'one' | 'all' | 'result'
  readonly count: number
  /** The first child gathers another one. */
  readonly isNested: boolean
  readonly unique: 'skip' | undefined
}

function familyStep({ mode, count: wanted, isNested, unique }: Family): Step {
  return async ({ tasks, model }) => {
    const count = mode === 'one' ? 1 : wanted
    const rules = { priority: 1, attempts, interruptionsMax }
    const own =
      unique && !model.jobs.some(job => job.unique === 'f' && !isEnded(job)) ? { key: 'f', on: unique } : undefined
    const top = newJob({ ...rules, gather: { count, mode }, ...(own && { unique: own }) })
    const children = Array.from({ length: count }, (_, i) =>
      newJob({
        ...rules,
        parent: { id: top.id, index: i },
        ...(i === 0 && isNested && { gather: { count: 1, mode: 'one' } }),
      }),
    )
    const leaf = isNested ? [newJob({ ...rules, parent: { id: String(children[0]?.id), index: 0 } })] : []
    const all = [top, ...children, ...leaf]
    await tasks.enqueue(all)
    for (const { id, queue: name, priority, payload, gather, parent, unique: key } of all) {
      model.add({ id, queue: name, priority, payload, gather, parent, unique: key?.key })
    }
  }
}

function isEnded({ state }: ModelJob): boolean {
  return state === 'done' || state === 'dead' || state === 'cancelled'
}

/** They are ready in the order of their times. */
function dueStep(delays: readonly number[]): Step {
  return async ({ tasks, model, pass }) => {
    const rules = { priority: 1, attempts, interruptionsMax }
    const jobs: NewJob[] = delays.map(delayMs => newJob({ ...rules, delayMs }))
    await tasks.enqueue(jobs)
    await pass(4)
    // Who asks lets the time pass.
    await take(tasks, { worker: 'a', queues: ['none'], timeoutMs: 1 })
    for (const { id, queue: name, priority, payload } of jobs.toSorted((one, other) => dueOf(one) - dueOf(other))) {
      model.add({ id, queue: name, priority, payload })
    }
  }
}

function dueOf({ delayMs = 0 }: NewJob): number {
  return delayMs
}

function claimStep({ name, from, free }: { name: string; from: readonly string[]; free: number }): Step {
  return async ({ tasks, model, held }) => {
    const expected = model.claim(name, from, free)
    const timeoutMs = expected.length > 0 ? 10_000 : 5
    const jobs = await take(tasks, { worker: name, queues: from, free, timeoutMs })
    assert.deepEqual(
      jobs.map(({ id, payload }) => [id, payload]),
      expected.map(id => [id, model.find(id)?.payload]),
    )
    for (const job of jobs) held.set(job.id, job)
  }
}

/** Of any job that was ever claimed: a token of old is lost. */
function endStep(i: number, way: (typeof ways)[number]): Step {
  return async ({ tasks, model, held }) => {
    const claimed = [...held.values()][i % Math.max(1, held.size)]
    if (!claimed?.worker) return
    const { id, token, worker: name } = claimed
    const job = model.find(id)
    const isHeld = job?.state === 'active' && job.worker === name && (await tasks.get(id))?.token === token
    const answer = await answerOf(tasks, way, { id, token, name })
    assert.deepEqual(answer, [isHeld ? 'ok' : 'lost'])
    if (!isHeld) return
    held.delete(id)
    if (way === 'done') model.done(job, JSON.stringify(id))
    else if (way === 'back') model.giveBack(job)
    else model.fail(job, way === 'fail' ? 'now' : way === 'later' ? 'later' : 'never')
  }
}

function answerOf(tasks: TaskEngine, way: string, { id, token, name }: { id: string; token: number; name: string }) {
  if (way === 'done') return tasks.done(name, [{ id, token, result: JSON.stringify(id) }])
  if (way === 'back') return tasks.giveBack(name, [{ id, token }])
  const retryMs = way === 'fail' ? 0 : way === 'later' ? longMs : null
  return tasks.fail(name, [{ id, token, error: failure, retryMs }])
}

function jobAt(model: Model, i: number): ModelJob | undefined {
  return model.jobs[i % Math.max(1, model.jobs.length)]
}

function cancelStep(i: number): Step {
  return async ({ tasks, model }) => {
    const job = jobAt(model, i)
    if (job) assert.equal(await tasks.cancel(job.id), model.cancel(job))
  }
}

function retryStep(i: number): Step {
  return async ({ tasks, model }) => {
    const failed = model.jobs.filter(({ state }) => state === 'dead' || state === 'cancelled')
    const job = failed[i % Math.max(1, failed.length)] ?? jobAt(model, i)
    if (!job) return
    const { count } = await tasks.retry({ ids: [job.id] })
    assert.equal(count, model.retry(job) ? 1 : 0, `retry ${job.state}`)
  }
}

/** One that is finished, or all that are scheduled. */
function removeStep(i: number, isScheduled: boolean): Step {
  return async ({ tasks, model }) => {
    const job = jobAt(model, i)
    if (!job) return
    const chosen = isScheduled ? model.jobs.filter(({ state }) => state === 'scheduled') : [job]
    const { count } = await tasks.remove(isScheduled ? { states: ['scheduled'] } : { ids: [job.id] })
    assert.equal(count, chosen.filter(each => model.remove(each, isScheduled)).length)
  }
}

function pauseStep(name: string, isPaused: boolean): Step {
  return async ({ tasks, model }) => {
    await tasks.pause(name, isPaused)
    if (isPaused) model.paused.add(name)
    else model.paused.delete(name)
  }
}

function leaveStep(name: string): Step {
  return async ({ tasks, model }) => {
    await tasks.leave(name)
    model.leave(name)
    await enter(tasks, name)
  }
}

/** Blocked or ready: an engine may let more or fewer try again than the model, and none of them begins that may not. */
function comparable({ state, attempt, interruptions, payload, result, error }: Compared): unknown[] {
  return [state === 'blocked' ? 'ready' : state, attempt, interruptions, payload, result, error]
}

type Compared = Pick<ModelJob, 'state' | 'attempt' | 'interruptions' | 'payload' | 'result' | 'error'>

async function emptied(tasks: TaskEngine): Promise<void> {
  for (const name of workers) await tasks.leave(name)
  while ((await tasks.remove({ states: jobStates })).count > 0);
  for (const name of queues) await tasks.pause(name, false)
  for (const name of workers) await enter(tasks, name, {}, longMs)
}

export function modelConformance(open: OpenEngine): void {
  test('whatever is done, in whatever order, the jobs are as those of the model', async t => {
    const subject = await openTasks(open, t)
    const { tasks, runs } = subject
    let run = 0
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { maxLength: 60 }), async sequence => {
        await emptied(tasks)
        const pair: Pair = { ...subject, model: new Model(), held: new Map(), run: ++run }
        for (const step of sequence) await step(pair)
        for (const expected of pair.model.jobs) {
          const { error, ...job } = (await tasks.get(expected.id)) ?? assert.fail('a job is gone')
          assert.deepEqual(comparable({ ...job, result: job.result, error: error?.name }), comparable(expected))
        }
      }),
      { numRuns: runs },
    )
  })
}
