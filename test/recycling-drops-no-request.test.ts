import assert from 'node:assert/strict'
import { test } from 'node:test'
import { keepAliveClient } from './support/clients.ts'
import { answersWhileStopping, assertNothingLost, startEveryClient, startServing } from './support/every-client.ts'
import type { Tree } from './support/tree.ts'

const recyclings = 4

test('recycling by requests drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { requests: 300, jitter: 100 } })
  const clients = startEveryClient(t, tree)
  await recycled(tree, /^\d+ requests$/)
  assertNothingLost(await clients.stop(), 30)
  assert.ok(answersWhileStopping(tree) >= 1, 'no request of three seconds was in flight')
})

test('recycling by memory drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { memory: { soft: '200MB' } } })
  const clients = startEveryClient(t, tree)
  const eater = keepAliveClient(t, tree.url, { path: `/grow?bytes=${8 * 1024 * 1024}`, pauseMs: 20 }).start()
  await recycled(tree, /^memory \d+/)
  assertNothingLost(await clients.stop(), 30)
  const { failed, errors } = await eater.stop()
  assert.equal(failed, 0, errors.join('\n'))
  assert.ok(answersWhileStopping(tree) >= 1, 'no request of three seconds was in flight')
})

/** Waits until so many workers have been replaced, for this reason. */
async function recycled(tree: Tree, reason: RegExp): Promise<void> {
  let since = 0
  for (let count = 0; count < recyclings; count++) {
    const event = await tree.waitForEvent('worker.recycling', { reason }, { since })
    await tree.waitForEvent('worker.stopping', { pid: event.pid })
    since = tree.lines.length
  }
}
