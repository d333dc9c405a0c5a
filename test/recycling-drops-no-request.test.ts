import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { newConnectionClient } from './support/clients.ts'
import {
  answersWhileStopping,
  assertNothingLost,
  everyKind,
  startEveryClient,
  startServing,
} from './support/every-client.ts'
import type { Tree } from './support/tree.ts'

const moreRecyclings = 2

test('recycling by requests drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { requests: 300, jitter: 100 } })
  await recycleUnderLoad(t, tree, /^\d+ requests$/)
})

test('recycling by memory drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { memory: { soft: '200MB' } } })
  const path = `/grow?bytes=${8 * 1024 * 1024}`
  const eater = newConnectionClient(t, tree.url, { path, pauseMs: 20 }).start()
  await recycleUnderLoad(t, tree, /^memory \d+/)
  const { failed, errors } = await eater.stop()
  assert.equal(failed, 0, errors.join('\n'))
})

/** Keeps every client busy until a worker with a long request was replaced for this reason, and two more workers. */
async function recycleUnderLoad(t: TestContext, tree: Tree, reason: RegExp): Promise<void> {
  const slow = startEveryClient(t, tree, ['three seconds'])
  const pid = /slow request to (\d+)/.exec(await tree.waitForLine(/slow request to/))?.[1]
  const others = everyKind.filter(kind => kind !== 'three seconds')
  const clients = startEveryClient(t, tree, others)
  await tree.waitForEvent('worker.stopping', { pid: Number(pid), reason })
  for (let more = 0; more < moreRecyclings; more++) {
    await tree.waitForEvent('worker.stopping', { reason }, { since: tree.lines.length })
  }
  assertNothingLost(await clients.stop(), 30)
  assertNothingLost(await slow.stop(), 1)
  assert.ok(answersWhileStopping(tree) >= 1, 'no request of three seconds was in flight')
}
