import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreError } from '../store/store-error.ts'
import type { Enqueued, NewJob } from './engine/job.ts'
import { enqueueTogether } from './enqueue-together.ts'

function job(id: string, payload = '{}'): NewJob {
  const rules = { attempts: 1, interruptionsMax: 1, softMs: 0, hardMs: 0, resultMs: 0, failureMs: 0 }
  return { id, task: 'a', queue: 'default', priority: 5, payload, ...rules }
}

/** Notes the calls, and refuses those that have a job of the id `bad`. */
function fake(refusal = new StoreError('STORE_ARGUMENT_INVALID', 'no')) {
  const calls: string[][] = []
  const enqueue = async (jobs: readonly NewJob[]): Promise<readonly Enqueued[]> => {
    calls.push(jobs.map(({ id }) => id))
    if (jobs.some(({ id }) => id === 'bad')) throw refusal
    return jobs.map(({ id }) => ({ id, state: 'ready', isNew: true }))
  }
  return { calls, enqueue }
}

const idsOf = (enqueued: readonly Enqueued[]) => enqueued.map(({ id }) => id)

test('what is enqueued in one turn goes in one call, and each caller gets its own', async () => {
  const engine = fake()
  const all = [['1'], ['2', '3'], ['4']]
  const answers = await Promise.all(
    all.map(ids =>
      enqueueTogether(
        engine,
        ids.map(id => job(id)),
      ),
    ),
  )
  assert.deepEqual(answers.map(idsOf), all)
  assert.deepEqual(engine.calls, [['1', '2', '3', '4']])
  await enqueueTogether(engine, [job('5')])
  assert.deepEqual(engine.calls[1], ['5'])
})

test('a job that is refused harms nobody else', async () => {
  const engine = fake()
  const [first, bad, last] = await Promise.allSettled(['1', 'bad', '2'].map(id => enqueueTogether(engine, [job(id)])))
  assert.equal(first?.status, 'fulfilled')
  assert.equal(bad?.status, 'rejected')
  assert.equal(last?.status, 'fulfilled')
})

test('a store that does not answer is not asked for each of them', async () => {
  const engine = fake(new StoreError('STORE_UNAVAILABLE', 'away'))
  const results = await Promise.allSettled(['1', 'bad', '2'].map(id => enqueueTogether(engine, [job(id)])))
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected', 'rejected'],
  )
  assert.equal(engine.calls.length, 1)
})

test('a call is neither too long nor too large, and keeps the order', async () => {
  const engine = fake()
  const few = Array.from({ length: 80 }, (_, i) => job(String(i)))
  await Promise.all(few.map(each => enqueueTogether(engine, [each])))
  assert.deepEqual(
    engine.calls.map(({ length }) => length),
    [32, 32, 16],
  )
  assert.deepEqual(
    engine.calls.flat(),
    few.map(({ id }) => id),
  )
  const large = ['a', 'b', 'c'].map(id => job(id, 'x'.repeat(600_000)))
  await Promise.all(large.map(each => enqueueTogether(engine, [each])))
  assert.deepEqual(engine.calls.slice(3), [['a'], ['b'], ['c']])
})
