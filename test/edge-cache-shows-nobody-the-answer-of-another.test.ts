import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startOnEveryProtocol } from './support/every-protocol.ts'
import { formatRequest, HttpConnection, type RequestOptions, request } from './support/http-connection.ts'
import { startTree } from './support/tree.ts'

// Whoever asks is named in the answer, by whatever the application may know the client by.
const app = `
export default (req, res) => {
  const { authorization, cookie, 'x-user': user, 'accept-language': language } = req.headers
  const [path, query = ''] = req.url.split('?')
  for (const [name, value] of new URLSearchParams(query)) res.setHeader(name, value)
  if (path === '/login') res.setHeader('Set-Cookie', 'session=' + Math.random())
  res.end(JSON.stringify({ path, authorization, cookie, user, language, once: Math.random() }))
}`

const kinds = {
  express: `import express from 'express'
const app = express()
app.get('/x', (req, res) => res.send('express ' + req.method + ' ' + req.protocol + ' ' + req.ip))
export default app`,
  fetch: `export default { fetch: request => new Response('fetch ' + request.method + ' ' + new URL(request.url).pathname) }`,
  koa: `import Koa from 'koa'
const app = new Koa()
app.use(context => { context.body = 'koa ' + context.method + ' ' + context.path })
export default app.callback()`,
}

const long = 'Cache-Control=public,max-age=3600'

/** What one user sends, and where; nothing of it may come to another. */
const cases: Record<string, Pick<RequestOptions, 'path' | 'headers'>> = {
  'Authorization, though the answer is public': { path: `/a?${long}`, headers: { Authorization: 'Basic c2VjcmV0' } },
  'a cookie': { path: `/b?${long}`, headers: { Cookie: 'session=secret' } },
  'a cookie at what looks like a file': { path: `/account/secret.css?${long}`, headers: { Cookie: 'session=secret' } },
  'Set-Cookie': { path: `/login?${long}` },
  'Set-Cookie at what looks like a file': { path: `/secret.png?Set-Cookie=session%3Dsecret&${long}` },
  private: { path: '/c?Cache-Control=private,max-age=60' },
  'no-store in capitals': { path: '/d?CACHE-CONTROL=NO-STORE' },
  'a list that is broken': { path: '/e?Cache-Control=max-age%3D60%20private' },
  'Vary: *': { path: `/f?Vary=*&${long}` },
  'Vary by a header that is not in the key': { path: `/g?Vary=X-User&${long}`, headers: { 'X-User': 'secret' } },
  'a header that the application forgot to name': { path: `/h?${long}`, headers: { 'X-User': 'secret' } },
  'a token of its own': { path: `/i?${long}`, headers: { 'X-Auth-Token': 'secret', 'X-User': 'secret' } },
}

const isAnonymous = new Set(['a header that the application forgot to name'])

const onceOf = ({ body }: { body: Buffer | string }) => String(JSON.parse(String(body)).once)

test('no answer to one user is served to another', async t => {
  const edge = { cache: [{ path: '/', ttl: '1h' }] }
  const others = Object.keys(kinds).map((name, i) => [
    name,
    { app: `./${name}.mjs`, listen: `127.0.0.${i + 2}:0`, workers: 1, edge },
  ])
  const files = Object.fromEntries(Object.entries(kinds).map(([name, source]) => [`${name}.mjs`, source]))
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, edge }
  const tree = await startTree(t, {
    files: { ...files, 'app.mjs': app },
    packages: ['express', 'koa'],
    config: { apps: { web, ...Object.fromEntries(others) } },
  })
  const strangers = await Promise.all(Array.from({ length: 8 }, () => HttpConnection.open(tree.url)))
  t.after(() => {
    for (const connection of strangers) connection.close()
  })

  for (const [what, asked] of Object.entries(cases)) {
    await t.test(what, async () => {
      const own = new Set<string>()
      for (let i = 0; i < 2; i++) own.add(onceOf(await request(tree.url, asked)))
      for (const connection of strangers) {
        connection.send(formatRequest({ path: asked.path ?? '/' }))
        const { body } = await connection.receive()
        const { authorization, cookie, user } = JSON.parse(String(body))
        assert.deepEqual([authorization, cookie, user], [undefined, undefined, undefined])
        // Made anew for each, unless what the user sent never reached the application.
        if (!isAnonymous.has(what)) assert.ok(!own.has(onceOf({ body })))
      }
    })
  }

  await t.test('and what is kept is served to all', async () => {
    const bodies = new Set<string>()
    for (const connection of strangers) {
      connection.send(formatRequest({ path: `/for-all?${long}`, headers: { 'X-User': 'somebody' } }))
      bodies.add(String((await connection.receive()).body))
    }
    assert.equal(bodies.size, 1)
  })

  for (const [index, name] of Object.keys(kinds).entries()) {
    await t.test(`a request of the cache's own is answered by ${name}`, async () => {
      const url = `http://${tree.listen.find(address => address.startsWith(`127.0.0.${index + 2}:`))}`
      const head = await request(url, { path: '/x', method: 'HEAD' })
      assert.match(head.headers.get('cache-status') ?? '', /^saola; fwd=miss; stored; ttl=3(600|599)$/)
      const { body, headers } = await request(url, { path: '/x' })
      assert.match(headers.get('cache-status') ?? '', /^saola; hit/)
      assert.match(
        String(body),
        name === 'express' ? /^express GET http .*127\.0\.0\.1/ : new RegExp(`^${name} GET /x$`),
      )
    })
  }
})

test('whichever protocol either of them speaks, also on one connection of HTTP/2', async t => {
  const { protocols } = await startOnEveryProtocol(t, {
    files: { 'app.mjs': app },
    edge: { cache: [{ path: '/', ttl: '1h' }] },
  })
  for (const [what, { path = '/', headers = {} }] of Object.entries(cases)) {
    for (const user of protocols) {
      const target = `${path}&by=${encodeURIComponent(user.name)}`
      const own = new Set<string>()
      for (let i = 0; i < 2; i++) own.add(onceOf(await user.ask({ target, headers: Object.entries(headers) })))
      for (const stranger of protocols) {
        const name = `${what}: ${user.name}, then ${stranger.name}`
        const { body } = await stranger.ask({ target })
        const { authorization, cookie, user: named } = JSON.parse(body)
        assert.deepEqual([authorization, cookie, named], [undefined, undefined, undefined], name)
        if (!isAnonymous.has(what)) assert.ok(!own.has(onceOf({ body })), name)
      }
    }
  }
  const [, ...secure] = protocols
  const shared = new Set<string>()
  for (const { ask } of secure) shared.add((await ask({ target: `/for-all?${long}` })).body)
  assert.equal(shared.size, 1)
})
