import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { header, stageStaticFiles } from '../../../test/support/static-stage.ts'

test('an application answers with a file that nobody reaches otherwise', async t => {
  const s = await stageStaticFiles(t, dir => ({
    '/protected': { dir: join(dir, 'files'), internal: true },
    '/public': join(dir, 'other'),
  }))
  mkdirSync(join(s.dir, 'other'))
  writeFileSync(join(s.dir, 'other/b'), 'public')
  s.write('a b.zip', 'the file')
  assert.equal(String((await s.get('/protected/a%20b.zip')).body), 'app /protected/a%20b.zip')
  for (const [name, value] of [
    ['X-Accel-Redirect', '/protected/a%20b.zip'],
    ['X-Sendfile', join(s.dir, 'files/a b.zip')],
  ] as const) {
    s.app = res => {
      res.setHeader('Set-Cookie', ['a=1', 'b=2'])
      res.writeHead(200, {
        [name]: value,
        'Content-Type': 'application/zip',
        'Content-Disposition': 'attachment',
        'Content-Length': 7,
        'X-Own': 'dropped',
      })
      res.write('dropped')
      res.end()
    }
    const whole = await s.get('/get')
    assert.equal(whole.status, 200)
    assert.equal(String(whole.body), 'the file')
    assert.equal(header(whole, 'content-type'), 'application/zip')
    assert.equal(header(whole, 'content-disposition'), 'attachment')
    assert.match(header(whole, 'set-cookie') ?? '', /a=1.*b=2/s)
    assert.equal(header(whole, 'cache-control'), 'private, max-age=0')
    for (const hidden of ['x-accel-redirect', 'x-sendfile', 'x-own']) assert.equal(header(whole, hidden), undefined)
    const part = await s.get('/get', { Range: 'bytes=4-7' })
    assert.deepEqual([part.status, String(part.body)], [206, 'file'])
    const same = await s.get('/get', { 'If-None-Match': header(whole, 'etag') ?? '' })
    assert.equal(same.status, 304)
    assert.match(header(same, 'set-cookie') ?? '', /a=1/)
    assert.equal((await s.get('/get', {}, { method: 'HEAD' })).status, 200)
    assert.equal(String((await s.get('/get', {}, { method: 'POST', body: 'x' })).body), 'the file')
  }
})

test('a file that an application names where it may not is 404, and the header stays here', async t => {
  const s = await stageStaticFiles(t, dir => ({
    '/protected': { dir: join(dir, 'files'), internal: true },
    '/public': join(dir, 'other'),
  }))
  mkdirSync(join(s.dir, 'other'))
  writeFileSync(join(s.dir, 'other/b'), 'public')
  writeFileSync(join(s.dir, 'secret'), 'secret')
  const wrong: [string, string][] = [
    ['X-Accel-Redirect', '/protected/none'],
    ['X-Accel-Redirect', '/public/b'],
    ['X-Accel-Redirect', '/protected/../secret'],
    ['X-Accel-Redirect', '/protected/%2e%2e/secret'],
    ['X-Accel-Redirect', '/protected/%252e%252e/secret'],
    ['X-Accel-Redirect', '/protected/%zz'],
    ['X-Accel-Redirect', 'http://127.0.0.1/protected/a'],
    ['X-Accel-Redirect', ''],
    ['X-Sendfile', join(s.dir, 'secret')],
    ['X-Sendfile', `${s.dir}/files/../secret`],
    ['X-Sendfile', `${s.dir}/filesX`],
    ['X-Sendfile', join(s.dir, 'other/b')],
    ['X-Sendfile', 'files/a'],
  ]
  for (const [name, value] of wrong) {
    s.app = res => void res.writeHead(200, { [name]: value }).end('dropped')
    const response = await s.get('/get')
    assert.equal(response.status, 404, `${name}: ${value}`)
    assert.equal(header(response, name.toLowerCase()), undefined)
  }
  assert.equal(s.warnings.filter(line => line.startsWith('edge.static.not-internal')).length, wrong.length)
})

test('without an internal mount those headers are the application’s own', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/public': join(dir, 'files') }))
  s.app = res => void res.writeHead(200, { 'X-Accel-Redirect': '/public/a' }).end('body')
  const response = await s.get('/get')
  assert.deepEqual([header(response, 'x-accel-redirect'), String(response.body)], ['/public/a', 'body'])
})
