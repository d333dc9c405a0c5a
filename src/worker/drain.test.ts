import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { type TestContext, test } from 'node:test'
import { standStill } from '../../test/support/busy-machine.ts'
import { formatRequest, HttpConnection } from '../../test/support/http-connection.ts'
import { Connections } from './connections.ts'
import { drainConnections } from './drain.ts'
import { Traffic } from './traffic.ts'

const hour = 3_600_000

async function open(t: TestContext, listener: http.RequestListener) {
  const server = http.createServer({ keepAliveTimeout: hour }, listener)
  const connections = new Connections(() => {})
  const none = { requestTimeoutMs: 0, onExchange: undefined, onRequest: () => {}, routeCookie: undefined }
  const traffic = new Traffic({ name: 'web:0', connections, ...none })
  traffic.observe(server)
  server.on('connection', socket => connections.enter(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  const url = `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`
  const connect = async (text: string) => {
    const accepted = once(server, 'connection')
    const connection = await HttpConnection.open(url)
    t.after(() => connection.close())
    await accepted
    connection.send(text)
    return connection
  }
  const drain = (timeoutMs: number) => {
    const graceful = { delayMs: 0, timeoutMs, idleMs: 20, websocketsMs: timeoutMs }
    return drainConnections({ graceful, traffic, connections, isHttp: true })
  }
  return { connect, drain, connections }
}

test('idle connections end at once, and one that is being answered with its answer', async t => {
  const running = Promise.withResolvers<http.ServerResponse>()
  const { connect, drain } = await open(t, (req, res) => (req.url === '/slow' ? running.resolve(res) : res.end()))
  const idle = await connect(formatRequest({}))
  await idle.receive()
  // One that has begun to write its request, and does not go on.
  const begun = await connect('GET / HTTP/1.1\r\nHost: a\r\n')
  const slow = await connect(formatRequest({ path: '/slow' }))
  const res = await running.promise
  const drained = drain(hour)
  await assert.rejects(idle.receive(), /closed by the server/)
  await assert.rejects(begun.receive(), /closed by the server/)
  res.end('done')
  const answer = await slow.receive()
  assert.deepEqual([String(answer.body), answer.isLast], ['done', true])
  assert.equal(await drained, true)
})

test('a body that does not come, and an answer that is not taken, last until the limit and no longer', async t => {
  const begun = { post: Promise.withResolvers<void>(), get: Promise.withResolvers<void>() }
  const { connect, drain, connections } = await open(t, (req, res) => {
    begun[req.method === 'POST' ? 'post' : 'get'].resolve()
    req.resume().on('error', () => {})
    if (req.method === 'GET') res.write('begun')
  })
  const clients = [
    await connect('POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf'),
    await connect(formatRequest({})),
  ]
  await Promise.all([begun.post.promise, begun.get.promise])
  assert.equal(await drain(150), false)
  for (const client of clients) await assert.rejects(client.receive())
  assert.ok([...connections].every(({ socket }) => socket.destroyed))
})

test('a process that stood still answers what came meanwhile before it takes a connection for idle', async t => {
  const { connect, drain } = await open(t, (_req, res) => res.end('late'))
  const client = await connect(formatRequest({}))
  await client.receive()
  const drained = drain(hour)
  // Written at once to the system, which keeps it while this thread, the server's, does not come to read it.
  client.send(formatRequest({}))
  standStill(200)
  const answer = await client.receive()
  assert.deepEqual([String(answer.body), answer.isLast], ['late', true])
  assert.equal(await drained, true)
})
