import assert from 'node:assert/strict'
import { once } from 'node:events'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { counting, startCache as start, statusOf } from '../../../test/support/cache-server.ts'

test('a stale answer is renewed by a 304, which brings its headers along', async t => {
  let version = 0
  const { get, calls, move } = await start(t, { ttl: '10s', grace: 0, staleIfError: '1m' }, (req, res) => {
    res.setHeader('X-Version', String(++version))
    res.setHeader('ETag', '"v1"')
    if (req.headers['if-none-match'] === '"v1"') res.writeHead(304).end()
    else res.end(`body ${version}`)
  })
  await get('/')
  move(11_000)
  const renewed = await get('/')
  assert.deepEqual([renewed.status, String(renewed.body), renewed.headers.get('x-version')], [200, 'body 1', '2'])
  assert.equal(statusOf(renewed), 'saola; fwd=stale; stored; ttl=10')
  assert.equal(statusOf(await get('/')), 'saola; hit; ttl=10')
  assert.equal(calls.length, 2)
})

test('while it is in its grace a stale answer is served, and one request renews it', async t => {
  const held: ServerResponse[] = []
  const { get, calls, move } = await start(t, { ttl: '10s', grace: '10s' }, (_req, res) => {
    if (calls.length === 1) res.end('old')
    else held.push(res)
  })
  await get('/')
  move(11_000)
  for (let i = 0; i < 5; i++) {
    const stale = await get('/')
    assert.deepEqual([String(stale.body), statusOf(stale)], ['old', 'saola; hit; ttl=-1'])
  }
  assert.equal(calls.length, 2)
  held[0]?.end('new')
  await once(held[0] as ServerResponse, 'close')
  assert.equal(String((await get('/')).body), 'new')
})

test('errors never take the place of a good answer', async t => {
  let isDown = false
  const { get, move } = await start(t, { ttl: '10s', grace: 0, staleIfError: '1h' }, (_req, res) => {
    if (isDown) res.writeHead(502).end('down')
    else res.end('good')
  })
  await get('/')
  isDown = true
  for (let i = 0; i < 3; i++) {
    move(20_000)
    assert.equal(String((await get('/')).body), 'good')
  }
  move(3_600_000)
  assert.equal((await get('/')).status, 502)
  isDown = false
  move(2_000)
  assert.equal(String((await get('/')).body), 'good')
})

test('must-revalidate and s-maxage forbid stale answers', async t => {
  for (const control of ['max-age=10, must-revalidate', 'max-age=10, Proxy-Revalidate', 's-maxage=10']) {
    let isDown = false
    const { get, move } = await start(t, {}, (_req, res) => {
      if (isDown) res.writeHead(502).end('down')
      else res.setHeader('Cache-Control', control).end('good')
    })
    await get('/')
    isDown = true
    move(11_000)
    assert.equal((await get('/')).status, 502, control)
  }
})

test('unsafe methods make what is kept of their address wrong', async t => {
  const { get } = await start(t, {}, (_req, res) => counted(res))
  let count = 0
  const counted = (res: ServerResponse) => void res.end(`answer ${++count}`)
  await get('/a?x=1')
  await get('/a?x=2')
  for (const method of ['POST', 'PUT', 'DELETE', 'PATCH']) {
    const before = String((await get('/a?x=1')).body)
    await get('/a?x=1', {}, method)
    assert.notEqual(String((await get('/a?x=1')).body), before, method)
  }
  assert.equal(String((await get('/a?x=2')).body), 'answer 2')
})

test('what the answer to a change names is wrong, too, if it is of the same origin', async t => {
  let count = 0
  const { get, move } = await start(t, {}, (req, res) => {
    const named = req.headers['x-named']
    if (typeof named === 'string') {
      const [name = '', value = ''] = named.split('=')
      res.setHeader(name, value)
    }
    res.end(`answer ${++count}`)
  })
  const isForgotten = async (named: string) => {
    const before = String((await get('/pages/a')).body)
    move(1)
    await get('/pages/new', { 'X-Named': named }, 'POST')
    move(1)
    return String((await get('/pages/a')).body) !== before
  }
  const same = ['/pages/a', 'http://localhost/pages/a', '../pages/./%61', 'a#part']
  for (const address of same) {
    assert.ok(await isForgotten(`Location=${address}`), address)
    assert.ok(await isForgotten(`Content-Location=${address}`), address)
  }
  const others = ['http://other.example/pages/a', 'https://localhost/pages/a', '/pages/a?x', '/pages/b', 'http://[', '']
  for (const address of others) assert.ok(!(await isForgotten(`Location=${address}`)), address)
})

test('with ttl "origin" only what says so is kept', async t => {
  const { get } = await start(t, { ttl: 'origin' }, (req, res) => {
    if (req.url === '/said') res.setHeader('Cache-Control', 'max-age=10')
    res.end()
  })
  await get('/said')
  assert.match(String(statusOf(await get('/said'))), /hit/)
  assert.equal(statusOf(await get('/silent')), 'saola; fwd=miss; detail=no-lifetime')
})

test('those who wait for an answer that cannot be kept are let through together', async t => {
  const held: ServerResponse[] = []
  const { get, calls, arrived } = await start(t, {}, (_req, res) => {
    if (calls.length === 1) held.push(res)
    else res.setHeader('Set-Cookie', 'a=b').end('own')
  })
  const all = Array.from({ length: 20 }, () => get('/'))
  await arrived(20)
  assert.equal(calls.length, 1)
  held[0]?.setHeader('Set-Cookie', 'a=b').end('first')
  const bodies = (await Promise.all(all)).map(({ body }) => String(body))
  assert.equal(bodies.filter(body => body === 'own').length, 19)
})

test('who waits too long is let through', async t => {
  const held: ServerResponse[] = []
  const { get, calls } = await start(t, { lockTimeout: '50ms' }, (_req, res) => {
    if (calls.length === 1) held.push(res)
    else res.end('own')
  })
  const first = get('/')
  const second = await get('/')
  assert.equal(String(second.body), 'own')
  held[0]?.end('slow')
  assert.equal(String((await first).body), 'slow')
})

test('when the client who fetches leaves, the next one fetches', async t => {
  const { get, calls } = await start(t, {}, (_req, res) => {
    if (calls.length > 1) res.end('second')
    else setImmediate(() => res.req.socket.destroy())
  })
  const [first, second] = await Promise.allSettled([get('/'), get('/')])
  assert.deepEqual([first.status, second.status === 'fulfilled' && String(second.value.body)], ['rejected', 'second'])
})

test('tags of an answer are for the cache and not for clients', async t => {
  const tags = { 'Cache-Tag': 'a, b', 'Surrogate-Key': 'c d' }
  const { get, step, calls } = await start(t, {}, counting(tags))
  for (const response of [await get('/'), await get('/')]) {
    assert.equal(response.headers.get('cache-tag'), undefined)
    assert.equal(response.headers.get('surrogate-key'), undefined)
  }
  const at = Number.MAX_SAFE_INTEGER
  await step.answer?.({ do: 'purge', purge: { id: '1', kind: 'tag', value: 'd', at } })
  await get('/')
  assert.equal(calls.length, 2)
})

test('an answer that was asked for before a purge is not kept', async t => {
  const held = Promise.withResolvers<ServerResponse>()
  const { get, step, calls, move } = await start(t, {}, (_req, res) => {
    if (calls.length === 1) held.resolve(res)
    else res.end('new')
  })
  const first = get('/page')
  const res = await held.promise
  const at = Date.parse('2026-01-01T00:00:00Z')
  await step.answer?.({ do: 'purge', purge: { id: '1', kind: 'prefix', value: '/page', at } })
  move(1)
  res.end('old')
  assert.equal(String((await first).body), 'old')
  assert.equal(String((await get('/page')).body), 'new')
})
