/** The cache before a real upstream, and behind all that stands before it: over HTTP/1.1 and HTTP/2, with TLS. */
import assert from 'node:assert/strict'
import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import http2 from 'node:http2'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { request } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

// Each answer has the number of how often its path was asked for. Those that live for a second have no Date: they may be on their
// way for as long, and come expired.
const upstreamSource = `
const { createServer } = require('node:http')
const counts = {}
createServer((req, res) => {
  const path = req.url.split('?')[0]
  const body = path + ' ' + (counts[path] = (counts[path] ?? 0) + 1)
  res.setHeader('X-Powered-By', 'upstream')
  if (path === '/vary') return res.setHeader('Vary', 'Accept-Language').end(body + ' ' + req.headers['accept-language'])
  if (path === '/short') { res.writeHead(200, { 'Content-Length': 1000 }).write(body); return setImmediate(() => res.destroy()) }
  if (path === '/missing') return res.writeHead(404, { 'Content-Type': 'text/html' }).end(body)
  res.sendDate = path !== '/etag' && path !== '/brief'
  if (path === '/etag') {
    res.setHeader('Cache-Control', 'max-age=1')
    res.setHeader('ETag', '"one"')
    if (req.headers['if-none-match'] === '"one"') return res.setHeader('X-Renewed', body).writeHead(304).end()
  }
  if (path === '/brief') res.setHeader('Cache-Control', 'max-age=1')
  res.end(body)
}).listen(0, '127.0.0.1', function () { console.log(this.address().port) })`

async function startUpstream(t: TestContext): Promise<{ child: ChildProcess; url: string }> {
  const child = spawn(process.execPath, ['-e', upstreamSource], { stdio: ['ignore', 'pipe', 'inherit'] })
  t.after(() => child.kill('SIGKILL'))
  const [port] = await once(child.stdout, 'data')
  return { child, url: `http://127.0.0.1:${String(port).trim()}` }
}

// The host is a part of the key.
const host = 'localhost'

interface Answer {
  readonly status: number
  readonly headers: ReadonlyMap<string, string>
  readonly body: string
}

type Get = (path: string, headers?: Record<string, string>) => Promise<Answer>

function getOver1(tree: Tree): Get {
  return async (path, headers = {}) => {
    const { status, headers: own, body } = await request(tree.url, { path, headers: { Host: host, ...headers } })
    return { status, headers: own, body: String(body) }
  }
}

function getOver2(t: TestContext, tree: Tree): (...args: [...Parameters<Get>, body?: string]) => Promise<Answer> {
  const session = http2.connect(tree.url, { rejectUnauthorized: false })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return async (path, headers = {}, body) => {
    const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value])
    const fields = { ':path': path, ':authority': host, ...Object.fromEntries(lower) }
    const stream = session.request(fields, { endStream: body === undefined })
    if (body !== undefined) stream.end(body)
    const [own] = await once(stream, 'response')
    const chunks = await stream.toArray()
    const all = Object.entries(own as object).map(([name, value]) => [name, String(value)] as const)
    return { status: Number(own[':status']), headers: new Map(all), body: String(Buffer.concat(chunks)) }
  }
}

const statusOf = ({ headers }: Answer) => headers.get('cache-status') ?? ''

test('hits, stale answers and variants before an upstream, with headers, error pages, files, TLS and HTTP/2', async t => {
  const upstream = await startUpstream(t)
  const edge = {
    headers: [{ path: '/', set: { 'X-Edge': 'yes' }, remove: ['X-Powered-By'] }],
    errorPages: { intercept: true, '404': './404.html', '5xx': './5xx.html' },
    static: { '/': './public' },
    cache: [{ path: '/', ttl: '1h', grace: '1ms' }],
    proxy: { '/': { to: [upstream.url], failTimeout: '100ms' } },
  }
  const web = {
    // One: what workers share, edge-cache-fetches-once-and-outlives-the-origin.test.ts says. On a busy machine they may do without.
    ...{ listen: '127.0.0.1:0', workers: 1, tls: 'self-signed', edge },
    accessLog: { file: './access.log', format: '%(r)s %(s)s %({Cache-Status}o)s' },
  }
  const tree = await startTree(t, {
    files: { 'public/file.txt': 'file', '404.html': 'page for 404', '5xx.html': 'page for 5xx' },
    config: { apps: { web } },
  })
  const over1 = getOver1(tree)
  const over2 = getOver2(t, tree)
  const clients = Object.entries({ 'HTTP/1.1': over1, 'HTTP/2': over2 })

  await t.test('a hit is the same for all, has the headers of the edge, and files go before it', async () => {
    const first = await over1('/page?a=1')
    assert.equal(statusOf(first), 'saola; fwd=miss; stored; ttl=3600')
    for (const [name, get] of clients) {
      const hit = await until(`a hit over ${name}`, async () => {
        const answer = await get('/page?a=1')
        return statusOf(answer).startsWith('saola; hit') && answer
      })
      assert.equal(hit.body, '/page 1')
      assert.deepEqual([hit.headers.get('x-edge'), hit.headers.get('x-powered-by')], ['yes', undefined])
      assert.equal((await get('//./page?a=1')).body, '/page 1', 'another way to write the same')
      const part = await get('/page?a=1', { Range: 'bytes=1-4' })
      assert.deepEqual([part.status, part.body, part.headers.get('x-edge')], [206, 'page', 'yes'])
      const file = await get('/file.txt')
      assert.deepEqual([file.body, statusOf(file), file.headers.get('x-edge')], ['file', '', 'yes'])
    }
  })

  await t.test('answers vary', async () => {
    for (const [language, body] of Object.entries({ de: '/vary 1 de', fr: '/vary 2 fr' })) {
      for (const [, get] of clients) assert.equal((await get('/vary', { 'Accept-Language': language })).body, body)
    }
  })

  await t.test('the body of a GET, for which HTTP/2 needs no header, goes past the cache', async () => {
    const answer = await over2('/with-body', {}, 'body')
    assert.deepEqual([statusOf(answer), answer.body], ['saola; fwd=bypass; detail=body', '/with-body 1'])
    assert.equal((await over2('/with-body')).body, '/with-body 2')
  })

  await t.test('what is unchanged is renewed by a 304', async () => {
    const first = await over1('/etag')
    assert.equal(first.headers.get('x-renewed'), undefined)
    const renewed = await until('it is renewed', async () => {
      const answer = await over2('/etag')
      return answer.headers.has('x-renewed') && answer
    })
    assert.deepEqual([renewed.status, renewed.body], [200, first.body])
    assert.equal((await over1('/etag', { 'If-None-Match': 'W/"one"' })).status, 304)
  })

  await t.test('what broke off is not kept, and an error has its page', async () => {
    await assert.rejects(over1('/short'))
    await assert.rejects(over1('/short'))
    for (const [, get] of clients) {
      const missing = await get('/missing')
      assert.deepEqual([missing.status, missing.body, missing.headers.get('x-edge')], [404, 'page for 404', 'yes'])
    }
  })

  await t.test('without the upstream what is kept is served on, and the rest has its page', async () => {
    await over1('/brief')
    upstream.child.kill('SIGKILL')
    await once(upstream.child, 'exit')
    for (const [name, get] of clients) {
      const stale = await until(`it is stale over ${name}`, async () => {
        const answer = await get('/brief')
        assert.deepEqual([answer.status, answer.body], [200, '/brief 1'])
        return statusOf(answer).includes('ttl=-') && answer
      })
      assert.equal(stale.headers.get('x-edge'), 'yes')
      const other = await get('/never-seen')
      assert.deepEqual([other.status >= 502, other.body], [true, 'page for 5xx'])
    }
  })

  await t.test('the access log says what the cache did, and so do the statistics', async () => {
    const log = () => readFileSync(join(tree.dir, 'access.log'), 'utf8')
    await until('a stale answer is in the log', () => /GET \/brief HTTP\/2.* 200 saola; hit.*; ttl=-/.test(log()))
    assert.match(log(), /GET \/page\?a=1 HTTP\/1.1 200 saola; hit; ttl=\d+/)
    assert.match(log(), /GET \/file.txt HTTP\/1.1 200 -/)
    const { stdout, code } = await tree.cli('cache', 'stats')
    assert.equal(code, 0)
    assert.match(stdout, /^NAME +HITS +STALE +MISSES +PASSES +ADDRESSES +MEMORY\nweb:0 .*\n$/)
  })
})
