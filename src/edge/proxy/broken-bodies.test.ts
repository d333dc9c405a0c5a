/** A body that ends wrongly is never a whole one for an upstream, nor its fault, and its connection carries nothing else. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { request } from '../../../test/support/http-connection.ts'
import {
  type Fields,
  FrameConnection,
  flags,
  frame,
  frameTypes,
  requestFields,
} from '../../../test/support/http2-frames.ts'
import { startProxy, startUpstream } from '../../../test/support/proxy-stage.ts'

const limit = 15_000
const begin = Buffer.alloc(10_000)

/** An upstream of one connection, which answers when the whole body is there, and tells how each request came to an end. */
async function stage(t: TestContext, isHttp2: boolean) {
  const ends: string[] = []
  const waiting: (() => void)[] = []
  const begun: (() => void)[] = []
  const upstream = await startUpstream(t, (req, res) => {
    const note = (end: string) => {
      ends.push(`${req.method} ${end}`)
      for (const look of waiting.splice(0)) look()
    }
    if (req.method === 'POST') req.once('data', () => begun.shift()?.())
    req.resume()
    req.on('error', () => note('broken'))
    req.on('end', () => {
      note('whole')
      res.end('ok')
    })
  })
  const rule = { to: upstream.url, connections: 1, maxFails: 1 }
  const proxy = await startProxy(t, { '/': rule }, { isHttp2, bodyBytes: limit })
  return {
    upstream,
    proxy,
    ends,
    hasBegun: () => new Promise<void>(resolve => begun.push(resolve)),
    nextEnd: () => new Promise<void>(resolve => waiting.push(resolve)),
  }
}

async function textOf(socket: Socket): Promise<string> {
  let text = ''
  socket.on('data', chunk => {
    text += chunk.toString('latin1')
  })
  await once(socket, 'close')
  return text
}

const chunk = (bytes: Buffer) => `${bytes.length.toString(16)}\r\n${bytes.toString('latin1')}\r\n`

test('over HTTP/1.1: too long, no chunks, cut off', async t => {
  const ways: Record<string, { goOn(client: Socket): void; answer: RegExp }> = {
    'too long': { goOn: client => client.write(`${chunk(begin)}${chunk(begin)}0\r\n\r\n`), answer: /^HTTP\/1.1 413 / },
    'no chunk': { goOn: client => client.write('what?\r\n'), answer: /^HTTP\/1.1 400 / },
    'half closed': { goOn: client => client.end(), answer: /^HTTP\/1.1 400 |^$/ },
    'cut off': { goOn: client => client.resetAndDestroy(), answer: /^$/ },
  }
  const { upstream, proxy, ends, hasBegun, nextEnd } = await stage(t, false)
  for (const [way, { goOn, answer }] of Object.entries(ways)) {
    const connections = upstream.connections
    const client = connect(Number(new URL(proxy.url).port), '127.0.0.1')
    t.after(() => client.destroy())
    client.on('error', () => {})
    const text = textOf(client)
    const isBegun = hasBegun()
    client.write(`POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n${chunk(begin)}`)
    await isBegun
    const end = nextEnd()
    goOn(client)
    await end
    assert.match(await text, answer, way)
    assert.equal((await request(proxy.url)).status, 200, way)
    assert.deepEqual(ends.splice(0), ['POST broken', 'GET whole'], way)
    assert.ok(upstream.connections > connections, way)
  }
  assert.deepEqual(proxy.events, [])
})

test('over HTTP/2: too long, shorter than announced, reset', async t => {
  const { data, reset } = frameTypes
  const ways: Record<string, { length?: string; last: Buffer; status?: string }> = {
    'too long': { last: frame(data, flags.endStream, 1, Buffer.alloc(limit)), status: '413' },
    'shorter than announced': { length: String(begin.length + 1), last: frame(data, flags.endStream, 1) },
    reset: { last: frame(reset, 0, 1, Buffer.from([0, 0, 0, 8])) },
    'reset without an error': { last: frame(reset, 0, 1, Buffer.from([0, 0, 0, 0])) },
  }
  const { upstream, proxy, ends, hasBegun, nextEnd } = await stage(t, true)
  for (const [way, { length, last, status }] of Object.entries(ways)) {
    const connections = upstream.connections
    const client = new FrameConnection(Number(new URL(proxy.url).port))
    t.after(() => client.socket.destroy())
    const isBegun = hasBegun()
    const announced: Fields = length === undefined ? [] : [['content-length', length]]
    client.request(1, [...requestFields('/', 'POST'), ...announced], flags.endHeaders)
    client.send(frame(data, 0, 1, begin))
    await isBegun
    const end = nextEnd()
    client.send(last)
    await end
    if (status !== undefined) assert.match(await answerOn(client, 1), new RegExp(status), way)
    client.request(3, requestFields())
    assert.equal(await answerOn(client, 3), 'ok', way)
    assert.deepEqual(ends.splice(0), ['POST broken', 'GET whole'], way)
    assert.ok(upstream.connections > connections, way)
    client.socket.destroy()
  }
  assert.deepEqual(proxy.events, [])
})

/** The body of the answer, when it is one frame. */
async function answerOn(client: FrameConnection, id: number): Promise<string> {
  const found = await client.waitFor(({ type, stream }) => type === frameTypes.data && stream === id)
  return String(found?.payload)
}
