import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../src/control/client.ts'
import {
  answersWhileStopping,
  assertNothingLost,
  startEveryClient,
  startServing,
  stoppedFor,
} from './support/every-client.ts'
import { waitTimeoutMs } from './support/http-connection.ts'

test('behind the edge a reload and a restart drop no request of any client', async t => {
  const tree = await startServing(t, { edge: {} })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  await call(tree.controlSocket, 'reload', {}, { timeoutMs: waitTimeoutMs })
  await clients.answered(10)
  await call(tree.controlSocket, 'restart', { target: 'web:1' }, { timeoutMs: waitTimeoutMs })
  await clients.answered(10)
  assertNothingLost(await clients.stop(), 40)
  await tree.stop()
  assert.equal(stoppedFor(tree, 'reload'), 2)
  assert.ok(answersWhileStopping(tree) >= 1)
})
