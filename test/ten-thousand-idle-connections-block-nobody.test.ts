import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { keepAliveClient, newConnectionClient } from './support/clients.ts'
import { formatRequest } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

// Each is a descriptor here, too, beside those that this process needs for itself.
const connections = Math.min(10_000, openFilesMax() - 500)
const atOnce = 200
// A client address has some 28,000 ports, and other tests run.
const sources = 8

// Node sends away who has said nothing for a minute, and a busy machine may need longer to open all of them.
const app = `
import { createServer } from 'node:http'
const server = createServer({ headersTimeout: 0, requestTimeout: 0 }, (request, response) => response.end(String(process.pid)))
server.keepAliveTimeout = 600_000
server.listen(3000)
`

for (const balance of ['shared', 'round-robin'] as const) {
  test(`${connections} idle connections block nobody (${balance})`, async t => {
    const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, accessLog: false, balance }
    const tree = await startTree(t, {
      files: { 'app.mjs': app },
      config: { apps: { web: { ...web, graceful: { idle: '100ms' } } } },
    })
    const before = (await tree.status()).children.map(child => child.pid)
    const sockets = await openIdle(t, tree)
    // Workers count themselves once a second.
    await until('all connections are open at the workers', async () => {
      const { children } = await tree.status()
      return children.reduce((sum, child) => sum + child.connections, 0) >= connections
    })

    const honest = [keepAliveClient(t, tree.url).start(), newConnectionClient(t, tree.url).start()]
    for (const client of honest) {
      await client.answered(50)
      const { failed, errors } = await client.stop()
      assert.equal(failed, 0, errors.join('\n'))
    }
    assert.deepEqual(
      (await tree.status()).children.map(child => child.pid),
      before,
    )
    assert.equal(sockets.filter(socket => socket.destroyed).length, 0)

    // All of them still hang on it, and it ends in time none the less.
    const closed = sockets.map(socket => new Promise(resolve => socket.once('close', resolve)))
    assert.deepEqual(await tree.stop(), { code: 0, signal: null })
    await Promise.all(closed)
    assert.deepEqual(tree.events('worker.killed'), [])
  })
}

/** Half of them say nothing at all, the others have had an answer and are kept alive. */
async function openIdle(t: TestContext, tree: Tree): Promise<Socket[]> {
  const sockets: Socket[] = []
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  while (sockets.length < connections) {
    const count = Math.min(atOnce, connections - sockets.length)
    sockets.push(...(await Promise.all(Array.from({ length: count }, (_, index) => openOne(tree, index)))))
  }
  return sockets
}

function openOne(tree: Tree, index: number): Promise<Socket> {
  const { hostname, port } = new URL(tree.url)
  // Only Linux has all of 127.0.0.0/8.
  const localAddress = process.platform === 'linux' ? `127.0.0.${2 + (index % sources)}` : '127.0.0.1'
  return new Promise((resolve, reject) => {
    const socket = connect({ host: hostname, port: Number(port), localAddress })
    socket.once('error', reject)
    const done = () => {
      socket.off('error', reject)
      socket.on('error', () => {})
      resolve(socket)
    }
    socket.on('data', done)
    socket.once('connect', () => (index % 2 === 0 ? done() : socket.write(formatRequest({}))))
  })
}

/** The soft limit; Node has raised it to the hard one when it started. */
function openFilesMax(): number {
  if (process.platform !== 'linux') return 10_000
  const soft = /^Max open files +(\d+)/m.exec(readFileSync('/proc/self/limits', 'utf8'))?.[1]
  return Number(soft ?? Number.POSITIVE_INFINITY)
}
