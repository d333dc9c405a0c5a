import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersWhileStopping,
  assertNothingLost,
  startEveryClient,
  startServing,
  stoppedFor,
} from './support/every-client.ts'

const workers = 2

test('a rolling restart drops no request of any client', async t => {
  const restarts = 2
  const tree = await startServing(t, { workers })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  for (let round = 0; round < restarts; round++) {
    await tree.control('restart', { target: 'web' })
    await clients.answered(10)
  }
  // One worker of several.
  await tree.control('restart', { target: 'web:1' })
  await clients.answered(10)
  assertNothingLost(await clients.stop(), 20 + restarts * 10)
  await tree.stop()
  assert.equal(tree.events('restart.done').length, restarts + 1)
  assert.equal(stoppedFor(tree, 'restart'), workers * restarts + 1)
  const inFlight = answersWhileStopping(tree)
  assert.ok(inFlight >= restarts, `${inFlight} requests of three seconds were in flight, expected ${restarts}`)
})

test('a rolling restart of the only worker drops no request of any client', async t => {
  const tree = await startServing(t, { workers: 1 })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  await tree.control('restart', { target: 'all' })
  await clients.answered(10)
  assertNothingLost(await clients.stop(), 30)
  await tree.waitForEvent('worker.stopping', { reason: 'restart' })
})
