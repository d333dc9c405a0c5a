import assert from 'node:assert/strict'
import { test } from 'node:test'
import { call } from '../src/control/client.ts'
import {
  answersWhileStopping,
  assertNothingLost,
  type ClientKind,
  startEveryClient,
  startServing,
} from './support/every-client.ts'
import type { Tree } from './support/tree.ts'

const workers = 2

test('a reload drops no request of any client', async t => {
  const rounds = 2
  const tree = await startServing(t, { workers })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  for (let round = 0; round < rounds; round++) {
    await hangUp(tree)
    await clients.answered(10)
    await call(tree.controlSocket, 'reload', {})
    await clients.answered(10)
  }
  assertNothingLost(await clients.stop(), 20 + rounds * 20)
  assert.equal(tree.events('reload.done').length, 2 * rounds)
  assert.equal(tree.events('worker.stopping').length, 2 * rounds * workers)
  const inFlight = answersWhileStopping(tree)
  assert.ok(inFlight >= 2 * rounds, `${inFlight} requests of three seconds were in flight, expected ${2 * rounds}`)
})

// Here the supervisor accepts, and hands each connection to a worker that may be told to end at the same moment.
const balances = ['round-robin', 'least-connections', 'sticky']
const kinds: readonly ClientKind[] = ['new connection', 'keep-alive', 'upload', 'Unix socket, new connection']

for (const balance of balances) {
  test(`a reload drops no request with the balance ${balance}`, async t => {
    const reloads = 4
    const tree = await startServing(t, { workers, balance })
    const clients = startEveryClient(t, tree, kinds)
    await clients.answered(20)
    for (let round = 0; round < reloads; round++) {
      await hangUp(tree)
      await clients.answered(5)
    }
    assertNothingLost(await clients.stop(), 20 + reloads * 5)
    assert.equal(tree.events('worker.stopping').length, reloads * workers)
  })
}

/** Returns when every worker has a successor; the old ones may still be answering. */
async function hangUp(tree: Tree): Promise<void> {
  const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await done
}
