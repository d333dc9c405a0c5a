import assert from 'node:assert/strict'
import { once } from 'node:events'
import { mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import net from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { formatRequest, HttpConnection, request } from '../../test/support/http-connection.ts'
import { type MeteredStage, openMeteredStage } from '../../test/support/metered-stage.ts'
import { makePair } from '../../test/support/pairs.ts'
import { deadUrl, startUpstream } from '../../test/support/proxy-stage.ts'
import { until } from '../../test/support/until.ts'
import { type RefusalReason, refusalReasons } from './refusals/reasons.ts'

const folder = realpathSync(mkdtempSync(join(tmpdir(), 'saola-counts-')))
after(() => rmSync(folder, { recursive: true, force: true }))
mkdirSync(join(folder, 'docs'))
writeFileSync(join(folder, 'docs', 'index.html'), 'index')
writeFileSync(join(folder, 'a.txt'), 'text')

type Requests = Readonly<Record<string, number>>

async function requestsAfter(stage: MeteredStage, responses: number): Promise<Requests> {
  const { edge } = await stage.figuresOf(responses)
  return Object.fromEntries(edge.routes.map(({ step, rule, requests }) => [`${step} ${rule}`.trim(), requests]))
}

test('each answer is counted once, by who has given it', async t => {
  const upstream = await startUpstream(t, (_req, res) => res.end('upstream'))
  const stage = await openMeteredStage(
    t,
    {
      access: [{ path: '/secret', deny: ['127.0.0.1'] }],
      redirects: { '/old/:id': '/new/:id', '/gone': '/' },
      static: { '/files': { dir: folder, fallthrough: true }, '/unused': folder },
      cache: {
        rules: [
          { path: '/news', ttl: '1h' },
          { path: '/api/kept', ttl: '1h' },
        ],
        maxSharedBytes: 0,
      },
      proxy: { '/api': upstream.url },
    },
    (_req, res) => res.end('application'),
  )
  const paths = [
    '/secret',
    '/old/1',
    '/old/2',
    '/files/a.txt',
    '/files/docs',
    '/files/missing',
    '/news/1',
    '/news/1',
    '/news/2',
    '/api/kept',
    '/api/kept',
    '/api/else',
    '/else',
  ]
  for (const path of paths) await request(stage.url, { path })
  assert.deepEqual(await requestsAfter(stage, paths.length), {
    'redirect /old/:id': 2,
    'redirect /gone': 0,
    'static /files': 2,
    'static /unused': 0,
    'cache /news': 1,
    'cache /api/kept': 1,
    'proxy /api': 2,
    application: 4,
    refusal: 1,
  })
  const { cache, upstreams, refusals } = stage.edgeFigures
  const { hits, stale, misses, passes, addresses } = cache ?? assert.fail()
  assert.deepEqual(
    { hits, stale, misses, passes, addresses },
    { hits: 2, stale: 0, misses: 3, passes: 0, addresses: 3 },
  )
  const { url } = upstream
  assert.deepEqual(upstreams, [{ rule: '/api', url, isHealthy: true, inFlight: 0, requests: 2, failures: 0 }])
  assert.equal(
    Object.values(refusals).reduce((sum, count) => sum + count, 0),
    1,
  )
})

test('what fails at one upstream and is answered by another one counts at both', async t => {
  const upstream = await startUpstream(t, (_req, res) => res.end('upstream'))
  const dead = await deadUrl()
  const stage = await openMeteredStage(t, {
    proxy: { '/': { to: [dead, upstream.url], balance: 'round-robin', maxFails: 1 } },
  })
  for (let i = 0; i < 4; i++) await request(stage.url)
  assert.deepEqual(await requestsAfter(stage, 4), { 'proxy /': 4, application: 0, refusal: 0 })
  const [down, up] = stage.edgeFigures.upstreams
  assert.deepEqual([down?.isHealthy, down?.requests, down?.failures], [false, 1, 1])
  assert.deepEqual([up?.isHealthy, up?.requests, up?.failures], [true, 4, 0])
})

test('a page of an error that the application has given is its answer', async t => {
  writeFileSync(join(folder, '500.html'), '<h1>Sorry</h1>')
  const errorPages = { intercept: true, 500: join(folder, '500.html') }
  const stage = await openMeteredStage(t, { errorPages }, (_req, res) => res.writeHead(500).end())
  assert.match(String((await request(stage.url)).body), /Sorry/)
  assert.deepEqual(await requestsAfter(stage, 1), { application: 1, refusal: 0 })
})

interface Case {
  readonly settings: object
  readonly application?: Parameters<typeof openMeteredStage>[2]
  readonly options?: Parameters<typeof openMeteredStage>[3]
  /** Does what is refused, and nothing else that is. */
  provoke(stage: MeteredStage, t: TestContext): Promise<unknown>
}

const get = (path = '/') => ({
  provoke: ({ url }: MeteredStage) => request(url, { path }),
})

/** Sends bytes that may be answered or not, and stays. */
async function send(t: TestContext, url: string, text = ''): Promise<net.Socket> {
  const { port, hostname } = new URL(url)
  const socket = net.connect(Number(port), hostname)
  t.after(() => socket.destroy())
  socket.on('error', () => {})
  await once(socket, 'connect')
  socket.write(text)
  return socket
}

const pair = makePair(['localhost'])
const never = () => {}

const cases: Readonly<Record<RefusalReason, Case>> = {
  'bad-request': { settings: {}, ...get('/a%2fb') },
  host: { settings: { hosts: ['shop.example'] }, ...get() },
  access: { settings: { access: [{ path: '/', deny: ['127.0.0.1'] }] }, ...get() },
  'rate-limit': {
    settings: { rateLimit: [{ path: '/', rate: '1/h', burst: 1 }] },
    provoke: async ({ url }) => {
      await request(url)
      await request(url)
    },
  },
  connections: {
    settings: { connections: { perAddress: 1 } },
    provoke: async ({ url }, t) => {
      await send(t, url, 'GET / HTTP/1.1\r\n')
      await once(await send(t, url), 'close')
    },
  },
  overload: {
    settings: { overload: { queue: 1, loopDelay: '1ms' } },
    // All come in one turn, and there is more to do than a turn takes in.
    application: (_req, res) => {
      const endsAt = performance.now() + 20
      while (performance.now() < endsAt);
      res.end()
    },
    provoke: async ({ url }, t) => {
      const connection = await HttpConnection.open(url)
      t.after(() => connection.close())
      connection.send(formatRequest({}).repeat(8))
    },
  },
  body: {
    settings: { limits: { bodyBytes: 10 } },
    provoke: ({ url }) => request(url, { method: 'POST', body: 'x'.repeat(11) }),
  },
  slow: {
    settings: { limits: { idleTimeout: '50ms' } },
    application: req => req.resume(),
    provoke: ({ url }, t) => send(t, url, 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nx'),
  },
  timeout: { settings: {}, application: never, options: { requestTimeoutMs: 20 }, ...get() },
  http2: {
    settings: { limits: { headerTimeout: '50ms' } },
    options: { pair },
    provoke: async ({ url }, t) => {
      const socket = tls.connect({ port: Number(new URL(url).port), ALPNProtocols: ['h2'], rejectUnauthorized: false })
      t.after(() => socket.destroy())
      socket.on('error', () => {})
      await once(socket, 'secureConnect')
      socket.write('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0')
    },
  },
  tls: { settings: {}, options: { pair }, provoke: ({ url }, t) => send(t, url, 'GET / HTTP/1.1\r\n\r\n') },
  method: {
    settings: { static: { '/': { dir: folder, fallthrough: false } } },
    provoke: ({ url }) => request(url, { method: 'POST' }),
  },
  'not-found': { settings: {}, application: createServer(), ...get() },
  upstream: {
    settings: {},
    provoke: async (_stage, t) => {
      const stage = await openMeteredStage(t, { proxy: { '/': await deadUrl() } })
      await request(stage.url)
      return stage
    },
  },
  failed: {
    settings: {},
    provoke: async (_stage, t) => {
      const bufferRequest = { memoryBytes: 1_024, dir: join(folder, 'a.txt', 'none') }
      const stage = await openMeteredStage(t, { proxy: { '/': { to: await deadUrl(), bufferRequest } } })
      await request(stage.url, { method: 'POST', body: 'x'.repeat(100_000) })
      return stage
    },
  },
}

for (const [why, { settings, application, options, provoke }] of Object.entries(cases)) {
  test(`a refusal is counted by its reason: ${why}`, async t => {
    const opened = await openMeteredStage(t, settings, application, options)
    const other = await provoke(opened, t)
    const stage = other && typeof other === 'object' && 'edgeFigures' in other ? (other as MeteredStage) : opened
    const counted = () => Object.entries(stage.edgeFigures.refusals).filter(([, count]) => count > 0)
    await until(`${why} is counted`, () => counted().length > 0)
    assert.deepEqual(
      counted().map(([reason]) => reason),
      [why],
    )
  })
}

test('every reason is a word, with what it means', () => {
  for (const [why, meaning] of Object.entries(refusalReasons)) {
    assert.match(why, /^[a-z0-9]+(-[a-z]+)*$/)
    assert.match(meaning, /^[A-Z].*\.$/)
  }
})
