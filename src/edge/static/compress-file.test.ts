import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import zlib from 'node:zlib'
import { header, stageStaticFiles } from '../../../test/support/static-stage.ts'
import { compressionOptions } from '../compression/options.ts'
import { createFileCompression } from './compress-file.ts'
import { createFileFinder } from './find-file.ts'
import { createMount } from './mount.ts'
import { staticOptions } from './options.ts'
import { StaticFile } from './static-file.ts'

const text = 'export const saola = "antelope"\n'.repeat(200)
const decoders = { br: zlib.brotliDecompressSync, zstd: zlib.zstdDecompressSync, gzip: zlib.gunzipSync }

test('a file without an encoding beside it is compressed for who accepts that', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }), { compression: true })
  s.write('a.js', text)
  for (const [coding, decode] of Object.entries(decoders)) {
    for (let i = 0; i < 2; i++) {
      const answer = await s.get('/static/a.js', { 'Accept-Encoding': coding })
      assert.equal(header(answer, 'content-encoding'), coding)
      assert.equal(header(answer, 'content-length'), String(answer.body.length))
      assert.equal(header(answer, 'vary'), 'Accept-Encoding')
      assert.equal(header(answer, 'accept-ranges'), undefined)
      assert.ok(answer.body.length * 5 < text.length)
      assert.equal(String(decode(answer.body)), text)
      const etag = header(answer, 'etag') ?? ''
      assert.match(etag, new RegExp(`^W/".*-${coding}"$`))
      const known = await s.get('/static/a.js', { 'Accept-Encoding': coding, 'If-None-Match': etag })
      assert.deepEqual([known.status, header(known, 'etag')], [304, etag])
    }
  }
  const head = await s.get('/static/a.js', { 'Accept-Encoding': 'gzip' }, { method: 'HEAD' })
  assert.equal(header(head, 'content-encoding'), 'gzip')
  const plain = await s.get('/static/a.js')
  assert.deepEqual([String(plain.body), header(plain, 'vary')], [text, 'Accept-Encoding'])
  const part = await s.get('/static/a.js', { 'Accept-Encoding': 'br', Range: 'bytes=0-5' })
  assert.deepEqual([part.status, String(part.body), header(part, 'content-encoding')], [206, 'export', undefined])
})

test('what lies beside a file goes before what is made', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }), { compression: true })
  s.write('a.js', text)
  s.write('a.js.gz', 'made when it was built')
  const built = await s.get('/static/a.js', { 'Accept-Encoding': 'br, gzip' })
  assert.deepEqual([String(built.body), header(built, 'content-encoding')], ['made when it was built', 'gzip'])
  const made = await s.get('/static/a.js', { 'Accept-Encoding': 'br' })
  assert.equal(String(zlib.brotliDecompressSync(made.body)), text)
})

test('a file stays as it is that is small, large, of another type, of one user, or spoken for by its mount', async t => {
  const s = await stageStaticFiles(
    t,
    dir => ({
      '/static': join(dir, 'files'),
      '/internal': { dir: join(dir, 'files'), internal: true },
      '/own': { dir: join(dir, 'own'), headers: { 'Content-Encoding': 'x-own' } },
      '/kept': { dir: join(dir, 'own'), headers: { 'Cache-Control': 'public, no-transform' } },
    }),
    { compression: true, cache: { maxFileBytes: 100_000 } },
  )
  mkdirSync(join(s.dir, 'own'))
  s.write('small.js', 'x'.repeat(1_023))
  s.write('large.js', 'x'.repeat(100_001))
  s.write('image.png', text)
  s.write('user.js', text)
  s.write('../own/a.js', text)
  s.app = res => void res.setHeader('X-Accel-Redirect', '/internal/user.js').end()
  const paths = ['/static/small.js', '/static/large.js', '/static/image.png', '/application', '/kept/a.js']
  for (const path of paths) {
    const answer = await s.get(path, { 'Accept-Encoding': 'br, gzip' })
    assert.deepEqual([answer.status, header(answer, 'content-encoding')], [200, undefined], path)
  }
  assert.equal(header(await s.get('/own/a.js', { 'Accept-Encoding': 'br' }), 'content-encoding'), 'x-own')
})

test('each encoding of a file is made once, counts as memory, and is tried again when it failed', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  s.write('a.js', text)
  const settings = staticOptions.parse({ '/static': join(s.dir, 'files') })['/static']
  assert.ok(settings)
  const mount = createMount('/static', settings)
  const compression = createFileCompression(compressionOptions.parse(true))
  assert.ok(compression)
  const made: string[] = []
  let isFailing = true
  const counted: typeof compression = {
    ...compression,
    compress: (body, encoding) => {
      made.push(encoding)
      return isFailing ? Promise.reject(new Error('no memory')) : compression.compress(body, encoding)
    },
  }
  const clock = { now: () => 5_000, date: () => new Date(Date.now() + 60_000) }
  const finder = createFileFinder({ maxFileBytes: 100_000, maxBytes: 1_000_000 }, clock, counted)
  t.after(() => finder.close())
  const file = await finder.find({ mount, relative: '/a.js', key: '/static/a.js' })
  assert.ok(file instanceof StaticFile)
  assert.equal(await file.select([], ['br']), file.plain)
  isFailing = false
  const before = finder.cache.sizeBytes
  const versions = await Promise.all([
    file.select([], ['br', 'gzip']),
    file.select([], ['br']),
    file.select([], ['br']),
  ])
  assert.equal(new Set(versions).size, 1)
  assert.equal(await file.select([], ['br']), versions[0])
  assert.deepEqual(made, ['br', 'br'])
  assert.equal(finder.cache.sizeBytes - before, 2 * (versions[0]?.body?.length ?? 0), 'its bytes and its text')
})
