/** No spelling of a path and no rewrite is a way around a rule; what allows something goes by the path as it is. */
import assert from 'node:assert/strict'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEdgeStage } from '../../test/support/edge-stage.ts'
import { request } from '../../test/support/http-connection.ts'
import { hashPassword } from '../base/password-hash.ts'

const deny = ['127.0.0.0/8']
const paths = { allowEncodedSlash: ['/'] }
const spellings = [
  '/files%2Fprivate',
  '/files%2fprivate/x',
  '/files%2F%2FPRIVATE',
  '/files;a%2Fprivate',
  '/Files/private;x',
]

test('access: an encoded slash leads to the rule of what it may be decoded to', async t => {
  const access = [{ path: '/files/private', deny }, { path: '/files/private/public' }, { path: '/files/x' }]
  const { url } = await openEdgeStage(t, { paths, access })
  const statusOf = async (path: string) => (await request(url, { path })).status
  for (const path of spellings) assert.equal(await statusOf(path), 403, path)
  // What one program takes for the open part is closed for another.
  for (const path of ['/files%2Fprivate/PUBLIC', '/files/private/x%2Fpublic', '/files/x%2F;/../private']) {
    assert.equal(await statusOf(path), 403, path)
  }
  assert.equal(await statusOf('/files%2Fpublic'), 200)
  assert.equal(await statusOf('/files/private/public'), 200)
})

test('body limits: of all that a path may be taken for, the smallest counts', async t => {
  const routes = [
    { path: '/files/private', bodyBytes: 10 },
    { path: '/Photos', bodyBytes: 0 },
    { path: '/large', bodyBytes: 5000 },
  ]
  const { url } = await openEdgeStage(t, { paths, limits: { bodyBytes: 1000, routes } })
  const largest = async (path: string) => {
    for (const bytes of [6000, 3000, 1000, 10]) {
      const { status } = await request(url, { method: 'POST', path, body: 'x'.repeat(bytes) })
      if (status === 200) return bytes
      assert.equal(status, 413)
    }
    return 0
  }
  for (const path of spellings) assert.equal(await largest(path), 10, path)
  assert.equal(await largest('/Photos/x'), 6000)
  assert.equal(await largest('/large'), 3000)
  // More is for the path itself only: what another spelling leads to is not known.
  assert.deepEqual([await largest('/LARGE'), await largest('/large;x'), await largest('/photos')], [1000, 1000, 1000])
})

test('rate limits and headers: any spelling counts', async t => {
  const { url } = await openEdgeStage(t, {
    paths,
    rateLimit: [{ path: '/files/private', rate: '1/h', key: 'all' }],
    headers: [{ path: '/files/private', set: { 'X-Private': 'yes' } }],
  })
  assert.equal((await request(url, { path: '/files/private' })).status, 200)
  for (const path of spellings) {
    const { status, headers } = await request(url, { path })
    assert.deepEqual([status, headers.get('x-private')], [429, 'yes'], path)
  }
  assert.equal((await request(url, { path: '/files/privat' })).status, 200)
})

test('a rewrite is under the rules of what was asked for and of what is served, and is counted once', async t => {
  const { url } = await openEdgeStage(
    t,
    {
      rewrites: { '/way/**:rest': '/:rest', '/odd/:x': '/a/../../:x', '/both': '/limited/x' },
      redirects: { '/way/moved': '/there' },
      access: [
        { path: '/closed', deny },
        { path: '/way/shut', deny },
      ],
      rateLimit: [
        { path: '/limited', rate: '2/h', key: 'all' },
        { path: '/way/few', rate: '1/h', key: 'all' },
      ],
      limits: {
        bodyBytes: 100,
        routes: [
          { path: '/tiny', bodyBytes: 10 },
          { path: '/large', bodyBytes: 1000 },
          { path: '/way/tiny2', bodyBytes: 10 },
          { path: '/tiny2', bodyBytes: 1000 },
        ],
      },
      headers: [{ path: '/marked', set: { 'X-Marked': 'yes' } }],
      errorPages: {},
    },
    (req, res) => void res.end(req.url),
  )
  const get = async (path: string) => (await request(url, { path })).status
  const post = async (path: string, bytes: number) =>
    (await request(url, { method: 'POST', path, body: 'x'.repeat(bytes) })).status
  assert.deepEqual([await get('/way/closed'), await get('/way/CLOSED;x'), await get('/way/shut')], [403, 403, 403])
  assert.equal(String((await request(url, { path: '/way/open?x' })).body), '/open?x')
  // Two tokens for two requests, though both paths are looked at.
  assert.deepEqual([await get('/way/limited'), await get('/both'), await get('/way/limited')], [200, 200, 429])
  assert.deepEqual([await get('/way/few'), await get('/way/few')], [200, 429])
  assert.deepEqual([await post('/way/tiny', 11), await post('/way/tiny', 10)], [413, 200])
  assert.deepEqual([await post('/way/large', 1000), await post('/way/large', 1001)], [200, 413])
  assert.deepEqual([await post('/way/tiny2', 11), await post('/way/else', 101)], [413, 413])
  assert.equal((await request(url, { path: '/way/marked' })).headers.get('x-marked'), 'yes')
  // A redirect comes first, and what a rewrite may not lead to is refused.
  assert.equal((await request(url, { path: '/way/moved' })).headers.get('location'), '/there')
  assert.equal(await get('/odd/x'), 400)
})

test('access: a file is under the rule of its own path, however it comes to answer', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-protect-'))
  t.after(() => rmSync(dir, { recursive: true, force: true }))
  mkdirSync(join(dir, 'sub'))
  for (const file of ['index.html', 'page.html', 'sub/index.html', 'sub/other.html'])
    writeFileSync(join(dir, file), file)
  const users = { ann: await hashPassword('right') }
  const edge = {
    static: {
      '/': { dir, fallback: '/page.html' },
      '/inside': { dir, internal: true },
    },
    access: [
      { path: '/index.html', basic: { users } },
      { path: '/page.html', deny },
      { path: '/sub/index.html', deny },
      { path: '/inside/page.html', deny },
    ],
  }
  const { url } = await openEdgeStage(t, edge, (req, res) => {
    res.setHeader('X-Accel-Redirect', decodeURIComponent(String(req.url?.slice('/hand?'.length)))).end()
  })
  const statusOf = async (path: string, headers: Record<string, string> = {}) =>
    (await request(url, { path, headers })).status
  for (const path of ['/sub/index.html', '/sub/', '/page.html', '/hand?/inside/page.html']) {
    assert.equal(await statusOf(path), 403, path)
  }
  assert.equal(await statusOf('/any/page', { Accept: 'text/html' }), 403)
  assert.equal(await statusOf('/sub/other.html'), 200)
  assert.equal(await statusOf('/hand?/inside/sub/other.html'), 200)
  assert.equal(await statusOf('/'), 401)
  const Authorization = `Basic ${Buffer.from('ann:right').toString('base64')}`
  assert.deepEqual(
    [await statusOf('/', { Authorization }), await statusOf('/index.html', { Authorization })],
    [200, 200],
  )
})
