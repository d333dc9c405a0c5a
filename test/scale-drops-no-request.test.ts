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
import { request } from './support/http-connection.ts'
import type { Tree } from './support/tree.ts'

test('more and fewer workers drop no request of any client', async t => {
  const rounds = 3
  const tree = await startServing(t, { workers: 1 })
  const clients = startEveryClient(t, tree)
  await clients.answered(20)
  const answers = []
  for (let round = 0; round < rounds; round++) {
    const added = await scaleUp(tree)
    await clients.answered(10)
    for (const pid of added) answers.push(...(await occupy(tree, pid)))
    await call(tree.controlSocket, 'scale', { target: 'web', workers: '-2' })
    await clients.answered(10)
  }
  assertNothingLost(await clients.stop(), 20 + rounds * 20)
  for (const { status } of await Promise.all(answers)) assert.equal(status, 200)
  await tree.stop()
  assert.equal(stoppedFor(tree, 'scale'), 2 * rounds)
  const inFlight = answersWhileStopping(tree)
  assert.ok(inFlight >= 2 * rounds, `${inFlight} requests of three seconds were in flight, expected ${2 * rounds}`)
})

/** From one worker to three. Returns the process ids of the new ones. */
async function scaleUp(tree: Tree): Promise<unknown[]> {
  const since = tree.lines.length
  const added = ['web:1', 'web:2'].map(name => tree.waitForEvent('worker.ready', { name }, { since }))
  await call(tree.controlSocket, 'scale', { target: 'web', workers: '+2' })
  return (await Promise.all(added)).map(event => event.pid)
}

/** Sends requests that take three seconds until this worker has one; who gets the next connection is its luck. */
async function occupy(tree: Tree, pid: unknown) {
  const answers = []
  for (;;) {
    const since = tree.lines.length
    answers.push(request(tree.url, { path: '/slow?ms=3000' }))
    const line = await tree.waitForLine(/slow request to/, { since })
    if (line.includes(`to ${pid}"`)) return answers
  }
}
