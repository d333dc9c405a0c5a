import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { HttpConnection, request } from '../../../test/support/http-connection.ts'
import { deadUrl, rawAnswer, startProxy, startRawUpstream, startUpstream } from '../../../test/support/proxy-stage.ts'

test('an upstream that does not begin to answer in time is given up with 504', async t => {
  const upstream = await startUpstream(t, () => {})
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { firstByte: '50ms' } } })
  assert.equal((await request(url)).status, 504)
  assert.equal((await request(url, { method: 'POST', body: 'x' })).status, 504)
})

test('an answer that stops is cut off', async t => {
  const upstream = await startRawUpstream(t, rawAnswer('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nhello'))
  const { url } = await startProxy(t, { '/': { to: upstream.url, timeouts: { idle: '50ms' } } })
  await assert.rejects(request(url), /closed by the server|ECONNRESET/)
})

test('a client that gets no connection in time is told to come again, and nothing was sent for it', async t => {
  const seen: string[] = []
  const upstream = await startUpstream(t, req => void seen.push(req.url ?? ''))
  const rule = { to: upstream.url, connections: 1, timeouts: { connect: '50ms' } }
  const { url, close } = await startProxy(t, { '/': rule })
  const first = request(url, { path: '/first' }).catch(() => 'ended')
  while (seen.length === 0) await new Promise(resolve => setImmediate(resolve))
  const second = await request(url, { path: '/second', method: 'POST', body: 'x' })
  assert.equal(second.status, 503)
  assert.ok(Number(second.headers.get('retry-after')) >= 1)
  await close()
  await first
  assert.deepEqual(seen, ['/first'])
})

test('more requests than may wait are refused at once', async t => {
  const seen: string[] = []
  const upstream = await startUpstream(t, req => void seen.push(req.url ?? ''))
  const { url, close } = await startProxy(t, { '/': { to: upstream.url, connections: 1, queue: 1 } })
  const waiting = [request(url), request(url)].map(answer => answer.catch(() => 'ended'))
  while (seen.length === 0) await new Promise(resolve => setImmediate(resolve))
  const answers = await Promise.all([1, 2].map(() => request(url)))
  assert.deepEqual(
    answers.map(({ status }) => status),
    [503, 503],
  )
  await close()
  await Promise.all(waiting)
})

test('a client that waits for a connection and leaves frees its place', async t => {
  const answers: (() => void)[] = []
  const upstream = await startUpstream(t, (_req, res) => void answers.push(() => res.end('ok')))
  const { url } = await startProxy(t, { '/': { to: upstream.url, connections: 1, queue: 1 } })
  const first = request(url)
  while (answers.length === 0) await new Promise(resolve => setImmediate(resolve))
  const second = await HttpConnection.open(url)
  second.send('GET /left HTTP/1.1\r\nHost: a\r\n\r\n')
  while ((await request(url)).status !== 503);
  second.close()
  answers.shift()?.()
  await first
  const third = request(url)
  while (answers.length === 0) await new Promise(resolve => setImmediate(resolve))
  answers.shift()?.()
  assert.equal((await third).status, 200)
})

test('all upstreams down: 503 and when to come again; the first that is back is found', async t => {
  const dead = [await deadUrl(), await deadUrl()]
  let now = 1_000_000
  const rule = { to: dead, maxFails: 1, failTimeout: '10s' }
  const stage = await startProxy(t, { '/': rule }, { now: () => now })
  assert.equal((await request(stage.url)).status, 502)
  const refused = await request(stage.url)
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '10')
  const down = stage.events.map(({ event, fields }) => `${event} ${fields.url} ${fields.reason}`).sort()
  assert.deepEqual(down, dead.map(url => `edge.upstream.down ${url} ECONNREFUSED`).sort())
  await startUpstream(t, (_req, res) => res.end('back'), { port: Number(new URL(dead[1] ?? '').port) })
  now += 1_000
  assert.equal(String((await request(stage.url)).body), 'back')
  assert.equal(stage.events.at(-1)?.event, 'edge.upstream.up')
  assert.equal(stage.events.length, 3)
})

test('the only upstream is asked although it is down, and its return is an event', async t => {
  const dead = await deadUrl()
  const stage = await startProxy(t, { '/': { to: dead, maxFails: 2 } })
  for (let i = 0; i < 4; i++) assert.equal((await request(stage.url)).status, 502)
  await startUpstream(t, (_req, res) => res.end('back'), { port: Number(new URL(dead).port) })
  assert.equal((await request(stage.url)).status, 200)
  assert.deepEqual(
    stage.events.map(({ event }) => event),
    ['edge.upstream.down', 'edge.upstream.up'],
  )
})

test('the only upstream is asked by all, also while the first one to ask after its fall still waits', async t => {
  const dead = await deadUrl()
  const stage = await startProxy(t, { '/': { to: dead, maxFails: 1, failTimeout: '1h' } })
  assert.equal((await request(stage.url)).status, 502)
  const isWaiting = Promise.withResolvers<() => void>()
  const port = Number(new URL(dead).port)
  await startUpstream(t, (req, res) => (req.url === '/wait' ? isWaiting.resolve(() => res.end()) : res.end('ok')), {
    port,
  })
  const first = request(stage.url, { path: '/wait' })
  const answer = await isWaiting.promise
  for (let i = 0; i < 3; i++) assert.equal((await request(stage.url)).status, 200)
  answer()
  assert.equal((await first).status, 200)
})

test('checks take an upstream down and up again', async t => {
  let status = 200
  const asked: unknown[] = []
  const upstream = await startUpstream(t, (req, res) => {
    if (req.url === '/health?x') asked.push([req.method, req.headers['user-agent'], req.headers.host])
    res.writeHead(req.url === '/health?x' ? status : 200).end('x')
  })
  const health = { path: '/health?x', every: '20ms', rise: 2, fall: 2 }
  const stage = await startProxy(t, { '/': { to: upstream.url, health, host: 'shop.example' } })
  assert.equal((await request(stage.url)).status, 200)
  status = 404
  const down = await stage.waitForEvent('edge.upstream.down')
  assert.deepEqual(down, { url: upstream.url, reason: 'check: status 404' })
  assert.equal((await request(stage.url)).status, 503)
  status = 302
  assert.deepEqual(await stage.waitForEvent('edge.upstream.up'), { url: upstream.url, reason: 'check: healthy' })
  assert.equal((await request(stage.url)).status, 200)
  assert.deepEqual(asked[0], ['GET', 'saola-health-check', 'shop.example'])
})

test('a check that is not answered in time has failed, and the checks end with the proxy', async t => {
  const upstream = await startUpstream(t, () => {})
  const health = { path: '/', every: '10ms', timeout: '20ms', fall: 1 }
  const stage = await startProxy(t, { '/': { to: upstream.url, health } })
  assert.equal((await stage.waitForEvent('edge.upstream.down')).reason, 'check: no answer in 20 ms')
  await stage.close()
  const { connections } = upstream
  for (const socket of upstream.sockets) if (!socket.closed) await once(socket.resume(), 'close')
  assert.equal(upstream.connections, connections)
})

test('a sticky cookie leads back to the same upstream as long as it is there', async t => {
  const upstreams = await Promise.all(['a', 'b', 'c'].map(name => startUpstream(t, (_req, res) => res.end(name))))
  const rule = { to: upstreams.map(({ url }) => url), sticky: { cookie: 'at', maxAge: '1h' } }
  const { url } = await startProxy(t, { '/shop': rule })
  const first = await request(url, { path: '/shop' })
  const [, cookie] = /^(at=[0-9a-f]{16}); Path=\/shop; Max-Age=3600; HttpOnly; SameSite=Lax$/.exec(
    first.headers.get('set-cookie') ?? '',
  ) ?? [assert.fail(first.headers.get('set-cookie'))]
  const ask = () => request(url, { path: '/shop', headers: { Cookie: `x=y; ${cookie}` } })
  for (let i = 0; i < 6; i++) {
    const again = await ask()
    assert.equal(String(again.body), String(first.body))
    assert.equal(again.headers.get('set-cookie'), undefined)
  }
  upstreams['abc'.indexOf(String(first.body))]?.close()
  const moved = await ask()
  assert.notEqual(String(moved.body), String(first.body))
  assert.match(moved.headers.get('set-cookie') ?? '', /^at=/)
  const unknown = await request(url, { path: '/shop', headers: { Cookie: 'at=http://127.0.0.1:1' } })
  assert.equal(unknown.status, 200)
})
