import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener, type Server } from 'node:http'
import { type AddressInfo, createServer as createTcpServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { WebSocketServer } from 'ws'
import { standStill } from './busy-machine.ts'
import {
  keepAliveClient,
  newConnectionClient,
  pipelineClient,
  slowClient,
  unixClient,
  uploadClient,
  webSocketClient,
} from './clients.ts'
import { request } from './http-connection.ts'

async function serve(t: TestContext, listener: RequestListener): Promise<{ server: Server; url: string }> {
  const server = createServer(listener).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close().closeAllConnections())
  return { server, url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` }
}

/** A server below HTTP: it answers each piece of input with what the function does to the socket. */
async function serveTcp(t: TestContext, onData: (socket: Socket, data: Buffer) => void): Promise<string> {
  const sockets = new Set<Socket>()
  const server = createTcpServer(socket => {
    sockets.add(socket.on('data', data => onData(socket, data)).on('error', () => {}))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    server.close()
    for (const socket of sockets) socket.destroy()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const ok = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'

test('a client counts what was answered in full', async t => {
  const { server, url } = await serve(t, (_request, response) => response.end('hello'))
  let served = 0
  let connections = 0
  server.on('request', () => served++).on('connection', () => connections++)
  for (const makeClient of [newConnectionClient, keepAliveClient, pipelineClient]) {
    served = 0
    const client = makeClient(t, url, { lanes: 2 }).start()
    await client.answered(40)
    const result = await client.stop()
    assert.deepEqual({ ...result, ok: result.ok >= 40 }, { ok: true, failed: 0, errors: [] }, makeClient.name)
    assert.equal(result.ok, served, makeClient.name)
  }
  assert.ok(connections >= 44, `${connections} connections`)
})

test('a keep-alive client comes again when the server announces the end, and has lost nothing', async t => {
  let connections = 0
  const { server, url } = await serve(t, (_request, response) => {
    response.shouldKeepAlive = false
    response.end()
  })
  server.on('connection', () => connections++)
  const client = keepAliveClient(t, url).start()
  await client.answered(10)
  const { ok, failed } = await client.stop()
  assert.equal(failed, 0)
  assert.equal(connections, ok)
})

test('an idle connection that the server closes is no loss', async t => {
  let closed = 0
  const url = await serveTcp(t, socket => {
    socket.on('close', () => closed++)
    socket.write(ok, () => setImmediate(() => socket.end()))
  })
  const client = keepAliveClient(t, url, { pauseMs: 50 }).start()
  await client.answered(6)
  assert.equal((await client.stop()).failed, 0)
  assert.ok(closed >= 5)
})

test('nor is one that it closes while the client stands still', async t => {
  const url = await serveTcp(t, socket => {
    // So that the timers are next, and sockets come after them.
    const endAndStall = () => {
      socket.end()
      standStill(100)
    }
    socket.write(ok, () => setTimeout(() => setImmediate(endAndStall), 10))
  })
  const client = keepAliveClient(t, url, { lanes: 1, pauseMs: 50 }).start()
  await client.answered(4)
  assert.equal((await client.stop()).failed, 0)
})

test('a request that is not answered is a loss', async t => {
  const url = await serveTcp(t, socket => socket.end())
  const { failed, ok, errors } = await newConnectionClient(t, url, { lanes: 3 }).start().stop()
  assert.deepEqual({ failed, ok, errors }, { failed: 3, ok: 0, errors: ['3 × no response: closed by the server'] })
})

test('a response that breaks off is a loss', async t => {
  const broken = [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nok',
    'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n',
    'HTTP/1.1 200',
  ]
  for (const text of broken) {
    const url = await serveTcp(t, socket => socket.end(text))
    const { failed, errors } = await keepAliveClient(t, url, { lanes: 1 }).start().stop()
    assert.deepEqual(
      { failed, errors },
      { failed: 1, errors: [`1 × closed by the server after ${text.length} bytes of a response`] },
    )
  }
})

test('a response with no length that ends with a reset is a loss', async t => {
  const url = await serveTcp(t, socket => {
    socket.write('HTTP/1.1 200 OK\r\n\r\nok', () => socket.resetAndDestroy())
  })
  const { failed, errors } = await keepAliveClient(t, url, { lanes: 1 }).start().stop()
  assert.equal(failed, 1)
  assert.match(String(errors), /ECONNRESET/)
})

test('a refused connection, an error status and silence are losses', async t => {
  const { server, url } = await serve(t, (_request, response) => response.writeHead(503).end())
  assert.deepEqual((await keepAliveClient(t, url, { lanes: 1 }).start().stop()).errors, ['1 × answered 503'])
  server.close()
  await once(server, 'close')
  assert.match(String((await keepAliveClient(t, url, { lanes: 1 }).start().stop()).errors), /^1 × .*ECONNREFUSED/)
  const silent = await serveTcp(t, () => {})
  const { errors } = await keepAliveClient(t, silent, { lanes: 1, timeoutMs: 2_000 }).start().stop()
  assert.deepEqual(errors, ['1 × no response after 2000 ms (0 bytes came)'])
})

test('each request of a batch that stays unanswered is lost', async t => {
  const last = 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok'
  const url = await serveTcp(t, socket => socket.end(ok + ok + last))
  const result = await pipelineClient(t, url, { lanes: 1 }).start().stop()
  assert.deepEqual(result, { ok: 3, failed: 5, errors: ['5 × no response: closed by the server'] })
})

test('a slow request is waited for', async t => {
  const { url } = await serve(t, (request, response) => {
    const ms = Number(new URL(request.url ?? '', url).searchParams.get('ms'))
    setTimeout(() => response.end(), ms)
  })
  const startMs = performance.now()
  const { ok, failed } = await slowClient(t, url, { ms: 200, lanes: 4 }).start().stop()
  assert.deepEqual({ ok, failed }, { ok: 4, failed: 0 })
  assert.ok(performance.now() - startMs >= 190)
})

test('an upload goes in pieces, and its size must come back', async t => {
  let pieces = 0
  let lie = 0
  const { url } = await serve(t, (request, response) => {
    let sizeBytes = lie
    request.on('data', chunk => {
      pieces++
      sizeBytes += chunk.length
    })
    request.on('end', () => response.end(String(sizeBytes)))
  })
  const options = { lanes: 1, gapMs: 2 }
  assert.deepEqual(await uploadClient(t, url, options).start().stop(), { ok: 1, failed: 0, errors: [] })
  assert.ok(pieces >= 16)
  lie = 1
  const { errors } = await uploadClient(t, url, options).start().stop()
  assert.deepEqual(errors, ['1 × answered 262145 for 262144 bytes'])
})

test('an upload that is cut off is a loss', async t => {
  const { url } = await serve(t, request => request.once('data', () => request.socket.destroy()))
  const { ok, failed } = await uploadClient(t, url, { lanes: 1, gapMs: 2 }).start().stop()
  assert.deepEqual({ ok, failed }, { ok: 0, failed: 1 })
})

test('a Unix socket is as good as an address', async t => {
  const path = join(tmpdir(), `saola-clients-${process.pid}.sock`)
  const server = createServer((_request, response) => response.end('hello')).listen(path)
  await once(server, 'listening')
  t.after(() => server.close().closeAllConnections())
  assert.equal(String((await request(`unix:${path}`)).body), 'hello')
  const client = unixClient(t, path).start()
  await client.answered(5)
  assert.equal((await client.stop()).failed, 0)
})

test('a WebSocket that goes away with 1001 is opened again, and any other end is a loss', async t => {
  const { server, url } = await serve(t, (_request, response) => response.end())
  const sockets = new WebSocketServer({ server })
  t.after(() => sockets.close())
  let closeCode = 1001
  let connections = 0
  sockets.on('connection', socket => {
    connections++
    let left = 3
    socket.on('message', data => (left-- > 0 ? socket.send(String(data)) : socket.close(closeCode)))
  })
  const polite = webSocketClient(t, url, { lanes: 1 }).start()
  await polite.answered(7)
  assert.equal((await polite.stop()).failed, 0)
  assert.ok(connections >= 3)
  closeCode = 1011
  const rude = webSocketClient(t, url, { lanes: 1 }).start()
  await rude.answered(6)
  assert.match(String((await rude.stop()).errors), /WebSocket closed with 1011, expected 1001/)
})

test('a test that ends early leaves no client behind', async t => {
  const url = await serveTcp(t, () => {})
  await t.test('a client waits for an answer', async inner => {
    keepAliveClient(inner, url).start()
    webSocketClient(inner, url).start()
  })
})
