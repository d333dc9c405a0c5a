import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import {
  deadUrl,
  rawAnswer,
  startProxy,
  startRawUpstream,
  type TestUpstream,
} from '../../../test/support/proxy-stage.ts'

/** Sends back what it gets, and first what it was asked for. */
async function startEcho(t: TestContext): Promise<TestUpstream> {
  const sockets = new WebSocketServer({ noServer: true, handleProtocols: protocols => [...protocols][0] ?? false })
  const http = createServer()
  http.on('upgrade', (req, socket, head) => {
    sockets.handleUpgrade(req, socket, head, client => {
      client.send(JSON.stringify({ url: req.url, headers: req.headers }))
      client.on('message', (data, isBinary) => client.send(data, { binary: isBinary }))
    })
  })
  return startRawUpstream(t, socket => http.emit('connection', socket))
}

function open(t: TestContext, url: string, protocols: string[] = []): WebSocket {
  const client = new WebSocket(url.replace('http', 'ws'), protocols)
  t.after(() => client.terminate())
  return client
}

async function next(client: WebSocket): Promise<Buffer> {
  const [data] = (await once(client, 'message')) as [Buffer]
  return data
}

test('a WebSocket goes through, with its target, its protocol and all of its bytes', async t => {
  const upstream = await startEcho(t)
  const { url } = await startProxy(t, { '/live': { to: upstream.url, stripPrefix: true } })
  const client = open(t, `${url}/live/room/7?as=ann`, ['chat'])
  const greeting = JSON.parse(String(await next(client)))
  assert.equal(greeting.url, '/room/7?as=ann')
  assert.equal(greeting.headers['x-forwarded-for'], '127.0.0.1')
  assert.equal(client.protocol, 'chat')
  const large = Buffer.alloc(5 * 1024 * 1024, 'x')
  client.send(large)
  assert.ok((await next(client)).equals(large))
})

test('an upstream that is away is left out for a handshake, too', async t => {
  const upstream = await startEcho(t)
  const { url } = await startProxy(t, { '/': { to: [await deadUrl(), upstream.url], balance: 'round-robin' } })
  for (let i = 0; i < 2; i++) assert.ok(await next(open(t, url)))
})

test('without any upstream the handshake is answered with 502', async t => {
  const { url } = await startProxy(t, { '/': await deadUrl() })
  const client = open(t, url)
  client.on('error', () => {})
  const [, response] = await once(client, 'unexpected-response')
  assert.equal(response.statusCode, 502)
})

test('the refusal of an upstream is the answer of the client', async t => {
  const upstream = await startRawUpstream(
    t,
    rawAnswer('HTTP/1.1 403 Forbidden\r\nX-Reason: closed\r\nContent-Length: 2\r\n\r\nno'),
  )
  const { url } = await startProxy(t, { '/': upstream.url })
  const client = open(t, url)
  client.on('error', () => {})
  const [, response] = await once(client, 'unexpected-response')
  assert.equal(response.statusCode, 403)
  assert.equal(response.headers['x-reason'], 'closed')
  assert.equal(String((await response.toArray())[0]), 'no')
})

test('an upstream that does not answer the handshake in time is given up', async t => {
  const upstream = await startRawUpstream(t, socket => socket.resume())
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { firstByte: '200ms' } } })
  const client = open(t, url)
  client.on('error', () => {})
  const [, response] = await once(client, 'unexpected-response')
  assert.equal(response.statusCode, 502)
})

test('a WebSocket on which nobody says anything ends after the idle time', async t => {
  const upstream = await startEcho(t)
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { webSocket: '500ms' } } })
  const client = open(t, url)
  const closed = once(client, 'close')
  await once(client, 'open')
  await closed
})

test('when one end breaks, the other does', async t => {
  const upstream = await startEcho(t)
  const { url, sockets } = await startProxy(t, { '/': upstream.url })
  const client = open(t, url)
  await next(client)
  const [behind] = upstream.sockets
  client.terminate()
  if (behind && !behind.closed) await once(behind, 'close')
  const second = open(t, url)
  await next(second)
  for (const socket of upstream.sockets) socket.destroy()
  await once(second, 'close')
  for (const socket of sockets) if (!socket.closed) await once(socket, 'close')
})

test('bytes that come with the handshake reach the upstream', async t => {
  const received = Promise.withResolvers<string>()
  const upstream = await startRawUpstream(t, socket => {
    let text = ''
    let isOpen = false
    socket.on('data', chunk => {
      text += chunk.toString('latin1')
      if (!isOpen && text.includes('\r\n\r\n')) {
        isOpen = true
        socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly')
      }
      if (text.endsWith('first')) received.resolve(text)
    })
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  t.after(() => client.destroy())
  const handshake = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a'
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${handshake}\r\n\r\nfirst`)
  assert.match(await received.promise, /Sec-WebSocket-Key: a\r\n/i)
  let answer = ''
  for await (const chunk of client) {
    answer += chunk
    if (answer.endsWith('early')) break
  }
  assert.match(answer, /^HTTP\/1\.1 101 /)
})

test('webSockets: false refuses every handshake', async t => {
  const upstream = await startEcho(t)
  const { url } = await startProxy(t, { '/': { to: upstream.url, webSockets: false } })
  const client = open(t, url)
  client.on('error', () => {})
  const [, response] = await once(client, 'unexpected-response')
  assert.equal(response.statusCode, 403)
  assert.equal(upstream.connections, 0)
})

test('what an upstream says last reaches a client that reads late', async t => {
  const piece = Buffer.alloc(10_000, 'x')
  const sent = Promise.withResolvers<number>()
  const upstream = await startRawUpstream(t, async socket => {
    await once(socket, 'data')
    socket.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n')
    let bytes = 0
    // Until the system takes no more for the client: from then on it waits in the proxy.
    for (; ![...stage.sockets].some(({ writableLength }) => writableLength > 0); bytes += piece.length) {
      socket.write(piece)
      await new Promise(resolve => setImmediate(resolve))
    }
    socket.end()
    socket.on('close', () => sent.resolve(bytes))
  })
  const stage = await startProxy(t, { '/': upstream.url })
  const client = connect(Number(new URL(stage.url).port), '127.0.0.1')
  t.after(() => client.destroy())
  const handshake = 'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: a'
  client.write(`GET / HTTP/1.1\r\nHost: a\r\n${handshake}\r\n\r\n`)
  const bytes = await sent.promise
  const answer = Buffer.concat(await client.toArray())
  assert.equal(answer.length - answer.indexOf('\r\n\r\n') - 4, bytes)
})

test('a refusal that stops amid its body is broken off', async t => {
  const upstream = await startRawUpstream(t, rawAnswer('HTTP/1.1 403 Forbidden\r\nContent-Length: 9\r\n\r\nno'))
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { idle: '50ms' } } })
  const client = open(t, url)
  client.on('error', () => {})
  const [, response] = await once(client, 'unexpected-response')
  await assert.rejects(response.toArray(), { code: 'ECONNRESET' })
  for (const socket of upstream.sockets) if (!socket.closed) await once(socket, 'close')
})
