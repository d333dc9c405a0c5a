import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { parseExposition, sumOf } from '../../test/support/exposition.ts'
import { freePort } from '../../test/support/free-port.ts'
import { request } from '../../test/support/http-connection.ts'
import { figures, status, store } from '../../test/support/metrics-look.ts'
import { until } from '../../test/support/until.ts'
import type { MetricsSources } from './look.ts'
import { type MetricsServerOptions, openMetrics } from './metrics-server.ts'

interface Options extends Partial<Pick<MetricsServerOptions, 'allow' | 'minReady'>> {
  readonly sources?: Partial<MetricsSources>
}

async function open(t: TestContext, { sources, allow, minReady = 1 }: Options = {}) {
  const port = await freePort()
  const all = { status: async () => status, figures: async () => figures, store: async () => store, tasks: undefined }
  const server = await openMetrics({
    places: [{ host: '127.0.0.1', port }],
    allow,
    minReady,
    sources: { ...all, ...sources },
  })
  t.after(() => server.close())
  const ask = (path: string, more = {}) => request(`http://127.0.0.1:${port}`, { path, ...more })
  return { server, port, ask }
}

/** Connected, and listened to, so that its end is seen. */
async function connected(t: TestContext, port: number, text = ''): Promise<Socket> {
  const socket = connect(port, '127.0.0.1').on('error', () => {})
  t.after(() => socket.destroy())
  await once(socket, 'connect')
  socket.resume().write(text)
  return socket
}

test('metrics are answered in the format that is asked for', async t => {
  const { ask } = await open(t)
  const text = await ask('/metrics')
  assert.equal(text.status, 200)
  assert.equal(text.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  assert.equal(sumOf(parseExposition(String(text.body)), 'saola_store_keys'), 1_000)
  const open2 = await ask('/metrics?any=query', { headers: { Accept: 'application/openmetrics-text' } })
  assert.equal(open2.headers.get('content-type'), 'application/openmetrics-text; version=1.0.0; charset=utf-8')
  assert.match(String(open2.body), /# EOF\n$/)
  assert.equal(sumOf(parseExposition(String(open2.body)), 'saola_store_keys'), 1_000)
})

test('health is said in words, and in the status', async t => {
  const { ask } = await open(t, { minReady: '100%' })
  assert.equal(String((await ask('/healthz')).body), 'ok\n')
  assert.equal(String((await ask('/readyz')).body), 'ok\n')
  const { ask: askLess } = await open(t, { sources: { status: async () => ({ ...status, children: [] }) } })
  const less = await askLess('/readyz')
  assert.equal(less.status, 503)
  assert.equal(String(less.body), 'web: 0 of 2 workers ready, needs 1\n')
  assert.equal((await askLess('/healthz')).status, 200)
})

test('without a supervisor there is no health and nothing to scrape', async t => {
  const { ask } = await open(t, { sources: { status: () => Promise.reject(new Error('gone')) } })
  for (const path of ['/metrics', '/healthz', '/readyz']) assert.equal((await ask(path)).status, 503, path)
})

test('HEAD is answered as GET, without a body', async t => {
  const { ask } = await open(t)
  for (const path of ['/metrics', '/healthz', '/readyz']) {
    const head = await ask(path, { method: 'HEAD' })
    assert.equal(head.status, 200)
    assert.equal(head.body.length, 0)
    assert.ok(Number(head.headers.get('content-length')) > 2)
  }
})

test('other paths are 404 and other methods 405', async t => {
  const { ask } = await open(t)
  for (const path of ['/', '/metrics/', '/Metrics', '/../metrics', '//metrics', '/healthz%20'])
    assert.equal((await ask(path)).status, 404, path)
  const posted = await ask('/metrics', { method: 'POST', body: 'a body' })
  assert.equal(posted.status, 405)
  assert.equal(posted.headers.get('allow'), 'GET, HEAD')
  assert.equal(posted.headers.get('connection'), 'close')
  assert.equal((await ask('/healthz', { method: 'DELETE' })).status, 405)
})

test('only who is allowed gets figures; everybody gets health', async t => {
  const { ask } = await open(t, { allow: ['10.0.0.0/8'] })
  const refused = await ask('/metrics')
  assert.equal(refused.status, 403)
  assert.doesNotMatch(String(refused.body), /saola_/)
  assert.equal((await ask('/healthz')).status, 200)
  const { ask: askAllowed } = await open(t, { allow: ['loopback'] })
  assert.equal((await askAllowed('/metrics')).status, 200)
})

test('scrapes at the same time share one look', async t => {
  let looks = 0
  const gate = Promise.withResolvers<void>()
  const { ask, server } = await open(t, {
    sources: {
      figures: async () => {
        looks++
        await gate.promise
        return figures
      },
    },
  })
  const formats = ['text/plain', 'application/openmetrics-text', '*/*']
  const scrapes = Array.from({ length: 30 }, (_, index) =>
    ask('/metrics', { headers: { Accept: formats[index % 3] as string } }),
  )
  await until('all have asked', () => server.requests === 30)
  gate.resolve()
  for (const { status: code } of await Promise.all(scrapes)) assert.equal(code, 200)
  assert.equal(looks, 1)
})

test('a probe gets through beside any number of silent clients', async t => {
  const { ask, port, server } = await open(t)
  const silent = await Promise.all(Array.from({ length: 250 }, () => connected(t, port)))
  assert.equal((await ask('/healthz')).status, 200)
  assert.ok(server.connections <= 100, String(server.connections))
  await until('the oldest are gone', () => silent.filter(({ closed }) => closed).length >= 150)
})

test('who is being answered is not closed for one who comes later', async t => {
  const gate = Promise.withResolvers<void>()
  const { ask, port, server } = await open(t, { sources: { store: () => gate.promise.then(() => store) } })
  const scrape = ask('/metrics')
  await until('it has asked', () => server.requests === 1)
  await Promise.all(Array.from({ length: 150 }, () => connected(t, port)))
  gate.resolve()
  assert.equal((await scrape).status, 200)
})

test('who is silent, slow or sends too much is cut', async t => {
  const { port, server, ask } = await open(t)
  const huge = await connected(t, port, `GET /healthz HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(20_000)}`)
  await once(huge, 'close')
  const slow = await Promise.all([
    connected(t, port),
    connected(t, port, 'GET /metrics HTTP/1.1\r\nHost: a\r\n'),
    connected(t, port, 'POST /metrics HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nabc'),
  ])
  // A byte now and then is no progress.
  const drip = setInterval(() => slow[1]?.write('X'), 200)
  t.after(() => clearInterval(drip))
  await Promise.all(slow.map(socket => socket.closed || once(socket, 'close')))
  await until('nothing is left of them', () => server.connections === 0)
  assert.equal((await ask('/healthz')).status, 200)
})
