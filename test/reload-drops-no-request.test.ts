import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import {
  answersWhileStopping,
  assertNothingLost,
  quickKinds,
  startEveryClient,
  startServing,
} from './support/every-client.ts'
import { formatRequest, HttpConnection, waitTimeoutMs } from './support/http-connection.ts'
import type { Tree } from './support/tree.ts'

const workers = 2

test('a reload drops no request of any client', async t => {
  // Old workers still answer what takes three seconds when the last reload begins, and while clients go on.
  const reloads = [hangUp, (tree: Tree) => tree.reload(), hangUp]
  const tree = await startServing(t, { workers })
  const clients = startEveryClient(t, tree)
  await clients.answered(10)
  for (const reload of reloads) {
    await reload(tree)
    await clients.answered(10)
  }
  await oldOnesEnd(tree, reloads.length)
  assertNothingLost(await clients.stop(), 10 + reloads.length * 10)
  await tree.stop()
  const inFlight = answersWhileStopping(tree)
  assert.ok(
    inFlight >= reloads.length,
    `${inFlight} requests of three seconds were in flight, expected ${reloads.length}`,
  )
})

test('what waits behind a worker that ends is answered, or told that it ends', async t => {
  // The idle connection is kept until the second handshake comes, however long a busy machine takes for that.
  const tree = await startServing(t, { workers, graceful: { idle: '30s' } })

  await t.test('a request behind one that an old worker is still answering is answered, too', async t => {
    const connection = await HttpConnection.open(tree.url)
    t.after(() => connection.close())
    connection.send(formatRequest({ path: '/slow?ms=500', method: 'POST', body: '12' }))
    connection.send('1')
    const pid = /slow request to (\d+)/.exec(await tree.waitForLine(/slow request to/))?.[1]
    await hangUp(tree)
    await tree.waitForEvent('worker.stopping', { pid: Number(pid) })
    connection.send(`2${formatRequest({ path: '/' })}`)
    const [first, second] = [await connection.receive(), await connection.receive()]
    assert.deepEqual([String(first.body), first.isLast], [pid, false])
    assert.deepEqual([String(second.body), second.isLast], [pid, true])
  })

  await t.test('a WebSocket that an old worker still opens is closed with 1001', async t => {
    const handshakeTimeout = waitTimeoutMs
    // One whose handshake is not answered yet, and one on a connection that was idle.
    const slow = closeCode(t, new WebSocket(`${tree.url.replace('http', 'ws')}/?ms=2000`, { handshakeTimeout }))
    const idle = connect(Number(new URL(tree.url).port), '127.0.0.1')
    idle.write(formatRequest({ path: '/' }))
    const [[answer]] = await Promise.all([once(idle, 'data'), tree.waitForLine(/handshake with/)])
    tree.signal('SIGHUP')
    await tree.waitForEvent('worker.stopping', { pid: Number(/\d+$/.exec(String(answer))?.[0]) })
    assert.equal(idle.readyState, 'open')
    const late = closeCode(
      t,
      new WebSocket(tree.url.replace('http', 'ws'), { createConnection: () => idle, handshakeTimeout }),
    )
    assert.deepEqual(await Promise.all([slow, late]), [1001, 1001])
  })
})

/** Listens at once: on a busy machine the socket may be open, and closed, before a test looks. */
async function closeCode(t: TestContext, socket: WebSocket): Promise<number> {
  t.after(() => socket.terminate())
  const [[code]] = await Promise.all([once(socket, 'close'), once(socket, 'open')])
  return code
}

/** With these the supervisor accepts, and hands a connection to a worker that may be told to end meanwhile. */
const balances: Record<string, object> = {
  'round-robin': { balance: 'round-robin' },
  'least-connections': { balance: 'least-connections' },
  'sticky by address': { balance: 'sticky', sticky: { by: 'ip' } },
  'sticky by cookie': { balance: 'sticky', sticky: { by: 'cookie' } },
}

for (const [name, web] of Object.entries(balances)) {
  test(`with the balance ${name}, old workers end while their clients go on, and drop no request`, async t => {
    const reloads = 2
    const tree = await startServing(t, { workers, ...web })
    const clients = startEveryClient(t, tree, quickKinds)
    await clients.answered(10)
    for (let round = 0; round < reloads; round++) {
      await hangUp(tree)
      await clients.answered(5)
    }
    await oldOnesEnd(tree, reloads)
    assertNothingLost(await clients.stop(), 10 + reloads * 5)
  })
}

/** Returns when every worker has a successor; the old ones may still be answering. */
async function hangUp(tree: Tree): Promise<void> {
  const done = tree.waitForEvent('reload.done', {}, { since: tree.lines.length })
  tree.signal('SIGHUP')
  await done
}

/** Returns when every worker that was replaced has ended by itself. */
async function oldOnesEnd(tree: Tree, reloads: number): Promise<void> {
  const stopping = tree.events('worker.stopping')
  assert.deepEqual(
    stopping.map(event => event.reason),
    Array(reloads * workers).fill('reload'),
  )
  for (const { pid } of stopping) await tree.waitForEvent('worker.stopped', { pid, code: 0 })
}
