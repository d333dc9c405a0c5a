import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { figures, status, store, taskFigures } from '../../test/support/metrics-look.ts'
import type { MetricsSources } from './look.ts'
import { takeLook } from './take-look.ts'

const sources: MetricsSources = {
  status: async () => status,
  figures: async () => figures,
  store: async () => store,
  tasks: async () => taskFigures,
}
const clock = { date: Date.now, now: () => performance.now() }
const never = () => new Promise<never>(() => {})

function look(t: TestContext, changed: Partial<MetricsSources>) {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const taken = takeLook({ ...sources, ...changed }, { workers: 1 }, clock)
  t.mock.timers.tick(1_000)
  return taken
}

test('who does not answer within a second is left out, and the others are not', async t => {
  const taken = await look(t, { store: never, tasks: async () => Promise.reject(new Error('STORE_UNAVAILABLE')) })
  assert.deepEqual(taken.problems, { figures: false, store: true, tasks: true })
  assert.equal(taken.store, undefined)
  assert.equal(taken.tasks, undefined)
  assert.equal(taken.figures, figures)
})

test('a tree that runs no tasks has no problem with them', async t => {
  assert.deepEqual((await look(t, { tasks: undefined })).problems, { figures: false, store: false })
})

test('without a supervisor there is no look', async t => {
  await assert.rejects(look(t, { status: never }), /no answer within 1000 ms/)
})
