/** Behind the edge, every kind of application gets its requests as if it had read them from a connection of its own. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import { text } from 'node:stream/consumers'
import { type TestContext, test } from 'node:test'
import { WebSocket } from 'ws'
import { certificate } from './support/certificate.ts'
import { formatRequest, HttpConnection, request, waitTimeoutMs } from './support/http-connection.ts'
import { spawnTree, startTree, type Tree } from './support/tree.ts'

const answer = `
  const answer = async (req, res) => {
    let bytes = 0
    for await (const chunk of req) bytes += chunk.length
    if (req.url === '/slow') await new Promise(resolve => setTimeout(resolve, 300))
    res.end(req.method + ' ' + req.url + ' ' + bytes)
  }`
const fetchBody = `async request => {
    const { pathname, search } = new URL(request.url)
    const { byteLength } = await request.arrayBuffer()
    if (pathname === '/slow') await new Promise(resolve => setTimeout(resolve, 300))
    return new Response(request.method + ' ' + pathname + search + ' ' + byteLength)
  }`

/** Each answers with the method, the target and the bytes of the body. */
const applications: Record<string, readonly [file: string, source: string]> = {
  'a fetch handler': ['fetch.mjs', `export default { fetch: ${fetchBody} }`],
  Hono: [
    'hono.mjs',
    `import { Hono } from 'hono'\nconst app = new Hono()\nconst answer = ${fetchBody}
     app.all('*', c => answer(c.req.raw))\nexport default app`,
  ],
  'Express 4': ['express4.cjs', `${answer}\nconst app = require('express4')()\napp.use(answer)\nmodule.exports = app`],
  'Express 5': ['express5.mjs', `import express from 'express'\n${answer}\nexport default express().use(answer)`],
  Koa: [
    'koa.mjs',
    `import Koa from 'koa'\n${answer}
     export default new Koa().use(ctx => { ctx.respond = false; ctx.status = 200; return answer(ctx.req, ctx.res) })`,
  ],
  Fastify: [
    'fastify.mjs',
    `import fastify from 'fastify'\n${answer}\nconst app = fastify()
     app.removeAllContentTypeParsers()
     app.addContentTypeParser('*', (req, body, done) => done(null))
     app.all('/*', (req, reply) => { reply.hijack(); return answer(req.raw, reply.raw) })\nexport default app`,
  ],
  NestJS: [
    'nest.mjs',
    `import { All, Controller, Module, Req, Res } from '@nestjs/common'\nimport { NestFactory } from '@nestjs/core'\n${answer}
     class Any { answer(req, res) { return answer(req, res) } }
     All('{*any}')(Any.prototype, 'answer', Object.getOwnPropertyDescriptor(Any.prototype, 'answer'))
     Req()(Any.prototype, 'answer', 0)\nRes()(Any.prototype, 'answer', 1)\nController()(Any)
     class Root {}\nModule({ controllers: [Any] })(Root)
     export default await NestFactory.create(Root, { logger: false, bodyParser: false })`,
  ],
  'a listener': ['listener.mjs', `${answer}\nexport default answer`],
  'a server': ['server.mjs', `import http from 'node:http'\n${answer}\nexport default http.createServer(answer)`],
  'a script that listens': [
    'listens.ts',
    `import http from 'node:http'\nconst port: number = 3000\n${answer}\nhttp.createServer(answer).listen(port)`,
  ],
  'CommonJS that listens': ['commonjs.cjs', `${answer}\nrequire('node:http').createServer(answer).listen(3000)`],
}

test('every kind of application gets targets and bodies as they are, and ends without losing an answer', async t => {
  const kinds = Object.entries(applications)
  const tree = await startTree(t, {
    packages: [
      'express',
      'express4',
      'koa',
      'fastify',
      'hono',
      '@nestjs/common',
      '@nestjs/core',
      '@nestjs/platform-express',
    ],
    files: Object.fromEntries(kinds.map(([, [file, source]]) => [file, source])),
    config: appsOf(Object.fromEntries(kinds.map(([, [file]]) => [nameOf(file), { app: `./${file}` }]))),
  })
  const slow = []
  for (const [kind, [file]] of kinds) {
    const url = await urlOf(tree, nameOf(file))
    assert.equal(await get(url, '/todo?a=1&b=%2F'), '200 GET /todo?a=1&b=%2F 0', kind)
    const body = Buffer.alloc(200_000, 'u')
    const posted = await request(url, { method: 'POST', path: '/', body, headers: { 'Content-Type': 'text/plain' } })
    assert.equal(String(posted.body), 'POST / 200000', kind)
    assert.equal(await upload(url, { expect: true }), '100 200 PUT /up 9', kind)
    assert.equal((await request(url, { method: 'HEAD', path: '/' })).status, 200, kind)
    const connection = await HttpConnection.open(url)
    connection.send(formatRequest({ path: '/slow' }))
    const answer = connection.receive()
    // Looked at below; if something else fails before, that is what counts.
    answer.catch(() => {})
    slow.push({ kind, answer })
  }
  const exit = tree.stop()
  for (const { kind, answer } of slow) assert.equal(String((await answer).body), 'GET /slow 0', kind)
  assert.deepEqual(await exit, { code: 0, signal: null })
})

const listening = `import http from 'node:http'\n${answer}\nconst server = http.createServer(answer)\n`

test('an application uses its server as it likes', async t => {
  const files = {
    'continues.mjs': `${listening}server.on('checkContinue', (req, res) => {
        if (req.headers['x-refuse']) return res.writeHead(413).end('too much')
        res.writeContinue()
        answer(req, res)
      }).listen(3000)`,
    'again.mjs': `${listening}server.on('checkContinue', (req, res) => {
        res.writeContinue()
        server.emit('request', req, res)
      }).listen(3000)`,
    'replaces.mjs': `${listening}server.on('request', () => {
        server.removeAllListeners('request')
        server.on('request', (req, res) => res.end('replaced'))
      }).listen(3000)`,
    'closes.mjs': `${listening}server.on('request', req => { if (req.url === '/close') server.close() }).listen(3000)`,
    'sockets.mjs': `import http from 'node:http'\nimport { WebSocketServer } from 'ws'
      const server = http.createServer()
      new WebSocketServer({ server, path: '/chat' }).on('connection', (socket, req) => {
        socket.send('hello ' + req.url)
        socket.on('message', data => socket.send('you said ' + data))
      })
      server.listen(3000)`,
  }
  const names = Object.keys(files)
  const config = appsOf(Object.fromEntries(names.map(file => [nameOf(file), { app: `./${file}` }])))
  const tree = await startTree(t, { packages: ['ws'], files, config })

  const [continues, again] = [await urlOf(tree, 'continues'), await urlOf(tree, 'again')]
  assert.equal(await upload(continues, { expect: true }), '100 200 PUT /up 9')
  assert.equal(await upload(continues, { expect: true, headers: { 'X-Refuse': '1' } }), '413 too much')
  assert.equal(await upload(continues, {}), '200 PUT /up 9')
  assert.equal(await upload(again, { expect: true }), '100 200 PUT /up 9')

  const replaces = await urlOf(tree, 'replaces')
  assert.equal(await get(replaces, '/'), '200 GET / 0')
  assert.equal(await get(replaces, '/'), '200 replaced')

  const closes = await urlOf(tree, 'closes')
  const ready = tree.waitForEvent('worker.ready', { name: /^closes:/ }, { since: tree.lines.length })
  assert.equal(await get(closes, '/close'), '200 GET /close 0')
  await ready
  assert.equal(await get(closes, '/'), '200 GET / 0')

  const sockets = await urlOf(tree, 'sockets')
  assert.deepEqual(await converse(t, `${sockets}/chat?a=1`), ['hello /chat?a=1', 'you said things'])
  await assert.rejects(converse(t, `${sockets}/else`), /400/)
  // Nobody listens to plain requests there.
  assert.match(await get(sockets, '/'), /^404/)
  // And nobody to WebSockets here: it is a request like any other, as without an edge.
  const upgrade = { Connection: 'Upgrade', Upgrade: 'websocket' }
  assert.equal((await request(replaces, { headers: upgrade })).status, 200)
})

test('an application that speaks TLS, HTTP/2 or no HTTP itself cannot stand behind the edge, and is told why', async t => {
  const secure = `const certificate = ${JSON.stringify(certificate)}\n`
  const sources = {
    'TLS or HTTP/2 itself': [
      `import https from 'node:https'\n${secure}https.createServer(certificate).listen(3000)`,
      `import http2 from 'node:http2'\nhttp2.createServer().listen(3000)`,
      `import http2 from 'node:http2'\n${secure}http2.createSecureServer(certificate).listen(3000)`,
      `import tls from 'node:tls'\n${secure}tls.createServer(certificate).listen(3000)`,
    ],
    'no HTTP': [`export default { connection: socket => socket.end('hello') }`],
  }
  for (const [what, list] of Object.entries(sources)) {
    const trees = list.map(source =>
      spawnTree(t, { files: { 'app.mjs': source }, config: appsOf({ web: { app: './app.mjs' } }) }),
    )
    for (const tree of trees) {
      assert.deepEqual(await tree.exit, { code: 1, signal: null })
      const said = `expected an application that serves plain HTTP/1.1, and this one speaks ${what}`
      assert.ok(
        tree.lines.some(line => line.includes(said)),
        tree.lines.join('\n'),
      )
    }
  }
})

function appsOf(apps: Readonly<Record<string, object>>): object {
  const common = { listen: '127.0.0.1:0', workers: 1, edge: {}, graceful: { idle: '200ms' } }
  return { apps: Object.fromEntries(Object.entries(apps).map(([name, app]) => [name, { ...common, ...app }])) }
}

function nameOf(file: string): string {
  return file.split('.')[0] ?? ''
}

async function urlOf(tree: Tree, name: string): Promise<string> {
  const { apps } = await tree.status()
  return `http://${apps.find(app => app.name === name)?.listen[0]}`
}

async function get(url: string, path: string): Promise<string> {
  const { status, body } = await request(url, { path })
  return `${status} ${body}`
}

interface Upload {
  readonly expect?: boolean
  readonly headers?: Record<string, string>
}

/** PUT in two chunks; with `Expect: 100-continue` they are only sent when the server wants them. */
async function upload(url: string, { expect = false, headers = {} }: Upload): Promise<string> {
  const asking: Record<string, string> = expect ? { Expect: '100-continue' } : {}
  const sent = http.request(`${url}/up`, {
    method: 'PUT',
    agent: false,
    timeout: waitTimeoutMs,
    headers: { 'Content-Type': 'text/plain', 'Transfer-Encoding': 'chunked', ...asking, ...headers },
  })
  let told = ''
  const sendBody = () => {
    sent.write('some')
    sent.end(' more')
  }
  sent.on('timeout', () => sent.destroy(new Error(`no answer to an upload ${JSON.stringify(headers)}`)))
  sent.on('continue', () => {
    told = '100 '
    sendBody()
  })
  if (expect) sent.flushHeaders()
  else sendBody()
  try {
    const [response] = (await once(sent, 'response')) as [http.IncomingMessage]
    return `${told}${response.statusCode} ${await text(response)}`
  } finally {
    sent.destroy()
  }
}

/** The first two messages of a WebSocket; the second answers ours. */
function converse(t: TestContext, url: string): Promise<string[]> {
  const socket = new WebSocket(url.replace('http', 'ws'), { handshakeTimeout: waitTimeoutMs })
  t.after(() => socket.terminate())
  const messages: string[] = []
  return new Promise((resolve, reject) => {
    socket.on('error', reject)
    socket.on('message', data => {
      messages.push(String(data))
      if (messages.length === 1) socket.send('things')
      else resolve(messages)
    })
  })
}
