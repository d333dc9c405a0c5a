import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { keepAliveClient, slowClient } from './support/clients.ts'
import { answersWhileStopping, assertNothingLost, startEveryClient, startServing } from './support/every-client.ts'
import type { LoadClient } from './support/load-client.ts'
import type { Tree } from './support/tree.ts'

const moreRecyclings = 2

test('recycling by requests drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { requests: 400, jitter: 100 } })
  await recycleUnderLoad(t, tree, { reason: /^\d+ requests$/, wearBytes: 0 })
})

test('recycling by memory drops no request of any client', async t => {
  const tree = await startServing(t, { recycle: { memory: { soft: '200MB' } } })
  await recycleUnderLoad(t, tree, { reason: /^memory \d+/, wearBytes: 8 * 1024 * 1024 })
})

interface Recycling {
  readonly reason: RegExp
  /** What each request to wear a worker out takes of its memory. */
  readonly wearBytes: number
}

/** Waits until a worker that was answering a long request has been replaced for this reason, and some others. */
async function recycleUnderLoad(t: TestContext, tree: Tree, { reason, wearBytes }: Recycling): Promise<void> {
  const slow = slowClient(t, tree.url, { lanes: 1 }).start()
  const pid = /slow request to (\d+)/.exec(await tree.waitForLine(/slow request to/))?.[1]
  const wearing = await wearOut(t, tree, { pid: `${pid}`, wearBytes })
  const clients = startEveryClient(t, tree)
  await tree.waitForEvent('worker.stopping', { pid: Number(pid), reason })
  for (let more = 0; more < moreRecyclings; more++) {
    await tree.waitForEvent('worker.stopping', { reason }, { since: tree.lines.length })
  }
  const [all, ...others] = await Promise.all([clients.stop(), slow.stop(), ...wearing.map(client => client.stop())])
  assertNothingLost(all, 20)
  for (const { failed, errors } of others) assert.equal(failed, 0, errors.join('\n'))
  await tree.stop()
  assert.ok(answersWhileStopping(tree) >= 1, 'no request of three seconds was in flight')
}

/** Starts clients that wear a worker out, until one of them is with this worker: who gets a connection is its luck. */
async function wearOut(
  t: TestContext,
  tree: Tree,
  { pid, wearBytes }: { pid: string; wearBytes: number },
): Promise<LoadClient[]> {
  const clients: LoadClient[] = []
  while (!tree.lines.some(line => line.includes(`wears ${pid}`))) {
    const since = tree.lines.length
    clients.push(keepAliveClient(t, tree.url, { lanes: 1, path: `/wear?bytes=${wearBytes}`, pauseMs: 10 }).start())
    await tree.waitForLine(/wears/, { since })
  }
  return clients
}
