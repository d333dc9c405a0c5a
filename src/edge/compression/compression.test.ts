import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { EventEmitter, once } from 'node:events'
import http, { type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { pipeline, Readable, Transform } from 'node:stream'
import { type TestContext, test } from 'node:test'
import zlib from 'node:zlib'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { chosenEncoding } from './coding.ts'
import { createTypeTest } from './compressible.ts'
import type { CompressorStream } from './compressors.ts'
import { StreamedBody } from './filters.ts'
import { compressionOptions } from './options.ts'

const text = 'A herd of saolas crosses the river. '.repeat(200)
const decoders = {
  br: zlib.brotliDecompressSync,
  zstd: zlib.zstdDecompressSync,
  gzip: zlib.gunzipSync,
}

interface Answer {
  readonly status: number
  readonly headers: http.IncomingHttpHeaders
  readonly body: Buffer
  /** Undone by what its head says. */
  readonly plain: Buffer
}

function get(url: string, options: http.RequestOptions = {}): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const request = http.request(url, { agent: false, ...options }, async response => {
      try {
        const body = Buffer.concat(await response.toArray())
        const coding = response.headers['content-encoding'] as keyof typeof decoders | undefined
        const plain = (coding && body.length > 0 && decoders[coding]?.(body)) || body
        resolve({ status: response.statusCode ?? 0, headers: response.headers, body, plain })
      } catch (error) {
        reject(error)
      }
    })
    request.on('error', reject).end()
  })
}

const accept = (coding: string, headers: object = {}) => ({ headers: { 'accept-encoding': coding, ...headers } })

async function open(t: TestContext, listener: RequestListener, compression: object | true = true): Promise<string> {
  return (await openEdgeStage(t, { compression }, listener)).url
}

function answerWith(headers: http.OutgoingHttpHeaders, body: string | Buffer = text, status = 200): RequestListener {
  return (_req, res) => void res.writeHead(status, { 'Content-Type': 'text/html', ...headers }).end(body)
}

test('every coding is undone to what the application wrote, whole and in pieces', async t => {
  const large = Buffer.from(text.repeat(400))
  const url = await open(t, (req: IncomingMessage, res: ServerResponse) => {
    res.setHeader('Content-Type', 'application/json; charset=utf-8')
    if (req.url === '/whole') res.end(text)
    else if (req.url === '/large') res.end(large)
    else if (req.url === '/empty') res.end()
    else pipeline(Readable.from([large.subarray(0, 1_000_000), large.subarray(1_000_000)]), res, () => {})
  })
  for (const coding of ['br', 'zstd', 'gzip'] as const) {
    for (const [path, wanted] of Object.entries({ '/whole': Buffer.from(text), '/large': large, '/pieces': large })) {
      const answer = await get(url + path, accept(coding))
      assert.equal(answer.headers['content-encoding'], coding, path)
      assert.equal(answer.headers.vary, 'Accept-Encoding')
      assert.ok(answer.body.length * 5 < wanted.length)
      assert.ok(answer.plain.equals(wanted), `${coding} ${path}`)
    }
    assert.equal((await get(`${url}/empty`, accept(coding))).body.length, 0)
  }
})

test('the client chooses, by RFC 9110', async t => {
  const url = await open(t, answerWith({}))
  const cases: [string | undefined, string | undefined][] = [
    ['gzip, deflate, br, zstd', 'br'],
    ['gzip, zstd', 'zstd'],
    ['br;q=0.5, gzip;q=0.9', 'gzip'],
    ['br;q=0, *', 'zstd'],
    ['*;q=0', undefined],
    ['*', 'br'],
    ['identity', undefined],
    ['identity, gzip;q=0.5', undefined],
    ['gzip, identity;q=0.5', 'gzip'],
    ['GZIP', 'gzip'],
    ['gzip;q=nonsense', undefined],
    ['deflate, compress', undefined],
    ['', undefined],
    [undefined, undefined],
  ]
  for (const [header, coding] of cases) {
    const answer = await get(url, header === undefined ? {} : accept(header))
    assert.equal(answer.headers['content-encoding'], coding, header)
    // Also the plain one depends on it.
    assert.equal(answer.headers.vary, 'Accept-Encoding')
    assert.equal(String(answer.plain), text)
  }
})

test('what must stay as it is stays as it is', async t => {
  const cases: [string, RequestListener][] = [
    ['a type that is small already', answerWith({ 'Content-Type': 'image/png' })],
    ['no type', (_req, res) => void res.end(text)],
    ['events', answerWith({ 'Content-Type': 'text/event-stream' })],
    ['no-transform', answerWith({ 'Cache-Control': 'public, No-Transform, max-age=1' })],
    ['a coding that is there already', answerWith({ 'Content-Encoding': 'x-own' })],
    ['a part', answerWith({ 'Content-Range': `bytes 0-${text.length - 1}/99999` }, text, 206)],
    ['a sum over the bytes', answerWith({ 'Content-Digest': 'sha-256=:AA==:' })],
    ['a small one', answerWith({}, 'x'.repeat(1023))],
    ['one that sets a cookie', answerWith({ 'Set-Cookie': 'session=1' })],
  ]
  for (const [what, listener] of cases) {
    const plain = await open(t, listener, { types: ['text/*', 'application/json'] })
    const [asked, notAsked] = [await get(plain, accept('br, gzip')), await get(plain)]
    const { date: _, vary: __, ...headers } = asked.headers
    const { date: ___, vary: ____, ...wanted } = notAsked.headers
    assert.deepEqual(headers, wanted, what)
    assert.ok(asked.body.equals(notAsked.body), what)
  }
})

test('a compressed answer is another representation, and its head says so', async t => {
  const url = await open(
    t,
    answerWith({ ETag: '"abc"', 'Content-Length': text.length, 'Accept-Ranges': 'bytes', Vary: 'Origin' }),
  )
  for (const method of ['GET', 'HEAD']) {
    const { headers, plain } = await get(url, { ...accept('gzip'), method })
    assert.equal(headers.etag, 'W/"abc"')
    assert.equal(headers['content-length'], undefined)
    assert.equal(headers['accept-ranges'], undefined)
    assert.equal(headers['content-encoding'], 'gzip')
    assert.equal(headers.vary, 'Origin, Accept-Encoding')
    assert.equal(String(plain), method === 'GET' ? text : '')
  }
  const { headers } = await get(url)
  assert.equal(headers.etag, '"abc"')
  assert.equal(headers['content-length'], String(text.length))
})

test('a 304 names the tag that its client knows', async t => {
  const url = await open(t, (_req, res) => void res.writeHead(304, { ETag: '"abc"' }).end())
  assert.equal((await get(url, accept('br'))).headers.etag, 'W/"abc"')
  assert.equal((await get(url)).headers.etag, '"abc"')
})

test('who refuses the plain answer gets a small one compressed, too', async t => {
  const url = await open(t, answerWith({}, 'small'))
  const answer = await get(url, accept('gzip, identity;q=0'))
  assert.equal(answer.headers['content-encoding'], 'gzip')
  assert.equal(String(answer.plain), 'small')
})

test('a page of another site cannot measure an answer that cookies have made', async t => {
  const coding = async (url: string, headers: object) =>
    (await get(url, accept('gzip', headers))).headers['content-encoding']
  const cross = { 'sec-fetch-site': 'cross-site' }
  const guard = await open(t, answerWith({}))
  assert.equal(await coding(guard, { cookie: 'session=1', ...cross }), undefined)
  assert.equal(await coding(guard, { authorization: 'Basic eDp5', ...cross }), undefined)
  assert.equal(await coding(guard, cross), 'gzip')
  assert.equal(await coding(guard, { cookie: 'session=1', 'sec-fetch-site': 'same-origin' }), 'gzip')
  assert.equal(await coding(guard, { cookie: 'session=1' }), 'gzip')
  const never = await open(t, answerWith({}), { cookies: 'never' })
  assert.equal(await coding(never, { cookie: 'session=1' }), undefined)
  assert.equal(await coding(never, {}), 'gzip')
  const always = await open(t, answerWith({ 'Set-Cookie': 'a=b' }), { cookies: 'always' })
  assert.equal(await coding(always, { cookie: 'session=1', ...cross }), 'gzip')
})

test('what is written arrives, also when nothing follows for a long time', async t => {
  const goOn: (() => void)[] = []
  const url = await open(
    t,
    (_req, res) => {
      res.setHeader('Content-Type', 'text/event-stream')
      res.write('data: 1\n\n')
      goOn.push(() => res.end('data: 2\n\n'))
    },
    { types: ['text/event-stream'] },
  )
  for (const [coding, decoder] of [
    ['gzip', zlib.createGunzip()],
    ['br', zlib.createBrotliDecompress()],
    ['zstd', zlib.createZstdDecompress()],
  ] as const) {
    const request = http.get(url, { agent: false, ...accept(coding) })
    const [response] = (await once(request, 'response')) as [IncomingMessage]
    response.pipe(decoder)
    const [first] = await once(decoder, 'data')
    assert.equal(String(first), 'data: 1\n\n')
    goOn.pop()?.()
    const [second] = await once(decoder, 'data')
    assert.equal(String(second), 'data: 2\n\n')
    await once(decoder.resume(), 'end')
  }
})

test('a client that reads slowly holds the application back, and then gets all', async t => {
  const piece = randomBytes(256 * 1024)
  const total = 100 * piece.length
  let written = 0
  // Resolved while the application waits, and when it is done.
  let waiting = Promise.withResolvers<void>()
  const url = await open(t, async (_req, res) => {
    res.setHeader('Content-Type', 'text/plain')
    while (written < total) {
      const isTaken = res.write(piece)
      written += piece.length
      if (isTaken) continue
      waiting.resolve()
      await once(res, 'drain')
      waiting = Promise.withResolvers()
    }
    waiting.resolve()
    res.end()
  })
  const request = http.get(url, { agent: false, ...accept('gzip') })
  const [response] = (await once(request, 'response')) as [IncomingMessage]
  const decoder = zlib.createGunzip()
  const decoded = decoder.toArray()
  let read = 0
  // It reads only when the application waits for it.
  for await (const chunk of response) {
    await waiting.promise
    read += chunk.length
    // What systems keep for a connection may be 10 MB.
    assert.ok(written - read < 15e6, `${written} bytes were written and ${read} read`)
    decoder.write(chunk)
  }
  decoder.end()
  assert.equal(Buffer.concat(await decoded).length, total)
})

test('an application hears that it may write on when both the client and the coder are ready', async () => {
  // Takes one byte at a time, and is done with it later, as other threads are.
  let finishPiece = () => {}
  const coder = new Transform({
    highWaterMark: 1,
    transform: (chunk, _encoding, done) => {
      finishPiece = () => done(null, chunk)
    },
  })
  Object.assign(coder, { flush: () => {} })
  const res = new EventEmitter() as ServerResponse
  const compressor = {
    stream: () => coder as unknown as CompressorStream,
    now: (body: Buffer) => body,
    later: async (body: Buffer) => body,
  }
  const filter = new StreamedBody(compressor, res, () => {})
  let drains = 0
  res.on('drain', () => drains++)
  const isClientReady = [false, true]
  const sink = { write: () => isClientReady.shift() === true, end: () => {} }

  assert.equal(filter.write(Buffer.from('one'), sink), false)
  const coderIsReady = once(coder, 'drain')
  finishPiece()
  await coderIsReady
  assert.equal(drains, 0, 'the client has not read the first')
  res.emit('drain')
  assert.equal(drains, 1)

  assert.equal(filter.write(Buffer.from('two'), sink), false)
  res.emit('drain')
  assert.equal(drains, 1, 'the coder still has the second')
  const ready = once(res, 'drain')
  finishPiece()
  await ready
  assert.equal(drains, 2)
})

test('an answer to somebody who has left is not counted as under way', async t => {
  const asked = Promise.withResolvers<ServerResponse>()
  const url = await open(
    t,
    (req, res) => {
      res.setHeader('Content-Type', 'text/plain')
      if (req.url === '/left') asked.resolve(res)
      else {
        res.write(text)
        res.end()
      }
    },
    { concurrency: 1 },
  )
  const left = http.get(`${url}/left`, { agent: false, ...accept('gzip') })
  left.on('error', () => {})
  const res = await asked.promise
  left.destroy()
  await once(res, 'close')
  res.write(text)
  res.end()
  assert.equal((await get(url, accept('gzip'))).headers['content-encoding'], 'gzip')
})

test('only so many are compressed at once, and who leaves makes room', async t => {
  const answers: ServerResponse[] = []
  const url = await open(
    t,
    (req, res) => {
      res.setHeader('Content-Type', 'text/plain')
      res.write(text)
      if (req.url === '/held') answers.push(res)
      else res.end()
    },
    { concurrency: 1 },
  )
  const held = http.get(`${url}/held`, { agent: false, ...accept('gzip') })
  held.on('error', () => {})
  await once(held, 'response')
  const busy = await get(url, accept('gzip'))
  assert.equal(busy.headers['content-encoding'], undefined)
  assert.equal(String(busy.plain), text)
  held.destroy()
  await once(answers[0] as ServerResponse, 'close')
  assert.equal((await get(url, accept('gzip'))).headers['content-encoding'], 'gzip')
})

test('types are compared as types, with a star for anything', () => {
  const isType = createTypeTest(['text/*', 'application/*+json', 'image/svg+xml'])
  const cases = {
    'text/html; charset=utf-8': true,
    'TEXT/PLAIN': true,
    'application/problem+json': true,
    'application/json': false,
    'application/+json': true,
    'image/svg+xml': true,
    'image/svg': false,
    'text/event-stream': false,
    'xtext/html': false,
    '': false,
  }
  for (const [type, wanted] of Object.entries(cases)) assert.equal(isType(type), wanted, type)
})

test('the key of a cache can know what would be chosen', () => {
  const settings = { compression: compressionOptions.parse({ encodings: ['gzip', 'br'] }) }
  const request = (headers: object) => ({ req: { headers } as IncomingMessage })
  assert.equal(chosenEncoding(request({ 'accept-encoding': 'br, gzip' }), settings), 'gzip')
  assert.equal(chosenEncoding(request({}), settings), undefined)
  const guarded = { 'accept-encoding': 'gzip', cookie: 'a=b', 'sec-fetch-site': 'cross-site' }
  assert.equal(chosenEncoding(request(guarded), settings), undefined)
  assert.equal(chosenEncoding(request({ 'accept-encoding': 'gzip' }), { compression: undefined }), undefined)
})
