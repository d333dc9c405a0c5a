/** What is no request gets one short answer of the right status, and its connection ends, whatever the client does. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { WebSocket } from 'ws'
import { linesOf, startOnEveryProtocol } from './support/every-protocol.ts'
import { OddHttp2Client } from './support/odd-http2-client.ts'
import { exchange, requestText, startEcho } from './support/odd-requests.ts'
import { startTree } from './support/tree.ts'

const socketApp = `
import { createServer } from 'node:http'
import { WebSocketServer } from 'ws'
const server = createServer((req, res) => res.end(String(req.headers.upgrade)))
const sockets = new WebSocketServer({ server })
sockets.on('connection', (socket, { rawHeaders }) => socket.send(JSON.stringify(rawHeaders)))
server.listen(3000)
`

test('half a head gets 408, and silence gets nothing', async t => {
  const tree = await startEcho(t, { limits: { headerTimeout: '2s' } })
  const [half, silent] = await Promise.all([exchange(tree.url, 'GET / HTTP/1.1\r\nHo'), exchange(tree.url, '')])
  assert.deepEqual([half.responses.map(({ status }) => status), half.isClosed], [[408], true])
  assert.deepEqual(silent, { responses: [], isClosed: true })
})

test('what is broken is answered', async t => {
  const tree = await startEcho(t)

  await t.test('the answer is whole, says nothing of the request, and comes before all of it was sent', async () => {
    const { responses, isClosed } = await exchange(
      tree.url,
      `GET / HTTP/1.1\r\nX: <b>${'evil'.repeat(500_000)}\r\n\r\n`,
    )
    const [response] = responses
    assert.deepEqual([responses.length, response?.status, isClosed], [1, 431, true])
    assert.equal(response?.headers.get('connection'), 'close')
    assert.equal(String(response?.body), '431 Request Header Fields Too Large\n')
  })

  await t.test('a connection that is not read ends all the same', async () => {
    for (const request of [requestText({ method: 'CONNECT', target: 'a:1' }), 'nonsense\r\n\r\n']) {
      // The client keeps its side open for as long as it likes.
      const { responses, isClosed } = await exchange(tree.url, request)
      assert.deepEqual([responses.length, isClosed], [1, true])
    }
    await tree.stop()
  })
})

test('a WebSocket is upgraded, and nothing that only looks like one', async t => {
  const tree = await startTree(t, {
    files: { 'app.mjs': socketApp },
    packages: ['ws'],
    config: { apps: { web: { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, edge: {} } } },
  })
  const socket = new WebSocket(tree.url.replace('http', 'ws'), { headers: { 'X-Forwarded-For': '1.2.3.4', TE: 'a' } })
  const rawHeaders = await new Promise<string[]>((resolve, reject) => {
    socket.once('message', data => resolve(JSON.parse(String(data))))
    socket.once('error', reject)
  })
  socket.terminate()
  assert.ok(rawHeaders.includes('Upgrade') && rawHeaders.includes('websocket'), String(rawHeaders))
  assert.ok(!rawHeaders.includes('X-Forwarded-For') && !rawHeaders.includes('TE'), String(rawHeaders))
  const upgrade = [
    ['Connection', 'Upgrade'],
    ['Upgrade', 'websocket'],
    ['Sec-WebSocket-Version', '13'],
    ['Sec-WebSocket-Key', 'dGhlIHNhbXBsZSBub25jZQ=='],
  ] as const
  for (const request of [
    { method: 'POST', headers: [...upgrade, ['Content-Length', '5'] as const], body: 'hello' },
    { headers: [...upgrade, ['Content-Length', '5'] as const], body: 'hello' },
    { headers: [upgrade[0], ['Upgrade', 'h2c'] as const] },
  ]) {
    const { responses } = await exchange(tree.url, requestText(request), { count: 1 })
    assert.deepEqual([responses[0]?.status, String(responses[0]?.body)], [200, 'undefined'])
  }
  // Behind a request that is still to be answered, the connection is not the WebSocket's yet.
  const first = requestText({ target: '/first' })
  const { responses } = await exchange(tree.url, first + requestText({ headers: upgrade }), { count: 2 })
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200],
  )
  assert.deepEqual(tree.events('worker.exited'), [])
})

test('what is refused without being a request has its line in the access log, and a tunnel of HTTP/2 its answer', async t => {
  const file = 'access.log'
  const { tree, protocols } = await startOnEveryProtocol(t, {
    edge: { access: [{ path: '/private', deny: ['127.0.0.0/8'] }] },
    app: { accessLog: { format: '"%(r)s" %(s)s %(B)s', file } },
    files: { 'app.mjs': socketApp },
    packages: ['ws'],
  })
  const upgrade = [['Connection', 'Upgrade'] as const, ['Upgrade', 'websocket'] as const]
  const [plain, secure, http2] = protocols
  assert.ok(plain && secure && http2)
  for (const { url } of [plain, secure]) {
    for (const text of [
      requestText({ method: 'CONNECT', target: 'evil:22' }),
      requestText({ target: '/private', headers: upgrade }),
      requestText({ target: '/a', headers: [['a b', 'c']] }),
      '\x16\x03\x01\r\n\r\n',
    ]) {
      await exchange(url, text)
    }
  }
  const client = await OddHttp2Client.open(http2.url)
  t.after(() => client.close())
  const tunnel = [[':method', 'CONNECT'] as const, [':authority', 'evil:22'] as const]
  assert.equal((await client.ask(tunnel)).status, 501)
  await linesOf(tree, file, plain)
  const lines = (await linesOf(tree, file, http2)).filter(line => !/[\da-f-]{36}/.test(line))
  const expected = [
    '"CONNECT evil:22 HTTP/1.1" 501 20',
    '"GET /private HTTP/1.1" 403 14',
    '"GET /a HTTP/1.1" 400 16',
    '"-" 400 16',
  ]
  const all = [...expected, ...expected, '"CONNECT evil:22 HTTP/2.0" 501 20']
  assert.deepEqual([...lines].sort(), all.sort())
})
