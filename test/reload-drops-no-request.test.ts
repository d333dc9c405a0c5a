import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersWhileStopping,
  assertNothingLost,
  reload,
  startEveryClient,
  startServing,
} from './support/every-client.ts'

const reloads = 5

test('a reload drops no request of any client', async t => {
  const tree = await startServing(t)
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  for (let round = 0; round < reloads; round++) {
    await reload(tree)
    await clients.answered(10)
  }
  assertNothingLost(await clients.stop(), 20 + reloads * 10)
  assert.equal(tree.events('reload.done').length, reloads)
  assert.equal(tree.events('worker.stopping').length, 2 * reloads)
  assert.ok(answersWhileStopping(tree) >= reloads, `${answersWhileStopping(tree)} slow requests were in flight`)
})
