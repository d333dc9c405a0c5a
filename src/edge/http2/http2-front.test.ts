import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { test } from 'node:test'
import {
  type Fields,
  FrameConnection,
  flags,
  frame,
  frameTypes,
  requestFields,
} from '../../../test/support/http2-frames.ts'
import { ask, openHttp2 } from '../../../test/support/http2-stage.ts'
import { http } from '../../base/node-http.ts'
import { addResponseHook } from '../response-hooks.ts'

const noError = 0
const protocolError = 1
const cancel = 8
const get = { ':path': '/todo?page=2' }

test('a request is a genuine one of HTTP/1.1, with its fields in their order', async t => {
  const seen: Partial<IncomingMessage>[] = []
  const stage = await openHttp2(t, (req, res) => {
    assert.ok(req instanceof http.IncomingMessage && res instanceof http.ServerResponse)
    seen.push({
      method: req.method,
      url: req.url,
      httpVersion: req.httpVersion,
      rawHeaders: req.rawHeaders,
      complete: req.complete,
    })
    res.end(`${req.headers.cookie} ${req.headers['x-twice']} ${req.socket.remoteAddress} ${req.socket === res.socket}`)
  })
  const { headers, body } = await ask(stage.client(), {
    ...get,
    ':authority': 'example.org',
    'x-twice': ['a', 'b'],
    cookie: ['a=1', 'b=2'],
    accept: '*/*',
  })
  assert.equal(headers[':status'], 200)
  assert.equal(headers['content-length'], String(body.length))
  assert.equal(String(body), 'a=1; b=2 a, b 127.0.0.1 true')
  const rawHeaders = ['host', 'example.org', 'x-twice', 'a', 'x-twice', 'b', 'cookie', 'a=1; b=2', 'accept', '*/*']
  assert.deepEqual(seen, [{ method: 'GET', url: '/todo?page=2', httpVersion: '2.0', rawHeaders, complete: true }])
})

test('fields of a connection never leave, and those that stand twice stay two', async t => {
  const stage = await openHttp2(t, (req, res) => {
    if (req.url === '/given') {
      res.writeHead(201, 'Made', [
        'Connection',
        'close, X-Hop',
        'X-Hop',
        '1',
        'X-Two',
        'a',
        'x-two',
        'b',
        'Set-Cookie',
        'c=1',
        'Set-Cookie',
        'd=2',
      ])
    } else {
      res.setHeader('Keep-Alive', 'timeout=5').setHeader('Transfer-Encoding', 'chunked').setHeader('Upgrade', 'h2c')
      res.setHeader('Set-Cookie', ['c=1', 'd=2']).setHeader('X-Two', ['a', 'b'])
      res.writeHead(201, { Connection: 'X-Hop', 'X-Hop': '1' })
    }
    assert.ok(res.headersSent)
    assert.throws(() => res.setHeader('x', 'late'), { code: 'ERR_HTTP_HEADERS_SENT' })
    res.end()
  })
  const client = stage.client()
  for (const path of ['/given', '/set']) {
    const { headers } = await ask(client, { ':path': path })
    const { date, ...others } = headers
    assert.ok(date)
    const expected = { ':status': 201, 'x-two': 'a, b', 'set-cookie': ['c=1', 'd=2'] }
    assert.deepEqual(Object.fromEntries(Object.entries(others)), expected)
  }
})

test('what writeHead is given is checked as in HTTP/1.1', async t => {
  const stage = await openHttp2(t, (_req, res) => {
    assert.throws(() => res.writeHead(200, { 'x-a': 'a\r\nx-b: b' }), { code: 'ERR_INVALID_CHAR' })
    assert.throws(() => res.writeHead(200, { 'x a': 'a' }), { code: 'ERR_INVALID_HTTP_TOKEN' })
    res.end('refused')
  })
  assert.equal(String((await ask(stage.client(), get)).body), 'refused')
})

test('bodies of every size go both ways with back-pressure', async t => {
  const stage = await openHttp2(t, (req, res) => void pipeline(req, res))
  const client = stage.client()
  for (const size of [0, 1, 65_535, 65_537, 3_000_000]) {
    const { body, headers } = await ask(client, { ...get, ':method': 'POST' }, Buffer.alloc(size, 'b'))
    assert.equal(headers[':status'], 200)
    assert.equal(body.length, size)
    assert.ok(body.equals(Buffer.alloc(size, 'b')))
  }
})

test('an answer is given to the client as it takes it: write returns false, and drain follows', async t => {
  const drains: number[] = []
  const stage = await openHttp2(t, async (_req, res) => {
    for (let index = 0; index < 20; index++) {
      if (res.write(Buffer.alloc(100_000, 'd'))) continue
      assert.ok(res.writableNeedDrain)
      await once(res, 'drain')
      drains.push(res.writableLength)
    }
    res.end()
  })
  const { body } = await ask(stage.client(), get)
  assert.equal(body.length, 2_000_000)
  assert.deepEqual(drains, Array(20).fill(0))
})

test('one large text or Buffer at the end arrives whole', async t => {
  const stage = await openHttp2(t, (req, res) =>
    res.end(req.url === '/text' ? 'ä'.repeat(1_000_000) : Buffer.alloc(2_000_000)),
  )
  const client = stage.client()
  const text = await ask(client, { ':path': '/text' })
  assert.ok(text.body.equals(Buffer.from('ä'.repeat(1_000_000))))
  assert.equal((await ask(client, { ':path': '/buffer' })).body.length, 2_000_000)
})

test('small texts that are written in one turn arrive as they were', async t => {
  const stage = await openHttp2(t, (_req, res) => {
    for (let index = 0; index < 20; index++) res.write(`piece ${index} `)
    res.end('ü')
  })
  const client = stage.client()
  const expected = `${Array.from({ length: 20 }, (_, index) => `piece ${index} `).join('')}ü`
  const answers = await Promise.all(Array.from({ length: 50 }, () => ask(client, get)))
  for (const { body } of answers) assert.equal(String(body), expected)
})

test('HEAD, 204 and 304 have no body, whatever is written', async t => {
  const stage = await openHttp2(t, (req, res) => {
    res.statusCode = Number(req.url?.slice(1))
    // As Koa asks before it answers.
    assert.ok(res.socket?.writable)
    if (req.method === 'HEAD') res.setHeader('Content-Length', 4)
    res.write('bo')
    res.end('dy')
  })
  const client = stage.client()
  for (const headers of [{ ':path': '/200', ':method': 'HEAD' }, { ':path': '/204' }, { ':path': '/304' }]) {
    const answer = await ask(client, headers)
    assert.equal(String(answer.headers[':status']), headers[':path'].slice(1))
    assert.equal(answer.headers['content-length'], headers[':method'] ? '4' : undefined)
    assert.equal(answer.body.length, 0)
    assert.equal(answer.resetCode, 0)
  }
})

test('trailers go both ways', async t => {
  const stage = await openHttp2(t, async (req, res) => {
    for await (const _chunk of req) res.write('.')
    res.addTrailers({ 'X-Sum': String(req.trailers['x-count']) })
    res.end()
  })
  const stream = stage.client().request({ ...get, ':method': 'POST' }, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'x-count': '7' }))
  stream.resume().end('body')
  const [trailers] = await once(stream, 'trailers')
  assert.equal(trailers['x-sum'], '7')
})

test('informational responses come before the response', async t => {
  const stage = await openHttp2(t, (_req, res) => {
    res.writeProcessing()
    res.writeEarlyHints({ link: ['</a.css>; rel=preload', '</b.js>; rel=preload'], 'x-early': '1' })
    res.end('late')
  })
  const { informational, body } = await ask(stage.client(), get)
  const seen = informational.map(headers => [headers[':status'], headers.link, headers['x-early']])
  assert.deepEqual(seen, [
    [102, undefined, undefined],
    [103, '</a.css>; rel=preload, </b.js>; rel=preload', '1'],
  ])
  assert.equal(String(body), 'late')
})

test('a client that waits for 100 gets it, or a final answer, or 417', async t => {
  const stage = await openHttp2(t, (_req, res) => res.end('not asked'))
  const expecting = { ...get, ':method': 'POST', expect: '100-continue' }
  const plain = await ask(stage.client(), expecting, 'body')
  assert.deepEqual([plain.informational[0]?.[':status'], String(plain.body)], [100, 'not asked'])
  stage.server.on('checkContinue', (req: IncomingMessage, res: ServerResponse) => {
    res.writeContinue()
    req.pipe(res)
  })
  const checked = await ask(stage.client(), expecting, 'body')
  assert.deepEqual([checked.informational[0]?.[':status'], String(checked.body)], [100, 'body'])
  assert.equal((await ask(stage.client(), { ...expecting, expect: 'magic' }, 'body')).headers[':status'], 417)
})

test('an answer that is broken off resets its stream and leaves the others alone', async t => {
  const ends: string[] = []
  const stage = await openHttp2(t, (req, res) => {
    res.on('close', () => ends.push(`${req.url} ${res.writableFinished}`))
    if (req.url === '/whole') setTimeout(() => res.end('whole'), 20)
    if (req.url === '/destroyed') res.write('part', () => res.destroy())
    if (req.url === '/request-destroyed') res.write('part', () => req.destroy())
    if (req.url === '/failed') res.write('part', () => void pipeline(Readable.from(failing()), res).catch(() => {}))
  })
  const client = stage.client()
  const paths = ['/whole', '/destroyed', '/request-destroyed', '/failed']
  const answers = await Promise.all(paths.map(path => ask(client, { ':path': path })))
  assert.deepEqual(
    answers.map(({ resetCode }) => resetCode),
    [0, 2, 2, 2],
  )
  assert.equal(String(answers[0]?.body), 'whole')
  assert.deepEqual(ends.sort(), ['/destroyed false', '/failed false', '/request-destroyed false', '/whole true'])
})

async function* failing() {
  yield 'more'
  throw new Error('the source has failed')
}

test('a client that leaves is told as in HTTP/1.1: aborted and close once each, and writes go nowhere', async t => {
  for (const code of [noError, cancel]) {
    for (const isReading of [true, false]) {
      const events: string[] = []
      const left = Promise.withResolvers<void>()
      const stage = await openHttp2(t, (req, res) => {
        for (const name of ['aborted', 'end', 'close']) req.on(name, () => events.push(`req ${name}`))
        for (const name of ['finish', 'close']) res.on(name, () => events.push(`res ${name}`))
        res.on('close', () => setTimeout(left.resolve, 10))
        if (isReading) req.resume()
        res.write('first')
        void left.promise.then(() => res.end('late'))
      })
      const client = new FrameConnection(stage.port)
      t.after(() => client.close())
      client.request(1, requestFields('/', 'POST'), flags.endHeaders)
      client.send(frame(frameTypes.data, 0, 1, Buffer.from('part of a body')))
      await client.answer(1)
      client.send(frame(frameTypes.reset, 0, 1, Buffer.from([0, 0, 0, code])))
      await left.promise
      assert.deepEqual(events.sort(), ['req aborted', 'req close', 'res close'], `code ${code}, reading ${isReading}`)
    }
  }
})

const malformed: Record<string, Fields> = {
  'a capital letter in a name': [...requestFields(), ['X-A', 'a']],
  connection: [...requestFields(), ['connection', 'keep-alive']],
  'transfer-encoding': [...requestFields('/', 'POST'), ['transfer-encoding', 'chunked']],
  upgrade: [...requestFields(), ['upgrade', 'websocket']],
  'te other than trailers': [...requestFields(), ['te', 'gzip']],
  'a path without a slash': requestFields('admin'),
  'an absolute path': requestFields('https://example.org/'),
  'a path with a line break': requestFields('/ HTTP/1.1\r\nx-b: b'),
  'the path * for a GET': requestFields('*'),
  'a method that is no token': requestFields('/', 'GET /admin'),
  CONNECT: requestFields('/', 'CONNECT'),
  'a host that is not the authority': [...requestFields(), ['host', 'other.org']],
  'two hosts': [...requestFields(), ['host', 'example.org'], ['host', 'example.org']],
  'an authority with a path': [...requestFields().slice(0, 2), [':authority', 'example.org/x'], [':path', '/']],
  'no path': requestFields().slice(0, 3),
  'two paths': [...requestFields(), [':path', '/admin']],
  'an unknown pseudo field': [...requestFields(), [':protocol', 'websocket']],
  'a pseudo field behind others': [['x-a', 'a'], ...requestFields()],
}

test('a field that is not valid is never seen (RFC 9113, 8.2.1)', async t => {
  const stage = await openHttp2(t, (req, res) => res.end(JSON.stringify(req.rawHeaders)))
  for (const [name, value] of [
    ['x-a', 'a\r\nx-b: b'],
    ['x-a', 'a\0b'],
    ['x a', 'a'],
    ['x-a:', 'a'],
  ] as const) {
    const client = new FrameConnection(stage.port)
    client.request(1, [...requestFields(), [name, value]])
    // nghttp2 leaves the field out, or resets the stream.
    const frame = await client.waitFor(({ type, stream }) => stream === 1 && type !== frameTypes.headers)
    assert.ok(frame?.type === frameTypes.reset || String(frame?.payload) === '["host","example.org"]')
    client.close()
  }
})

test('what could be another request in HTTP/1.1 is malformed, and never seen (RFC 9113, 8.1.1)', async t => {
  const seen: (string | undefined)[] = []
  const stage = await openHttp2(t, (req, res) => {
    seen.push(req.url)
    res.end()
  })
  for (const [what, fields] of Object.entries(malformed)) {
    const client = new FrameConnection(stage.port)
    client.request(1, fields)
    assert.equal((await client.resetCode(1)) ?? (await client.goawayCode()), protocolError, what)
    client.close()
  }
  assert.deepEqual(seen, [])
  const client = new FrameConnection(stage.port)
  client.request(1, [...requestFields('/fine'), ['host', 'Example.org'], ['te', 'trailers']])
  assert.ok(await client.answer(1))
  client.close()
})

test('a body of another length than announced is no whole body', async t => {
  const ends: string[] = []
  const stage = await openHttp2(t, (req, res) => {
    req.resume().on('end', () => ends.push(`whole ${req.url}`))
    req.on('end', () => res.end())
  })
  for (const [path, length] of [
    ['/short', '3'],
    ['/long', '5'],
    ['/right', '4'],
  ] as const) {
    const client = new FrameConnection(stage.port)
    client.request(1, [...requestFields(path, 'POST'), ['content-length', length]], flags.endHeaders)
    client.send(frame(frameTypes.data, flags.endStream, 1, Buffer.from('body')))
    if (path === '/right') assert.ok(await client.answer(1))
    else assert.ok([1, 2].includes((await client.resetCode(1)) ?? (await client.goawayCode()) ?? 0), path)
    client.close()
  }
  assert.deepEqual(ends, ['whole /right'])
})

test('a rest of a body that nobody wants is not waited for (RFC 9113, 8.1)', async t => {
  const stage = await openHttp2(t, (_req, res) => res.writeHead(413).end('too large'))
  const client = new FrameConnection(stage.port)
  t.after(() => client.close())
  client.request(1, requestFields('/', 'POST'), flags.endHeaders)
  assert.equal(await client.resetCode(1), noError)
  const body = client.frames.filter(({ type }) => type === frameTypes.data).map(({ payload }) => String(payload))
  assert.equal(body.join(''), 'too large')
})

test('setTimeout of a response, a request and a socket is heard', async t => {
  const heard: string[] = []
  const stage = await openHttp2(t, (req, res) => {
    if (req.url === '/res') res.setTimeout(20, () => void res.end('res'))
    if (req.url === '/socket') req.socket.setTimeout(20, () => void res.end('socket'))
    if (req.url === '/nobody') res.socket?.setTimeout(20)
    res.on('close', () => heard.push(`${req.url} ${res.writableFinished}`))
  })
  const client = stage.client()
  await Promise.all(['/res', '/socket', '/nobody'].map(path => ask(client, { ':path': path })))
  assert.deepEqual(heard.sort(), ['/nobody false', '/res true', '/socket true'])
})

test('hooks of the edge work on it', async t => {
  const stage = await openHttp2(t, (_req, res) => {
    addResponseHook(res, {
      onHead: each => {
        each.setHeader('X-Hook', '1')
        each.removeHeader('Content-Length')
        return { write: (chunk, sink) => sink.write(Buffer.from(String(chunk).toUpperCase())), end: sink => sink.end() }
      },
    })
    res.setHeader('Content-Length', 5)
    res.write('he')
    res.end('llo')
  })
  const { headers, body } = await ask(stage.client(), get)
  assert.deepEqual([headers['x-hook'], headers['content-length'], String(body)], ['1', undefined, 'HELLO'])
})

test('after drain what is open is answered, and GOAWAY says what is not (RFC 9113, 6.8)', async t => {
  const started: ServerResponse[] = []
  const stage = await openHttp2(t, (_req, res) => void started.push(res))
  const client = new FrameConnection(stage.port)
  t.after(() => client.close())
  client.request(1, requestFields())
  await until(() => started.length === 1)
  stage.front.drain()
  const goaway = await client.waitFor(({ type }) => type === frameTypes.goaway)
  // Sent before it had read that.
  client.request(3, requestFields())
  client.send(frame(frameTypes.ping, 0, 0, Buffer.alloc(8)))
  await client.waitFor(({ type, flags: bits }) => type === frameTypes.ping && bits === flags.ack)
  started[0]?.end('done')
  assert.equal(await client.goawayCode(), noError)
  assert.deepEqual([goaway?.payload.readUInt32BE(0), started.length], [1, 1])
  assert.equal(client.frames.filter(({ type }) => type === frameTypes.headers).length, 1)
})

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise(setImmediate)
}
