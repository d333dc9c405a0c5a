import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { HttpConnection, request } from '../../../test/support/http-connection.ts'
import { startProxy, startUpstream } from '../../../test/support/proxy-stage.ts'

test('a request reaches the upstream and its answer the client', async t => {
  const seen: unknown[] = []
  const upstream = await startUpstream(t, async (req, res) => {
    const body: Buffer[] = []
    for await (const chunk of req) body.push(chunk)
    seen.push([req.method, req.url, req.headers['content-length'], req.headers['transfer-encoding']])
    res.setHeader('Set-Cookie', ['a=1', 'b=2'])
    res.end(`got ${Buffer.concat(body)}`)
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const answer = await request(url, { path: '/a/b?c=d', method: 'POST', body: 'text' })
  assert.equal(answer.status, 200)
  assert.equal(String(answer.body), 'got text')
  assert.equal(answer.headers.get('set-cookie'), 'a=1, b=2')
  assert.deepEqual(seen, [['POST', '/a/b?c=d', '4', undefined]])
})

test('a Unix socket is an upstream like any other', async t => {
  const upstream = await startUpstream(t, (req, res) => res.end(req.headers.host), { isUnix: true })
  const { url } = await startProxy(t, { '/': upstream.url, '/own': { to: upstream.url, host: 'upstream' } })
  assert.equal(String((await request(url)).body), 'localhost')
  assert.equal(String((await request(url, { path: '/own' })).body), 'localhost')
})

test('the longest prefix wins, by whole segments', async t => {
  const upstreams = await Promise.all(
    ['root', 'api', 'deep'].map(name => startUpstream(t, (req, res) => res.end(`${name} ${req.url}`))),
  )
  const [root, api, deep] = upstreams.map(({ url }) => url)
  const { url } = await startProxy(t, { '/': root, '/api': api, '/api/deep/': { to: deep, stripPrefix: true } })
  const cases = {
    '/': 'root /',
    '/apis': 'root /apis',
    '/api': 'api /api',
    '/api/deeper': 'api /api/deeper',
    '/api/deep': 'deep /',
    '/api/deep/x/?q=%2e': 'deep /x/?q=%2e',
  }
  for (const [path, expected] of Object.entries(cases)) {
    assert.equal(String((await request(url, { path })).body), expected, path)
  }
})

test('what no prefix covers goes on to the next step', async t => {
  const upstream = await startUpstream(t, (_req, res) => res.end('no'))
  const { url } = await startProxy(t, { '/api': upstream.url })
  assert.equal((await request(url, { path: '/apix' })).status, 404)
})

test('an answer keeps its shape: HEAD, 204, 304, 206, chunked, and one without a length', async t => {
  const upstream = await startUpstream(t, (req, res) => {
    const status = Number(/\d+/.exec(req.url ?? '')?.[0] ?? 200)
    res.statusCode = status
    if (req.url === '/length' || req.method === 'HEAD') res.setHeader('Content-Length', 5)
    if (status === 304) res.setHeader('ETag', '"x"')
    if (req.url === '/end') {
      res.shouldKeepAlive = false
      res.useChunkedEncodingByDefault = false
    }
    if (req.url === '/chunked') res.write('he')
    res.end(
      status === 204 || status === 304 || req.method === 'HEAD' ? undefined : req.url === '/chunked' ? 'llo' : 'hello',
    )
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  const ask = (line: string, isHead = false) => {
    connection.send(`${line} HTTP/1.1\r\nHost: localhost\r\n\r\n`)
    return connection.receive({ isHead })
  }
  const head = await ask('HEAD /', true)
  assert.equal(head.headers.get('content-length'), '5')
  assert.equal((await ask('GET /204')).status, 204)
  assert.equal((await ask('GET /304')).headers.get('etag'), '"x"')
  assert.equal((await ask('GET /206')).status, 206)
  assert.equal((await ask('GET /length')).headers.get('content-length'), '5')
  assert.equal((await ask('GET /chunked')).headers.get('transfer-encoding'), 'chunked')
  const last = await ask('GET /end')
  assert.equal(String(last.body), 'hello')
  assert.equal(connection.isReusable, true)
})

test('a client of HTTP/1.0 gets no chunks', async t => {
  const upstream = await startUpstream(t, (_req, res) => {
    res.write('one ')
    res.end('two')
  })
  const { url } = await startProxy(t, { '/': upstream.url })
  const connection = await HttpConnection.open(url)
  connection.send('GET / HTTP/1.0\r\nHost: localhost\r\n\r\n')
  const answer = await connection.receive()
  assert.equal(String(answer.body), 'one two')
  assert.equal(answer.headers.get('transfer-encoding'), undefined)
})

test('events are passed on one by one, and the head before the first of them', async t => {
  const { promise: response, resolve } = Promise.withResolvers<import('node:http').ServerResponse>()
  const upstream = await startUpstream(t, (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' })
    res.flushHeaders()
    resolve(res)
  })
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { idle: 0 } } })
  const answer = await fetch(url)
  assert.equal(answer.headers.get('content-type'), 'text/event-stream')
  const reader = (answer.body as ReadableStream<Uint8Array>).getReader()
  const res = await response
  for (const text of ['data: 1\n\n', 'data: 2\n\n']) {
    res.write(text)
    assert.equal(Buffer.from((await reader.read()).value ?? []).toString(), text)
  }
  await reader.cancel()
  await once(res, 'close')
})

test('a rule changes the headers of an answer', async t => {
  const upstream = await startUpstream(t, (_req, res) =>
    res.writeHead(200, { 'X-A': '1', 'X-B': '2', 'X-C': '3' }).end(),
  )
  const headers = { response: { set: { 'x-a': 'new' }, remove: ['X-b'] } }
  const { url } = await startProxy(t, { '/': { to: upstream.url, headers } })
  const answer = await request(url)
  assert.deepEqual(
    ['x-a', 'x-b', 'x-c'].map(name => answer.headers.get(name)),
    ['new', undefined, '3'],
  )
})

test('nothing in a request chooses the upstream', async t => {
  const upstream = await startUpstream(t, (req, res) => res.end(`${req.url}`))
  const other = await startUpstream(t, (_req, res) => res.end('reached'))
  const { url } = await startProxy(t, { '/p': { to: upstream.url, stripPrefix: true } })
  const host = other.url.slice('http://'.length)
  const lines = [
    `GET /p HTTP/1.1\r\nHost: ${host}`,
    `GET ${other.url}/p HTTP/1.1\r\nHost: ${host}`,
    `GET /p//${host}/ HTTP/1.1\r\nHost: localhost`,
    `GET /p/@${host}/ HTTP/1.1\r\nHost: localhost`,
    `GET /p/${other.url} HTTP/1.1\r\nHost: localhost`,
    `GET /p?${other.url} HTTP/1.1\r\nHost: localhost`,
    `GET /p HTTP/1.1\r\nHost: localhost\r\nX-Forwarded-Host: ${host}\r\nForwarded: host=${host}`,
  ]
  for (const line of lines) {
    const connection = await HttpConnection.open(url)
    connection.send(`${line}\r\n\r\n`)
    const answer = await connection.receive()
    connection.close()
    assert.notEqual(String(answer.body), 'reached', line)
  }
  assert.equal(other.connections, 0)
})

test('a WebSocket that nobody takes is refused', async t => {
  const upstream = await startUpstream(t, (_req, res) => res.end())
  const rules = { '/off': { to: upstream.url, webSockets: false } }
  const application = { takesUpgrade: () => false, handle: () => assert.fail('the application was asked') }
  const { url } = await startProxy(t, rules, { application })
  const headers = {
    Connection: 'Upgrade',
    Upgrade: 'websocket',
    'Sec-WebSocket-Key': 'x',
    'Sec-WebSocket-Version': '13',
  }
  assert.equal((await request(url, { path: '/off', headers })).status, 403)
  assert.equal((await request(url, { path: '/elsewhere', headers })).status, 404)
  assert.equal(upstream.connections, 0)
})
