import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { pipeline, Readable } from 'node:stream'
import { test } from 'node:test'
import { startProxy, startRawUpstream, startUpstream } from '../../../test/support/proxy-stage.ts'

const megabyte = 1024 * 1024
const total = 200 * megabyte

/** Resolves when a number has not changed for so many turns of the loop. */
async function settled(read: () => number): Promise<number> {
  let last = -1
  for (let still = 0; still < 200; still++) {
    await new Promise(resolve => setTimeout(resolve, 1))
    if (read() !== last) still = 0
    last = read()
  }
  return last
}

function open(url: string): Socket {
  const { hostname, port } = new URL(url)
  return connect({ host: hostname, port: Number(port) })
}

test('a client that does not read holds the upstream back, and then gets all', async t => {
  const piece = Buffer.alloc(megabyte, 'x')
  const upstream = await startUpstream(t, async (_req, res) => {
    res.writeHead(200, { 'Content-Length': total })
    for (let sent = 0; sent < total; sent += piece.length) if (!res.write(piece)) await once(res, 'drain')
    res.end()
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const client = open(url)
  client.write('GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n')
  client.pause()
  const sent = await settled(() => [...upstream.sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0))
  // What the two kernels hold, and little more.
  assert.ok(sent < 40 * megabyte, `${sent} bytes were taken`)
  let received = 0
  for await (const chunk of client) received += chunk.length
  assert.ok(received > total)
})

test('bufferResponse takes so much ahead of a slow client, unless the answer forbids it', async t => {
  const upstream = await startUpstream(t, (req, res) => {
    if (req.url === '/no') res.setHeader('X-Accel-Buffering', 'no')
    const piece = Buffer.alloc(megabyte)
    pipeline(Readable.from(Array.from({ length: total / megabyte }, () => piece)), res, () => {})
  })
  const { url } = await startProxy(t, { '/': { to: upstream.url, bufferResponse: '64MB' } })
  const taken: number[] = []
  for (const path of ['/', '/no']) {
    const client = open(url)
    client.write(`GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`)
    client.pause()
    taken.push(await settled(() => [...upstream.sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0)))
    client.destroy()
    for (const socket of upstream.sockets) if (!socket.closed) await new Promise(resolve => socket.on('close', resolve))
  }
  const [ahead = 0, plain = 0] = taken
  assert.ok(ahead > 60 * megabyte && ahead < 110 * megabyte, String(taken))
  assert.ok(plain < 40 * megabyte, String(taken))
})

test('an upstream that does not read holds the client back, and then gets all', async t => {
  const reading = Promise.withResolvers<void>()
  const finished = Promise.withResolvers<number>()
  const upstream = await startRawUpstream(t, async socket => {
    socket.pause()
    await reading.promise
    let bytes = 0
    socket.on('data', chunk => {
      bytes += chunk.length
      if (bytes < total) return
      socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      finished.resolve(bytes)
    })
    socket.resume()
  })
  const { url, sockets } = await startProxy(t, { '/': upstream.url })
  const client = open(url)
  client.write(`POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${total}\r\n\r\n`)
  const piece = Buffer.alloc(megabyte)
  let written = 0
  const write = () => {
    while (written < total) {
      written += piece.length
      if (!client.write(piece)) return
    }
  }
  client.on('drain', write)
  write()
  const taken = await settled(() => [...sockets].reduce((sum, socket) => sum + socket.bytesRead, 0))
  assert.ok(taken < 40 * megabyte, `${taken} bytes were taken`)
  reading.resolve()
  assert.ok((await finished.promise) >= total)
  const [answer] = await once(client, 'data')
  assert.match(String(answer), /^HTTP\/1.1 200/)
  client.destroy()
})
