import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, renameSync, rmSync, utimesSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { request } from '../../../test/support/http-connection.ts'
import { header, stageStaticFiles } from '../../../test/support/static-stage.ts'

const past = new Date('2020-01-01T00:00:00Z')

test('a file is sent with its type, its validators and its time to live', async t => {
  const s = await stageStaticFiles(t, dir => ({
    '/static': { dir: join(dir, 'files'), maxAge: '1h', immutable: true },
  }))
  s.write('a.html', '<p>a')
  utimesSync(join(s.dir, 'files/a.html'), past, past)
  const response = await s.get('/static/a.html')
  assert.equal(response.status, 200)
  assert.equal(String(response.body), '<p>a')
  assert.equal(header(response, 'content-type'), 'text/html; charset=utf-8')
  assert.equal(header(response, 'content-length'), '4')
  assert.equal(header(response, 'cache-control'), 'public, max-age=3600, immutable')
  assert.equal(header(response, 'last-modified'), past.toUTCString())
  assert.equal(header(response, 'x-content-type-options'), 'nosniff')
  assert.equal(header(response, 'accept-ranges'), 'bytes')
  const again = await s.get('/static/a.html', { 'If-None-Match': header(response, 'etag') ?? '' })
  assert.equal(again.status, 304)
  assert.equal(header(again, 'etag'), header(response, 'etag'))
  assert.equal(header(again, 'cache-control'), 'public, max-age=3600, immutable')
  const head = await s.get('/static/a.html', {}, { method: 'HEAD' })
  assert.equal(head.status, 200)
  assert.equal(header(head, 'content-length'), '4')
  s.write('unknown', 'x')
  assert.equal(header(await s.get('/static/unknown'), 'content-type'), 'application/octet-stream')
})

test('what no file answers goes on to the application', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  for (const path of ['/', '/static/none', '/staticX', '/static/none']) {
    assert.equal(String((await s.get(path)).body), `app ${path}`)
  }
  s.write('a', 'a')
  assert.equal(String((await s.get('/static/a', {}, { method: 'POST', body: 'x' })).body), 'app /static/a')
})

test('without fallthrough a missing file is 404 and another method 405', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': { dir: join(dir, 'files'), fallthrough: false } }))
  s.write('a', 'a')
  assert.equal((await s.get('/static/none')).status, 404)
  const refused = await s.get('/static/a', {}, { method: 'DELETE' })
  assert.equal(refused.status, 405)
  assert.equal(header(refused, 'allow'), 'GET, HEAD')
})

test('the longest path that fits counts, and a front needs no application', async t => {
  const s = await stageStaticFiles(
    t,
    dir => ({
      '/': join(dir, 'files'),
      '/deep/er': {
        dir: join(dir, 'other'),
        headers: { 'X-Own': 'a', 'cache-control': 'no-store' },
        types: { '.x': 'text/x-own' },
      },
    }),
    { isFront: true },
  )
  mkdirSync(join(s.dir, 'other'))
  writeFileSync(join(s.dir, 'other/a.x'), 'other')
  s.write('a.x', 'files')
  assert.equal(String((await s.get('/a.x')).body), 'files')
  const deep = await s.get('/deep/er/a.x')
  assert.equal(String(deep.body), 'other')
  assert.equal(header(deep, 'x-own'), 'a')
  assert.equal(header(deep, 'cache-control'), 'no-store')
  assert.equal(header(deep, 'content-type'), 'text/x-own')
  assert.equal((await s.get('/none')).status, 404)
})

test('a folder answers with its index, behind its slash', async t => {
  const s = await stageStaticFiles(t, dir => ({
    '/static': join(dir, 'files'),
    '/bare': { dir: join(dir, 'files'), index: false },
  }))
  mkdirSync(join(s.dir, 'files/docs'))
  mkdirSync(join(s.dir, 'files/empty'))
  s.write('docs/index.html', 'docs')
  assert.equal(String((await s.get('/static/docs/')).body), 'docs')
  const redirect = await s.get('/static/docs?page=1')
  assert.equal(redirect.status, 301)
  assert.equal(header(redirect, 'location'), '/static/docs/?page=1')
  for (const path of ['/static/empty', '/static/empty/', '/bare/docs', '/bare/docs/', '/static/docs/index.html/']) {
    assert.equal(String((await s.get(path)).body), `app ${path}`)
  }
})

test('pages of a single-page application are its fallback, files that are missing are not', async t => {
  const s = await stageStaticFiles(t, dir => ({
    '/': { dir: join(dir, 'files'), fallback: '/index.html', maxAge: '1d' },
  }))
  s.write('index.html', 'shell')
  const html = { Accept: 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8' }
  const page = await s.get('/users/7', html)
  assert.equal(String(page.body), 'shell')
  assert.equal(header(page, 'cache-control'), 'no-cache')
  assert.equal(header(page, 'vary'), 'Accept')
  assert.equal(header(await s.get('/index.html', html), 'cache-control'), 'public, max-age=86400')
  assert.equal(String((await s.get('/users/7', html)).body), 'shell')
  assert.equal(String((await s.get('/users/7', { Accept: '*/*' })).body), 'app /users/7')
  assert.equal(String((await s.get('/app.js', html)).body), 'app /app.js')
  assert.equal(String((await s.get('/users/7', html, { method: 'POST', body: 'x' })).body), 'app /users/7')
})

test('an encoding that lies beside a file is sent to who accepts it, unless it is older', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  for (const [name, content] of Object.entries({
    'a.js': 'plain',
    'a.js.br': 'brotli',
    'a.js.gz': 'gzip',
    'a.js.zst': 'zstd',
  })) {
    s.write(name, content)
    utimesSync(join(s.dir, 'files', name), past, past)
  }
  const ask = (accept: string, more = {}) => s.get('/static/a.js', { 'Accept-Encoding': accept, ...more })
  const etags = new Set<string | undefined>()
  for (const [accept, body, encoding] of [
    ['gzip, br', 'brotli', 'br'],
    ['gzip', 'gzip', 'gzip'],
    ['zstd, br;q=0', 'zstd', 'zstd'],
    ['identity', 'plain', undefined],
  ] as const) {
    const response = await ask(accept)
    assert.equal(String(response.body), body)
    assert.equal(header(response, 'content-encoding'), encoding)
    assert.equal(header(response, 'vary'), 'Accept-Encoding')
    assert.equal(header(response, 'content-type'), 'text/javascript; charset=utf-8')
    etags.add(header(response, 'etag'))
  }
  assert.equal(etags.size, 4, 'each of them has a tag of its own')
  const part = await ask('br', { Range: 'bytes=0-1', 'If-Range': header(await ask('br'), 'etag') ?? '' })
  assert.deepEqual([part.status, String(part.body), header(part, 'content-encoding')], [206, 'br', 'br'])
  const other = await ask('gzip', { Range: 'bytes=0-1', 'If-Range': header(await ask('br'), 'etag') ?? '' })
  assert.deepEqual([other.status, String(other.body)], [200, 'gzip'], 'a part of one encoding never completes another')
  s.write('a.js', 'newer')
  s.pass(1_001)
  const newer = await ask('br, gzip')
  assert.deepEqual(
    [String(newer.body), header(newer, 'content-encoding'), header(newer, 'vary')],
    ['newer', undefined, undefined],
  )
})

test('a file that is replaced, removed or added is seen within a second', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  const ask = async () => String((await s.get('/static/a')).body)
  s.write('a', 'one')
  assert.equal(await ask(), 'one')
  writeFileSync(join(s.dir, 'next'), 'two')
  renameSync(join(s.dir, 'next'), join(s.dir, 'files/a'))
  assert.equal(await ask(), 'one', 'within the second the disk is not asked')
  s.pass(1_001)
  assert.equal(await ask(), 'two')
  s.write('a', 'six')
  s.pass(1_001)
  assert.equal(await ask(), 'six', 'also in place, with the same size')
  rmSync(join(s.dir, 'files/a'))
  s.pass(1_001)
  assert.equal(await ask(), 'app /static/a')
  s.write('a', 'again')
  s.pass(1_001)
  assert.equal(await ask(), 'again')
})

test('a mount without a folder is told at the start', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'none') }))
  assert.match(s.warnings.join(), /edge\.static\.no-folder.*none/)
  assert.equal(String((await s.get('/static/a')).body), 'app /static/a')
})

test('a fallback answers for no page of an upstream with a longer path, nor for what it excepts', async t => {
  const dir = mkdtempSync(join(tmpdir(), 'saola-fallback-'))
  const upstream = createServer((req, res) => void res.end(`upstream ${req.url}`)).listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => {
    upstream.closeAllConnections()
    upstream.close()
    rmSync(dir, { recursive: true, force: true })
  })
  writeFileSync(join(dir, 'index.html'), 'page')
  mkdirSync(join(dir, 'api'))
  writeFileSync(join(dir, 'api', 'file.txt'), 'file')
  const to = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`
  const { url } = await openEdgeStage(t, {
    static: {
      '/': { dir, fallback: '/index.html', fallbackExcept: ['/admin'] },
      '/api/docs': { dir, fallback: '/index.html' },
    },
    proxy: { '/api': to, '/': to },
  })
  const bodies: Record<string, string> = {
    '/api/auth/callback': 'upstream /api/auth/callback',
    '/api': 'upstream /api',
    '/admin/users': 'upstream /admin/users',
    '/api/file.txt': 'file',
    '/api/docs/any': 'page',
    '/apiary': 'page',
    '/administration': 'page',
    '/any/page': 'page',
  }
  for (const [path, body] of Object.entries(bodies)) {
    const response = await request(url, { path, headers: { Accept: 'text/html' } })
    assert.equal(String(response.body), body, path)
  }
})
