/** Express, Koa and Fastify, and what is used with them, answer over HTTP/2 as they do over Node's own HTTP/1.1. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import http, { type RequestListener, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { createGzip, gzipSync } from 'node:zlib'
import type { Express, RequestHandler } from 'express'
import { type Ask, openBoth, type Told } from '../../../test/support/both-protocols.ts'

const load = createRequire(import.meta.url)

/** A folder with a file, and an upstream that answers with headers of its own connection. */
async function surroundings(t: TestContext): Promise<{ readonly dir: string; readonly port: number }> {
  const dir = mkdtempSync(join(tmpdir(), 'saola-frameworks-'))
  t.after(() => rmSync(dir, { recursive: true }))
  writeFileSync(join(dir, 'file.txt'), 'f'.repeat(200_000))
  const upstream = http.createServer((req, res) => {
    res.setHeader('Keep-Alive', 'timeout=9').setHeader('X-Upstream', '1').write('from ')
    setImmediate(() => req.pipe(res))
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  t.after(() => upstream.close())
  return { dir, port: (upstream.address() as AddressInfo).port }
}

function expressApp(name: string, { dir, port }: { dir: string; port: number }): RequestListener {
  const express: typeof import('express') = load(name)
  const app = express()
  app.set('env', 'test')
  addAnswers(app, dir)
  addBodies(app, express)
  app.get(
    '/session',
    load('express-session')({ secret: 's', resave: false, saveUninitialized: true, genid: () => 'id' }),
    (req, res) => {
      res.json(req.sessionID)
    },
  )
  app.get('/compressed', (_req, res) => {
    compress(res)
    res.send('abc'.repeat(100_000))
  })
  app.all('/proxied', (req, res) => {
    const sent = http.request({ port, host: '127.0.0.1', method: req.method, headers: req.headers }, answer => {
      res.writeHead(answer.statusCode ?? 0, answer.headers)
      answer.pipe(res)
    })
    req.pipe(sent)
  })
  return app
}

function addAnswers(app: Express, dir: string): void {
  const statically: RequestHandler = load('serve-static')(dir)
  const onFinished: (res: ServerResponse, then: (error: unknown) => void) => void = load('on-finished')
  let last: unknown = 'nothing'
  app.get('/json', (_req, res) => void res.cookie('a', '1').json({ a: 1 }))
  app.get('/redirect', (_req, res) => res.redirect('/x'))
  app.get('/file', (_req, res) => res.sendFile(join(dir, 'file.txt')))
  app.use('/static', statically)
  app.get('/fails', () => {
    throw Object.assign(new Error('teapot'), { status: 418, stack: '' })
  })
  app.get('/facts', (req, res) => {
    res.json([req.protocol, req.secure, req.ip, req.hostname, req.xhr, req.fresh, req.query, req.accepts('html')])
  })
  app.get('/headers', (_req, res) => {
    res.vary('Accept').append('Link', '</a>').append('Link', '</b>').set('X-A', ['1', '2']).type('html').send('<p>')
  })
  app.get('/events', (_req, res) => {
    res.writeHead(200, { 'Content-Type': 'text/event-stream', Connection: 'keep-alive' }).flushHeaders()
    let count = 0
    const next = () => (++count > 3 ? res.end() : res.write(`data: ${count}\n\n`, () => setImmediate(next)))
    next()
  })
  app.get('/finished', (_req, res) => {
    onFinished(res, error => {
      last = error
    })
    res.send('x')
  })
  app.get('/last', (_req, res) => void res.json(last))
}

function addBodies(app: Express, express: typeof import('express')): void {
  app.post('/body', express.json(), express.urlencoded({ extended: true }), express.text(), (req, res) => {
    res.json(req.body)
  })
  app.post('/small', express.json({ limit: 10 }), (req, res) => void res.json(req.body))
  app.post('/form', load('multer')().any(), (req, res) => {
    const { files } = req as unknown as { files: readonly { readonly originalname: string; readonly size: number }[] }
    res.json([req.body, files.map(({ originalname, size }) => [originalname, size])])
  })
  const hide: import('express').ErrorRequestHandler = ({ status, message }, _req, res, _next) => {
    res.status(status ?? 500).send(message)
  }
  app.use(hide)
}

/** As the middleware `compression` stands in the way of an answer. */
function compress(res: ServerResponse): void {
  const { end, write } = res
  const gzip = createGzip()
  const begin = () => {
    if (res.headersSent) return
    res.setHeader('Content-Encoding', 'gzip').removeHeader('Content-Length')
    res.writeHead(res.statusCode)
  }
  res.write = ((chunk: string) => {
    begin()
    return gzip.write(chunk)
  }) as ServerResponse['write']
  res.end = ((chunk?: string) => {
    begin()
    gzip.end(chunk)
    return res
  }) as ServerResponse['end']
  gzip.on('data', chunk => {
    if (write.call(res, chunk, 'utf8') === false) gzip.pause()
  })
  gzip.on('end', () => end.call(res, undefined, 'utf8'))
  res.on('drain', () => gzip.resume())
}

const file = `--b\r\nContent-Disposition: form-data; name="f"; filename="f.txt"\r\n\r\n${'x'.repeat(100_000)}\r\n`
const form = `--b\r\nContent-Disposition: form-data; name="a"\r\n\r\n1\r\n${file}--b--\r\n`

function post(path: string, type: string, body: string | Uint8Array, headers: Record<string, string> = {}): Ask {
  return { path, method: 'POST', headers: { 'content-type': type, ...headers }, body }
}

const expressAsks: readonly Ask[] = [
  ...['/json', '/redirect', '/file', '/static/file.txt', '/static/none', '/none', '/fails', '/facts?a=1&b[]=2'],
  ...['/headers', '/events', '/finished', '/last', '/session', '/compressed', '/proxied'],
].map(path => ({ path }))

const otherAsks: readonly Ask[] = [
  ...['/json', '/file', '/compressed', '/none'].map(path => ({ path, method: 'HEAD' })),
  { path: '/json', method: 'OPTIONS' },
  { path: '/file', headers: { range: 'bytes=1-3' } },
  { path: '/file', headers: { range: 'bytes=900000-' } },
  { path: '/static/file.txt', headers: { 'if-modified-since': 'Tue, 01 Jan 2999 00:00:00 GMT' } },
  post('/body', 'application/json', '{"a":[1,2]}'),
  post('/body', 'application/json', '{"a":[1,2]}', { 'content-length': '11' }),
  post('/body', 'application/json', '{"a":[1,2'),
  post('/body', 'application/x-www-form-urlencoded', 'a[b]=1&c=2'),
  post('/body', 'text/plain', gzipSync('zipped'), { 'content-encoding': 'gzip' }),
  post('/body', 'text/plain', 'a', { 'content-encoding': 'x' }),
  post('/small', 'application/json', '{"a":[1,2,3,4,5,6,7]}'),
  post('/form', 'multipart/form-data; boundary=b', form),
  post('/form', 'multipart/form-data; boundary=b', 'broken'),
  post('/proxied', 'text/plain', 'p'.repeat(100_000)),
]

async function assertSame(t: TestContext, listener: RequestListener, asks: readonly Ask[]): Promise<void> {
  const sides = await openBoth(t, listener)
  for (const what of asks) {
    const told: Told[] = []
    for (const side of sides) told.push(await side.ask(what))
    assert.deepEqual(told[1], told[0], `${what.method ?? 'GET'} ${what.path}`)
    assert.ok(told[0]?.isWhole && told[0].status > 0, `${what.method ?? 'GET'} ${what.path}`)
  }
}

for (const name of ['express', 'express4']) {
  test(`${name}: files, ranges, redirects, bodies, forms, sessions, events, compression, a proxy`, async t => {
    await assertSame(t, expressApp(name, await surroundings(t)), [...expressAsks, ...otherAsks])
  })
}

const some: readonly Ask[] = [
  { path: '/empty' },
  ...['/json', '/stream', '/fails'].flatMap(path => [{ path }, { path, method: 'HEAD' }]),
  post('/echo', 'application/json', '{"a":1}'),
  post('/echo', 'application/json', '{"a":1'),
  post('/echo', 'text/plain', 'a text', { 'content-length': '6' }),
]

test('Koa: answers of each kind, streams, errors and bodies', async t => {
  const { default: Koa } = await import('koa' as string)
  const app = new Koa({ env: 'test', silent: true })
  app.silent = true
  app.use(async (ctx: KoaContext) => {
    if (ctx.path === '/json') ctx.body = { a: 1 }
    else if (ctx.path === '/stream') ctx.body = createGzip().end('abc')
    else if (ctx.path === '/fails') throw Object.assign(new Error('teapot'), { status: 418, expose: true })
    else if (ctx.path === '/empty') ctx.status = 204
    else if (ctx.path === '/echo') ctx.body = ctx.req
  })
  await assertSame(t, app.callback(), some)
})

interface KoaContext {
  readonly path: string
  readonly req: http.IncomingMessage
  status: number
  body: unknown
}

test('Fastify: answers of each kind, streams, errors and bodies', async t => {
  const { default: fastify } = await import('fastify')
  const app = fastify()
  app.get('/json', (_request, reply) => reply.header('set-cookie', ['a=1', 'b=2']).send({ a: 1 }))
  app.get('/stream', (_request, reply) => reply.send(createGzip().end('abc')))
  app.get('/fails', () => {
    throw Object.assign(new Error('teapot'), { statusCode: 418 })
  })
  app.get('/empty', (_request, reply) => reply.code(204).send())
  app.post('/echo', request => ({ got: request.body }))
  await app.ready()
  t.after(() => app.close())
  await assertSame(t, (req, res) => app.routing(req, res), some)
})
