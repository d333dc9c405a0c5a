import assert from 'node:assert/strict'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const workers = 2
const maxConnections = 5
const crowd = 60

// Answers with the most connections that it has seen at once.
const app = `
import { createServer } from 'node:http'
let open = 0, most = 0
const server = createServer((request, response) => {
  const ms = Number(new URL(request.url, 'http://localhost').searchParams.get('ms') ?? 0)
  setTimeout(() => response.end(String(most)), ms)
})
server.on('connection', socket => {
  most = Math.max(most, ++open)
  socket.on('close', () => open--)
})
server.listen(3000)
`

for (const balance of ['shared', 'round-robin'] as const) {
  test(`connections beyond maxConnections wait, and are then served: none is refused or reset (${balance})`, async t => {
    const tree = await start(t, balance)
    const socket = `unix:${join(tree.dir, 'app.sock')}`
    const answers = await Promise.all(
      Array.from({ length: crowd }, (_, index) => request(index % 3 === 0 ? socket : tree.url, { path: '/?ms=50' })),
    )
    const most = answers.map(({ status, body }) => {
      assert.equal(status, 200)
      return Number(body)
    })
    assert.equal(Math.max(...most), maxConnections)

    // And as soon as another one ends.
    const idle: HttpConnection[] = []
    for (let count = 0; count < workers * maxConnections; count++) idle.push(await answered(t, tree))
    await until('both workers are full', async () =>
      (await tree.status()).children.every(child => child.connections === maxConnections),
    )
    const late = await HttpConnection.open(tree.url)
    t.after(() => late.close())
    late.send(formatRequest({ path: '/' }))
    const answer = late.receive()
    // Those that are in go on being served, while the late one waits.
    let isLateServed = false
    void answer.then(() => {
      isLateServed = true
    })
    for (const connection of idle) {
      connection.send(formatRequest({ path: '/' }))
      assert.equal((await connection.receive()).status, 200)
    }
    assert.equal(isLateServed, false)
    idle[3]?.close()
    assert.equal((await answer).status, 200)

    // A new generation finds those that wait, and takes them.
    const waiting = await HttpConnection.open(tree.url)
    t.after(() => waiting.close())
    waiting.send(formatRequest({ path: '/' }))
    tree.signal('SIGHUP')
    assert.equal((await waiting.receive()).status, 200)
  })
}

function start(t: TestContext, balance: string): Promise<Tree> {
  const listen = ['127.0.0.1:0', 'unix:app.sock']
  const web = { app: './app.mjs', listen, workers, maxConnections, balance, accessLog: false }
  return startTree(t, { files: { 'app.mjs': app }, config: { apps: { web } } })
}

/** A connection on which one request was answered, and which stays open. */
async function answered(t: TestContext, tree: Tree): Promise<HttpConnection> {
  const connection = await HttpConnection.open(tree.url)
  t.after(() => connection.close())
  connection.send(formatRequest({ path: '/' }))
  assert.equal((await connection.receive()).status, 200)
  return connection
}
