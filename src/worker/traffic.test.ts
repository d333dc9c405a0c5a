import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { duplexPair } from 'node:stream'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from '../../test/support/http-connection.ts'
import { statusOf } from '../edge/access-log/entry.ts'
import { Connections } from './connections.ts'
import { type Exchange, Traffic } from './traffic.ts'

interface Observed {
  readonly server: http.Server
  readonly traffic: Traffic
  readonly connections: Connections
  readonly url: string
  /** Resolves with what the access log is told next. */
  exchange(): Promise<Exchange>
}

async function observe(
  t: TestContext,
  listener: http.RequestListener,
  requestTimeoutMs = 0,
  routeCookie?: { readonly name: string; readonly value: string },
): Promise<Observed> {
  const server = http.createServer(listener)
  const log: Exchange[] = []
  let tell = () => {}
  const connections = new Connections(() => {})
  const traffic = new Traffic({
    name: 'web:0',
    connections,
    requestTimeoutMs,
    onExchange: exchange => {
      log.push(exchange)
      tell()
    },
    onRequest: () => {},
    routeCookie,
  })
  traffic.observe(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.closeAllConnections())
  t.after(() => server.close())
  const exchange = async (): Promise<Exchange> => {
    while (log.length === 0) await new Promise<void>(resolve => (tell = resolve))
    return log.shift() ?? assert.fail()
  }
  return {
    server,
    traffic,
    connections,
    url: `http://127.0.0.1:${(server.address() as net.AddressInfo).port}`,
    exchange,
  }
}

test('the answer to a connection that counts no bytes has none', async t => {
  const { server, exchange } = await observe(t, (_req, res) => res.end('hello'))
  const [ours, theirs] = duplexPair()
  server.emit('connection', theirs)
  t.after(() => ours.destroy())
  for (let requests = 0; requests < 2; requests++) {
    ours.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n')
    assert.equal((await exchange()).bytes, 0)
  }
})

test('a request that takes too long gets 503, and its late answer does no harm', async t => {
  const late = Promise.withResolvers<http.ServerResponse>()
  const { url, exchange } = await observe(t, (_req, res) => late.resolve(res), 20)
  const { status, body, isLast } = await request(url)
  assert.deepEqual([status, String(body), isLast], [503, 'Service Unavailable\n', true])
  const logged = await exchange()
  assert.deepEqual([statusOf(logged), logged.res.statusCode], [503, 503])
  const res = await late.promise
  res.setHeader('content-type', 'text/html')
  res.writeHead(200)
  res.end('late')
  assert.equal(statusOf(logged), 503)
})

test('a response that has begun and takes too long is cut off', async t => {
  const { url } = await observe(t, (_req, res) => void res.writeHead(200, { 'content-length': 100 }).write('begun'), 20)
  await assert.rejects(request(url), /after \d+ bytes of a response/)
})

test('a request behind one that takes too long is not answered in its place', async t => {
  const { url } = await observe(t, (req, res) => req.url === '/second' && res.end('second'), 20)
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  connection.send(formatRequest({ path: '/first' }) + formatRequest({ path: '/second' }))
  assert.equal((await connection.receive()).status, 503)
  await assert.rejects(connection.receive(), /closed by the server/)
})

test('a request that asks whether to continue is counted once', async t => {
  const { server, traffic, url, exchange } = await observe(t, (_req, res) => res.end('done'))
  server.on('checkContinue', (req, res) => {
    res.writeContinue()
    server.emit('request', req, res)
  })
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  connection.send(`${formatRequest({ method: 'POST', headers: { Expect: '100-continue' }, body: 'x' })}x`)
  assert.equal(String((await connection.receive()).body), 'done')
  await exchange()
  assert.deepEqual([traffic.requests, traffic.inFlight], [1, 0])
})

test('a connection that was upgraded ends itself', async t => {
  const { server, traffic, connections, url } = await observe(t, (_req, res) => res.end())
  const accepted = once(server, 'connection')
  const connection = await HttpConnection.open(url)
  t.after(() => connection.close())
  const [socket] = await accepted
  assert.equal(connections.of(socket).endsItself, false)
  const upgraded = once(server, 'upgrade')
  connection.send(formatRequest({ headers: { Connection: 'Upgrade', Upgrade: 'echo' } }))
  await upgraded
  assert.equal(connections.of(socket).endsItself, true)
  assert.equal(traffic.upgraded.size, 0, 'it is no WebSocket')
})

test('a request whose client leaves before it is answered is logged as 499', async t => {
  const { url, exchange } = await observe(t, () => connection.close())
  const connection = await HttpConnection.open(url)
  connection.send(formatRequest({}))
  assert.equal(statusOf(await exchange()), 499)
})

const heads: Readonly<Record<string, (res: http.ServerResponse) => unknown>> = {
  'without a head of its own': () => {},
  'with setHeader': res => res.setHeader('Set-Cookie', ['a=1', 'b=2']),
  'with an object': res => res.writeHead(200, { 'set-cookie': ['a=1', 'b=2'], 'X-Own': 'own' }),
  'with a reason and an object': res => res.writeHead(200, 'Fine', { 'Set-Cookie': ['a=1', 'b=2'] }),
  'with a flat list': res => res.writeHead(200, ['Set-Cookie', 'a=1', 'Set-Cookie', 'b=2', 'X-Own', 'own']),
  'with a list of pairs': res =>
    res.writeHead(200, [
      ['Set-Cookie', 'a=1'],
      ['Set-Cookie', 'b=2'],
    ] as never),
  'over one that was set': res => res.setHeader('Set-Cookie', 'c=3').writeHead(200, { 'Set-Cookie': ['a=1', 'b=2'] }),
}

for (const [name, answer] of Object.entries(heads)) {
  test(`a route cookie stands beside those of an application ${name}`, async t => {
    const { url } = await observe(
      t,
      (_req, res) => {
        answer(res)
        res.end('done')
      },
      0,
      { name: 'route', value: '1' },
    )
    // That of another worker is no reason to keep quiet.
    const { headers, body, status } = await request(url, { headers: { Cookie: 'route=10; my-route=1' } })
    const own = name === 'without a head of its own' ? [] : ['a=1', 'b=2']
    const cookies = [...own, 'route=1; Path=/; HttpOnly; SameSite=Lax']
    assert.deepEqual([status, headers.get('set-cookie'), String(body)], [200, cookies.join(', '), 'done'])
  })
}

test('a client that has the route cookie is sent none', async t => {
  const { url } = await observe(t, (_req, res) => res.end(), 0, { name: 'route', value: '1' })
  const { headers } = await request(url, { headers: { Cookie: 'a=b; route=1' } })
  assert.equal(headers.get('set-cookie'), undefined)
})
