/** Open redirects, and headers that a client writes: what is captured of a path stays a part of a path. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openEdgeStage } from './support/edge-stage.ts'
import { forEachCase, startOnEveryProtocol } from './support/every-protocol.ts'
import { request } from './support/http-connection.ts'
import { redirectTails } from './support/redirect-tails.ts'

const edge = {
  redirects: {
    '/old/:id': '/new/:id',
    '/go/**:rest': '/:rest',
    '/moved': { to: 'https://other.example/there?a=1#part', status: 301, keepQuery: true },
    '/gone/:id': { to: 'https://other.example/:id', status: 302, keepQuery: false },
    '/same/**:rest': '/same/:rest',
    '/search/:words': '/find?q=:words',
  },
  rewrites: {
    '/blog/**:rest': '/posts/:rest',
    '/item/:id': '/page?id=:id',
    '/up/:x': '/..:x/secret',
    '/over/:x': '/a/../../:x',
  },
}

const answer = (req: { url?: string | undefined }, res: { end(text: string): void }) => res.end(`got ${req.url}`)

test('redirects and rewrites', async t => {
  const stage = await openEdgeStage(t, edge, answer)
  const get = async (path: string, options: object = {}) => {
    const { status, headers, body } = await request(stage.url, { path, ...options })
    return [status, headers.get('location') ?? String(body)]
  }

  await t.test('a client is sent on, with what was captured and its query', async () => {
    assert.deepEqual(await get('/old/5?x=1&y'), [308, '/new/5?x=1&y'])
    assert.deepEqual(await get('/old/5', { method: 'POST', body: 'x' }), [308, '/new/5'])
    assert.deepEqual(await get('/moved?b=2'), [301, 'https://other.example/there?a=1&b=2#part'])
    assert.deepEqual(await get('/gone/7?b=2'), [302, 'https://other.example/7'])
    assert.deepEqual(await get('/search/a%26b=c?page=2'), [308, '/find?q=a%26b%3Dc&page=2'])
    assert.deepEqual(await get('/same/x'), [200, 'got /same/x'])
  })

  await t.test('a rewrite changes what the application sees, and is read anew', async () => {
    assert.deepEqual(await get('/blog/a/b?x=1'), [200, 'got /posts/a/b?x=1'])
    assert.deepEqual(await get('/item/1&admin=1?id=2'), [200, 'got /page?id=1%26admin%3D1&id=2'])
    assert.deepEqual(await get('/blog/../x'), [200, 'got /x'])
    // What is above the root is nowhere.
    assert.deepEqual(await get('/up/..'), [200, 'got /'])
    assert.deepEqual(await get('/up/%2e'), [200, 'got /up/'])
    assert.deepEqual(await get('/up/x'), [200, 'got /..x/secret'])
    assert.deepEqual(await get('/over/x'), [400, '400 Bad Request\n'])
  })
})

test('nothing that is captured leads to another host or into the headers, over every protocol', async t => {
  const { protocols } = await startOnEveryProtocol(t, { edge })
  const targets = redirectTails.flatMap(tail =>
    ['/go/', '/old/', '/blog/', '/item/', '/up/'].map(way => `${way}${tail}`),
  )
  await forEachCase(protocols, targets, async ({ name, isHttp2, ask }, target) => {
    const { status, headers, seen } = await ask({ target })
    const statuses = [200, 308, 400, ...(isHttp2 ? ['reset'] : [])]
    assert.ok(statuses.includes(status), `${name}: ${target}: ${status}`)
    assert.equal(headers.get('set-cookie'), undefined)
    if (seen) assert.match(seen.url, /^\/(?![/\\])[!-~]*$/, `${name}: ${target}`)
    const location = headers.get('location')
    if (location === undefined) return
    assert.match(location, /^\/(?![/\\])[!-~]*$/, `${name}: ${target}`)
    assert.equal(new URL(location, 'https://own.example').host, 'own.example', target)
  })
})

test('a site has one name', async t => {
  const stage = await openEdgeStage(t, { canonicalHost: 'example.com', redirects: { '/a': '/b' } }, answer)
  const ask = async (host: string, path = '/x?y=1') => {
    const { status, headers } = await request(stage.url, { path, headers: { Host: host } })
    return [status, headers.get('location')]
  }
  assert.deepEqual(await ask('www.example.com'), [308, 'http://example.com/x?y=1'])
  assert.deepEqual(await ask('WWW.EXAMPLE.COM', '//evil.example/%2e%2e/x'), [308, 'http://example.com/x'])
  assert.deepEqual(await ask('www.example.com', '/a'), [308, 'http://example.com/a'])
  for (const host of [
    'example.com',
    'EXAMPLE.com',
    'example.com:80',
    'localhost:8000',
    '127.0.0.1:8000',
    '[::1]:8000',
  ]) {
    assert.deepEqual(await ask(host), [200, undefined], host)
  }
})
