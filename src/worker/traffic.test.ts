import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import type net from 'node:net'
import { type TestContext, test } from 'node:test'
import { formatRequest, HttpConnection, request } from '../../test/support/http-connection.ts'
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

async function observe(t: TestContext, listener: http.RequestListener, requestTimeoutMs = 0): Promise<Observed> {
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
    routeCookie: undefined,
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

test('a request that takes too long gets 503, and its late answer does no harm', async t => {
  const late = Promise.withResolvers<http.ServerResponse>()
  const { url, exchange } = await observe(t, (_req, res) => late.resolve(res), 20)
  const { status, body, isLast } = await request(url)
  assert.deepEqual([status, String(body), isLast], [503, 'Service Unavailable\n', true])
  assert.equal((await exchange()).res.statusCode, 503)
  const res = await late.promise
  res.setHeader('content-type', 'text/html')
  res.writeHead(200)
  res.end('late')
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
