import assert from 'node:assert/strict'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { formatRequest, HttpConnection, request } from '../../../test/support/http-connection.ts'
import { FrameConnection, flags, frame, frameTypes, requestFields } from '../../../test/support/http2-frames.ts'
import { openHttp2 } from '../../../test/support/http2-stage.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { defaultEdge } from '../options.ts'
import { createBodyLimits } from './body-limits.ts'

const edge = {
  limits: {
    bodyBytes: 1000,
    routes: [
      { path: '/upload', bodyBytes: '1MB' },
      { path: '/upload/small', bodyBytes: 10 },
      { path: '/free', bodyBytes: 0 },
    ],
  },
}

/** Answers with the number of bytes; what it saw is kept. */
function counter() {
  const seen = { requests: 0, ends: 0, aborted: 0, errors: [] as string[] }
  const listener = async (req: IncomingMessage, res: ServerResponse) => {
    seen.requests++
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('error', (error: NodeJS.ErrnoException) => {
      seen.aborted++
      // As applications do that answer to a client that has left.
      try {
        res.writeHead(500).end(error.code)
      } catch (fault) {
        seen.errors.push(String(fault))
      }
    })
    req.on('end', () => {
      seen.ends++
      res.end(String(bytes))
    })
  }
  return { seen, listener }
}

function chunked(bytes: number, pieceBytes = 100): string {
  const pieces: string[] = []
  for (let left = bytes; left > 0; left -= pieceBytes) {
    const size = Math.min(left, pieceBytes)
    pieces.push(`${size.toString(16)}\r\n${'x'.repeat(size)}\r\n`)
  }
  return `${pieces.join('')}0\r\n\r\n`
}

const post = (path: string, headers: string) => `POST ${path} HTTP/1.1\r\nHost: a\r\n${headers}\r\n\r\n`

test('a body with a length is refused before the application sees it, by the longest path', async t => {
  const { seen, listener } = counter()
  const { url } = await openEdgeStage(t, edge, listener)
  const send = async (path: string, bytes: number) =>
    (await request(url, { method: 'POST', path, body: 'x'.repeat(bytes) })).status
  assert.equal(await send('/', 1000), 200)
  assert.equal(seen.requests, 1)
  assert.equal(await send('/', 1001), 413)
  assert.equal(await send('/upload/small/a', 11), 413)
  assert.equal(await send('/uploads', 1001), 413)
  // By what the path means, not by how it is written.
  assert.equal(await send('/x/../upload/%73mall', 11), 413)
  assert.equal(seen.requests, 1)
  assert.equal(await send('/upload/small', 10), 200)
  assert.equal(await send('/upload', 200_000), 200)
  assert.equal(await send('/free', 2_000_000), 200)
})

test('a body without a length is counted while it comes', async t => {
  const { seen, listener } = counter()
  const { url } = await openEdgeStage(t, edge, listener)
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(1000))
  const within = await connection.receive()
  assert.equal(`${within.status} ${within.body}`, '200 1000')
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(1001))
  const above = await connection.receive()
  assert.equal(above.status, 413)
  assert.equal(above.headers.get('connection'), 'close')
  connection.close()
  assert.deepEqual({ ends: seen.ends, errors: seen.errors }, { ends: 1, errors: [] })
})

test('half of a body that was too long never looks like a whole one', async t => {
  const closed = Promise.withResolvers<string>()
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    req.resume()
    req.on('end', () => closed.resolve('end'))
    req.on('error', (error: NodeJS.ErrnoException) => closed.resolve(error.code ?? ''))
    res.on('close', () => closed.resolve('close'))
  })
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(5000))
  assert.equal((await connection.receive()).status, 413)
  connection.close()
  assert.notEqual(await closed.promise, 'end')
})

test('an answer that has begun ends when its body turns out too long', async t => {
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    res.writeHead(200)
    res.write('begun')
    req.resume()
  })
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(5000))
  await assert.rejects(connection.receive())
})

test('who waits for 100 Continue is refused without sending anything', async t => {
  const { seen, listener } = counter()
  const { url } = await openEdgeStage(t, edge, listener)
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Content-Length: 5000\r\nExpect: 100-continue'))
  const response = await connection.receive()
  assert.equal(response.status, 413)
  assert.equal(response.isLast, true)
  assert.equal(seen.requests, 0)
  connection.close()
})

test('an application that answers without reading is not disturbed by what comes behind', async t => {
  const { url } = await openEdgeStage(t, edge, (_req, res) => void res.end('early'))
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(900))
  assert.equal(String((await connection.receive()).body), 'early')
  connection.close()
})

test('an application that has ended its answer and reads on gets no more than the limit either', async t => {
  const seen = { bytes: 0, ends: 0 }
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    req.on('data', chunk => {
      seen.bytes += chunk.length
    })
    req.on('end', () => seen.ends++)
    req.on('error', () => {})
    res.end('early')
  })
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(900).slice(0, -5))
  assert.equal(String((await connection.receive()).body), 'early')
  connection.send(chunked(5000))
  connection.send(formatRequest({ path: '/next' }))
  await assert.rejects(connection.receive(), /closed by the server|ECONNRESET|EPIPE/)
  assert.deepEqual([seen.bytes <= 1000, seen.ends], [true, 0])
})

test('an answer that is still on its way when its body turns out too long arrives whole', async t => {
  const size = 4 * 1024 * 1024
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    req.resume().on('error', () => {})
    res.end(Buffer.alloc(size))
  })
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  connection.send(post('/', 'Transfer-Encoding: chunked') + chunked(5000))
  assert.equal((await connection.receive()).body.length, size)
  await assert.rejects(connection.receive(), /closed by the server|ECONNRESET|EPIPE/)
})

test('over HTTP/2 the stream of such a request ends behind its answer', async t => {
  const step = await createBodyLimits({ limits: { ...defaultEdge().limits, bodyBytes: 1000 } })
  let bytes = 0
  const stage = await openHttp2(t, (req, res) => {
    void step?.run({ req, res, path: '/' } as EdgeRequest)
    req
      .on('error', () => {})
      .on('data', chunk => {
        bytes += chunk.length
      })
    res.end('early')
  })
  const client = new FrameConnection(stage.port)
  t.after(() => client.close())
  client.request(1, requestFields('/', 'POST'), flags.endHeaders)
  await client.answer(1)
  for (let count = 0; count < 5; count++) client.send(frame(frameTypes.data, 0, 1, Buffer.alloc(500)))
  assert.equal(await client.resetCode(1), 0)
  assert.ok(client.frames.some(({ type, payload }) => type === frameTypes.data && String(payload) === 'early'))
  assert.equal(bytes, 1000)
})

test('chunk extensions, which no limit of bodies counts, are bounded, too', async t => {
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    req.resume()
    req.on('end', () => res.end())
    req.on('error', () => {})
  })
  const connection = await HttpConnection.open(url)
  connection.send(post('/', 'Transfer-Encoding: chunked'))
  connection.send(`1;${'e'.repeat(20_000)}\r\nx\r\n0\r\n\r\n`)
  assert.equal((await connection.receive()).status, 413)
  connection.close()
})

test('without a limit nothing is counted', async t => {
  const { listener } = counter()
  const { url } = await openEdgeStage(t, { limits: { bodyBytes: 0 } }, listener)
  const response = await request(url, { method: 'POST', body: 'x'.repeat(3_000_000) })
  assert.equal(String(response.body), '3000000')
})
