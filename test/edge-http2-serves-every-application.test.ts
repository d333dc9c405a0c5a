/** Express, Koa, Fastify, Hono, Nest and plain handlers know nothing of HTTP/2, and answer it. */
import assert from 'node:assert/strict'
import { execFile } from 'node:child_process'
import { once } from 'node:events'
import http2, { type ClientHttp2Session, type IncomingHttpHeaders, type OutgoingHttpHeaders } from 'node:http2'
import { type TestContext, test } from 'node:test'
import { promisify } from 'node:util'
import { certificate } from './support/certificate.ts'
import { startTree, type Tree } from './support/tree.ts'
import { until } from './support/until.ts'

const run = promisify(execFile)

/** Each answers: GET / with JSON and a cookie, POST /echo with the body, GET /large with 1 MB, GET /fail with an error. */
const applications: Record<string, string> = {
  'fetch.mjs': `export default { async fetch(request) {
    const { pathname } = new URL(request.url)
    if (pathname === '/echo') return new Response(request.body)
    if (pathname === '/large') return new Response('x'.repeat(1_000_000))
    if (pathname === '/fail') throw new Error('failed')
    return Response.json({ hello: 'world' }, { headers: { 'set-cookie': 'a=1' } })
  } }`,
  'listener.mjs': `export default (req, res) => {
    if (req.url === '/echo') return req.pipe(res)
    if (req.url === '/large') return res.end('x'.repeat(1_000_000))
    if (req.url === '/fail') return res.writeHead(500).end('failed')
    res.setHeader('Set-Cookie', 'a=1').setHeader('Content-Type', 'application/json').end('{"hello":"world"}')
  }`,
  'express.mjs': expressLike('express'),
  'express4.mjs': expressLike('express4'),
  'koa.mjs': `import Koa from 'koa'
    const app = new Koa({ env: 'test' })
    app.on('error', () => {})
    app.use(ctx => {
      if (ctx.path === '/echo') ctx.body = ctx.req
      else if (ctx.path === '/large') ctx.body = 'x'.repeat(1_000_000)
      else if (ctx.path === '/fail') throw new Error('failed')
      else { ctx.cookies.set('a', '1'); ctx.body = { hello: 'world' } }
    })
    export default app.callback()`,
  'fastify.mjs': `import Fastify from 'fastify'
    const app = Fastify()
    app.removeAllContentTypeParsers()
    app.addContentTypeParser('*', (request, payload, done) => done(null, payload))
    app.get('/', (request, reply) => reply.header('set-cookie', 'a=1').send({ hello: 'world' }))
    app.post('/echo', (request, reply) => reply.send(request.body))
    app.get('/large', (request, reply) => reply.send('x'.repeat(1_000_000)))
    app.get('/fail', () => { throw new Error('failed') })
    await app.ready()
    export default (req, res) => app.routing(req, res)`,
  'hono.mjs': `import { Hono } from 'hono'
    const app = new Hono()
    app.get('/', c => { c.header('set-cookie', 'a=1'); return c.json({ hello: 'world' }) })
    app.post('/echo', c => c.body(c.req.raw.body))
    app.get('/large', c => c.text('x'.repeat(1_000_000)))
    app.get('/fail', () => { throw new Error('failed') })
    export default app`,
  'nest.mjs': `import { Controller, Get, Module, Post, Req, Res } from '@nestjs/common'
    import { NestFactory } from '@nestjs/core'
    class All {
      hello(res) { res.cookie('a', '1'); return { hello: 'world' } }
      echo(req, res) { req.pipe(res) }
      large() { return 'x'.repeat(1_000_000) }
      fail() { throw new Error('failed') }
    }
    const on = (decorate, name) => decorate(All.prototype, name, Object.getOwnPropertyDescriptor(All.prototype, name))
    on(Get('/'), 'hello')
    on(Post('/echo'), 'echo')
    on(Get('/large'), 'large')
    on(Get('/fail'), 'fail')
    Res({ passthrough: true })(All.prototype, 'hello', 0)
    Req()(All.prototype, 'echo', 0)
    Res()(All.prototype, 'echo', 1)
    Controller()(All)
    class Root {}
    Module({ controllers: [All] })(Root)
    export default await NestFactory.create(Root, { logger: false, bodyParser: false })`,
}

function expressLike(name: string): string {
  return `import express from '${name}'
    const app = express()
    app.get('/', (req, res) => res.cookie('a', '1').json({ hello: 'world' }))
    app.post('/echo', (req, res) => req.pipe(res))
    app.get('/large', (req, res) => res.send('x'.repeat(1_000_000)))
    app.get('/fail', () => { throw new Error('failed') })
    export default app`
}

const refusedStream = 7
const nest = ['@nestjs/common', '@nestjs/core', '@nestjs/platform-express']
const packages = ['express', 'express4', 'koa', 'fastify', 'hono', ...nest]

function start(t: TestContext, names: readonly string[], settings: object = {}): Promise<Tree> {
  const apps = names.map(name => [
    name.replace('.mjs', ''),
    { app: `./${name}`, listen: '127.0.0.1:0', workers: 1, tls: { cert: './cert.pem', key: './key.pem' }, ...settings },
  ])
  const files = { ...applications, 'cert.pem': certificate.cert, 'key.pem': certificate.key }
  return startTree(t, { files, packages, config: { apps: Object.fromEntries(apps) } })
}

async function portOf(tree: Tree, app: string): Promise<number> {
  const { apps } = await tree.status()
  return Number(/:(\d+)$/.exec(apps.find(({ name }) => name === app)?.listen[0] ?? '')?.[1])
}

interface Answer {
  readonly headers: IncomingHttpHeaders
  readonly body: Buffer
  readonly resetCode: number | undefined
}

function ask(session: ClientHttp2Session, headers: OutgoingHttpHeaders, body?: Buffer): Promise<Answer> {
  return new Promise(resolve => {
    const stream = session.request(headers, { endStream: body === undefined })
    const chunks: Buffer[] = []
    let answer: IncomingHttpHeaders = {}
    stream.on('response', each => {
      answer = each
    })
    stream.on('data', chunk => chunks.push(chunk))
    stream.on('error', () => {})
    stream.on('close', () => resolve({ headers: answer, body: Buffer.concat(chunks), resetCode: stream.rstCode }))
    if (body) stream.end(body)
  })
}

function connectTo(t: TestContext, port: number): ClientHttp2Session {
  const session = http2.connect(`https://127.0.0.1:${port}`, { rejectUnauthorized: false })
  session.on('error', () => {})
  t.after(() => session.destroy())
  return session
}

test('every kind of application is served over HTTP/2', async t => {
  const tree = await start(t, Object.keys(applications), { accessLog: '%(m)s %(U)s %(H)s %(s)s %(B)s' })

  await t.test('GET, HEAD, POST, streams and errors', async () => {
    for (const file of Object.keys(applications)) {
      const name = file.replace('.mjs', '')
      const session = connectTo(t, await portOf(tree, name))
      const hello = await ask(session, { ':path': '/' })
      assert.equal(hello.headers[':status'], 200, name)
      assert.deepEqual(JSON.parse(String(hello.body)), { hello: 'world' }, name)
      assert.match(String(hello.headers['set-cookie']), /^a=1/, name)
      assert.equal(hello.headers.connection, undefined, name)
      const upload = Buffer.alloc(1_000_000, 'u')
      const type = { 'content-type': 'application/octet-stream' }
      const [head, echo, large, failed] = await Promise.all([
        ask(session, { ':path': '/', ':method': 'HEAD' }),
        ask(session, { ':path': '/echo', ':method': 'POST', ...type }, upload),
        ask(session, { ':path': '/large' }),
        ask(session, { ':path': '/fail' }),
      ])
      assert.ok(Number(head.headers[':status']) < 500 && head.resetCode === 0 && head.body.length === 0, `${name} HEAD`)
      assert.ok(echo.body.equals(upload), `${name} POST`)
      assert.equal(large.body.length, 1_000_000, name)
      assert.equal(failed.headers[':status'], 500, name)
      session.close()
    }
  })

  await t.test('the access log has the protocol, the status and the bytes of the body', async () => {
    const session = connectTo(t, await portOf(tree, 'listener'))
    await Promise.all([ask(session, { ':path': '/large' }), ask(session, { ':path': '/' })])
    await tree.waitForLine(/GET \/large HTTP\/2\.0 200 1000000/)
    await tree.waitForLine(/GET \/ HTTP\/2\.0 200 17/)
  })

  await t.test('curl and h2load are served', async () => {
    const url = `https://127.0.0.1:${await portOf(tree, 'express')}`
    const format = '%{http_version} %{response_code} %{size_download}'
    const curl = await run('curl', ['-sk', '--http2', '-o', '/dev/null', '-w', format, `${url}/large`])
    assert.equal(curl.stdout, '2 200 1000000')
    const body = Buffer.alloc(300_000, 'b').toString()
    const upload = run('curl', ['-sk', '--http2', '--data-binary', '@-', '-w', ' %{response_code}', `${url}/echo`], {
      maxBuffer: 1_000_000,
    })
    upload.child.stdin?.end(body)
    assert.ok((await upload).stdout === `${body} 200`)
    const load = await run('h2load', ['-n', '2000', '-c', '4', '-m', '20', `${url}/`])
    assert.match(load.stdout, /2000 succeeded, 0 failed, 0 errored, 0 timeout/)
  })
})

test('a request that takes too long gets 503, and the others on its connection go on', async t => {
  const source = `export default (req, res) => {
    if (req.url !== '/slow') return void res.end('at once')
    setTimeout(() => { res.end('late'); console.log('answered late') }, 600)
  }`
  const tree = await startTree(t, {
    files: { 'app.mjs': source, 'cert.pem': certificate.cert, 'key.pem': certificate.key },
    config: {
      apps: {
        web: {
          app: './app.mjs',
          listen: '127.0.0.1:0',
          workers: 1,
          requestTimeout: '300ms',
          tls: { cert: './cert.pem', key: './key.pem' },
        },
      },
    },
  })
  const session = connectTo(t, await portOf(tree, 'web'))
  const [slow, quick] = await Promise.all([ask(session, { ':path': '/slow' }), ask(session, { ':path': '/' })])
  assert.deepEqual([slow.headers[':status'], String(slow.body), slow.resetCode], [503, 'Service Unavailable\n', 0])
  assert.equal(String(quick.body), 'at once')
  // The application's own answer came after that, and harmed nothing.
  await tree.waitForLine(/answered late/)
  assert.equal(String((await ask(session, { ':path': '/' })).body), 'at once')
})

test('a reload under load loses no request of a client that heeds GOAWAY', async t => {
  const tree = await start(t, ['express.mjs'], { workers: 2 })
  const port = await portOf(tree, 'express')
  let isOver = false
  const counts = { answered: 0, sessions: 0 }
  const failed: unknown[] = []
  const lane = async () => {
    while (!isOver) {
      const session = connectTo(t, port)
      await once(session, 'connect')
      counts.sessions++
      let isLeaving = false
      let lastStream = Number.POSITIVE_INFINITY
      session.on('goaway', (_code, last) => {
        isLeaving = true
        lastStream = last
      })
      while (!isOver && !isLeaving && !session.closed && !session.destroyed) {
        const stream = session.request({ ':path': '/' })
        let status = 0
        stream.on('response', headers => {
          status = Number(headers[':status'])
        })
        stream.on('error', () => {})
        await new Promise(resolve => stream.resume().on('close', resolve))
        if (status === 200 && stream.rstCode === 0) counts.answered++
        // Behind the last stream nothing was begun: the client may ask again (RFC 9113, 6.8 and 8.7).
        else if ((stream.id ?? Number.POSITIVE_INFINITY) <= lastStream && stream.rstCode !== refusedStream) {
          failed.push([stream.id, status, stream.rstCode])
        }
      }
      session.close()
    }
  }
  const lanes = Promise.all(Array.from({ length: 6 }, lane))
  const answered = (wanted: number) => Promise.race([lanes, until('all go on', () => counts.answered >= wanted)])
  await answered(50)
  await tree.reload()
  await answered(counts.answered + 50)
  isOver = true
  await lanes
  assert.deepEqual(failed, [])
  assert.ok(counts.sessions > 6, JSON.stringify(counts))
})
