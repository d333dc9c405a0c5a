import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assertNothingLost, quickKinds, startEveryClient, startServing, stoppedFor } from './support/every-client.ts'
import { formatRequest, HttpConnection } from './support/http-connection.ts'
import type { Tree } from './support/tree.ts'

test('more and fewer workers drop no request of any client, however long it takes', async t => {
  const rounds = 2
  const tree = await startServing(t, { workers: 1 })
  const clients = startEveryClient(t, tree, quickKinds)
  await clients.answered(10)
  for (let round = 0; round < rounds; round++) {
    const added = await scaleUp(tree)
    await clients.answered(10)
    const uploads = await occupy(t, tree, added)
    await tree.control('scale', { target: 'web', workers: '-2' })
    for (const pid of added) await tree.waitForEvent('worker.stopping', { pid, reason: 'scale' })
    await clients.answered(10)
    const answers = uploads.map(connection => {
      connection.send(rest)
      return connection.receive()
    })
    const answered = await Promise.all(answers)
    for (const { status } of answered) assert.equal(status, 200)
    const answeredBy = new Set(answered.map(({ body }) => Number(body)))
    for (const pid of added)
      assert.ok(answeredBy.has(Number(pid)), `${pid} had nothing in flight when it was told to end`)
  }
  assertNothingLost(await clients.stop(), 10 + rounds * 20)
  assert.equal(stoppedFor(tree, 'scale'), 2 * rounds)
})

/** From one worker to three. Returns the process ids of the new ones. */
async function scaleUp(tree: Tree): Promise<unknown[]> {
  const since = tree.lines.length
  const added = ['web:1', 'web:2'].map(name => tree.waitForEvent('worker.ready', { name }, { since }))
  await tree.control('scale', { target: 'web', workers: '+2' })
  return (await Promise.all(added)).map(event => event.pid)
}

const [begin, rest] = ['1', '2']

/** Sends requests that end when their rest is sent, until each of these workers has one; who gets the next connection is its luck. */
async function occupy(t: TestContext, tree: Tree, pids: readonly unknown[]): Promise<HttpConnection[]> {
  const idle = new Set(pids)
  const uploads = []
  while (idle.size > 0) {
    const since = tree.lines.length
    const connection = await HttpConnection.open(tree.url)
    t.after(() => connection.close())
    connection.send(formatRequest({ path: '/slow?ms=0', method: 'POST', body: begin + rest }) + begin)
    uploads.push(connection)
    const line = await tree.waitForLine(/slow request to/, { since })
    idle.delete(Number(/to (\d+)/.exec(line)?.[1]))
  }
  return uploads
}
