import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  answersWhileStopping,
  assertNothingLost,
  startEveryClient,
  startServing,
  stoppedFor,
} from './support/every-client.ts'

test('behind the edge a reload and a restart drop no request of any client', async t => {
  const tree = await startServing(t, { edge: {} })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  await tree.reload()
  await clients.answered(10)
  await tree.control('restart', { target: 'web:1' })
  await clients.answered(10)
  assertNothingLost(await clients.stop(), 40)
  await tree.stop()
  assert.equal(stoppedFor(tree, 'reload'), 2)
  assert.ok(answersWhileStopping(tree) >= 1)
})
