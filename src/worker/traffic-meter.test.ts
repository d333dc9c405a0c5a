import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:http'
import http2 from 'node:http2'
import { test } from 'node:test'
import { WebSocket, WebSocketServer } from 'ws'
import { formatRequest, HttpConnection } from '../../test/support/http-connection.ts'
import { openMeteredStage } from '../../test/support/metered-stage.ts'
import { makePair } from '../../test/support/pairs.ts'
import { bucketOf, durationBoundsMs } from '../base/durations.ts'
import type { WorkerFigures } from '../ipc/figures.ts'
import { watchHandshake } from './handshake.ts'
import { TrafficMeter } from './traffic-meter.ts'

const answered = (statusCode: number) => ({ statusCode, headersSent: true })

function total(counts: readonly number[]): number {
  return counts.reduce((sum, count) => sum + count, 0)
}

test('responses are counted by class and duration, with their sums', () => {
  const meter = new TrafficMeter()
  for (const status of [101, 200, 204, 301, 404, 429, 503]) meter.count(answered(status), 3, 10)
  meter.count(answered(200), 40_000, 5)
  const { responses, durations, durationSumMs, bytesSent, edge } = meter.figures()
  assert.deepEqual(responses, [1, 3, 1, 2, 1])
  assert.equal(durations[bucketOf(3)], 7)
  assert.equal(durations.at(-1), 1)
  assert.equal(durations.length, durationBoundsMs.length + 1)
  assert.deepEqual([durationSumMs, bytesSent, edge], [40_021, 75, undefined])
})

test('a client that has left before its answer has got none', () => {
  const meter = new TrafficMeter()
  meter.count({ statusCode: 200, headersSent: false }, 1, 0)
  assert.equal(total(meter.figures().responses), 0)
})

test('figures are a copy: what is counted later is not in them', () => {
  const meter = new TrafficMeter()
  const before = meter.figures()
  meter.count(answered(200), 1, 1)
  assert.equal(total(before.responses), 0)
})

for (const [name, onExchange] of [
  ['without an access log', undefined],
  ['with an access log', () => {}],
] as const) {
  test(`bytes of bodies are counted over requests of one connection, ${name}`, async t => {
    const stage = await openMeteredStage(t, {}, (req, res) => res.end('x'.repeat(Number(req.url?.slice(1)))), {
      ...(onExchange && { onExchange }),
    })
    const connection = await HttpConnection.open(stage.url)
    t.after(() => connection.close())
    for (const length of [10, 0, 70_000]) {
      connection.send(formatRequest({ path: `/${length}` }))
      await connection.receive()
    }
    const { responses, bytesSent, durations, durationSumMs } = await stage.figuresOf(3)
    assert.deepEqual([responses, bytesSent, total(durations)], [[0, 3, 0, 0, 0], 70_010, 3])
    assert.ok(durationSumMs > 0)
  })
}

test('streams of HTTP/2 are counted like requests of HTTP/1.1', async t => {
  const stage = await openMeteredStage(t, {}, (_req, res) => res.end('hello'), { pair: makePair(['localhost']) })
  const session = http2.connect(stage.url, { rejectUnauthorized: false })
  t.after(() => session.destroy())
  const streams = Array.from({ length: 5 }, () => session.request({ ':path': '/' }).resume())
  await Promise.all(streams.map(stream => once(stream, 'end')))
  const { responses, bytesSent, edge } = await stage.figuresOf(5)
  assert.deepEqual([responses, bytesSent], [[0, 5, 0, 0, 0], 25])
  assert.deepEqual(requestsOf(edge.routes), { 'application ': 5 })
})

test('a WebSocket is counted once, when its handshake is answered, and a refused one as what it was told', async t => {
  const server = createServer((_req, res) => res.end())
  const sockets = new WebSocketServer({ noServer: true })
  server.on('upgrade', (req, socket, head) => {
    if (req.url === '/no') socket.end('HTTP/1.1 401 Unauthorized\r\nConnection: close\r\n\r\n')
    else sockets.handleUpgrade(req, socket, head, client => client.send('welcome'))
  })
  const stage = await openMeteredStage(t, { access: [{ path: '/private', deny: ['127.0.0.1'] }] }, server)
  const open = (path: string) => {
    const client = new WebSocket(stage.url.replace('http', 'ws') + path)
    t.after(() => client.terminate())
    return client
  }
  const client = open('/')
  await once(client, 'message')
  await once(open('/no'), 'error')
  await once(open('/private'), 'error')
  client.close()
  await once(client, 'close')
  const { responses, edge } = await stage.figuresOf(3)
  assert.deepEqual(responses, [1, 0, 0, 2, 0])
  assert.deepEqual(requestsOf(edge.routes), { 'application ': 2, 'refusal ': 1 })
  assert.equal(edge.refusals.access, 1)
})

test('what is written behind the answer of a handshake is not looked at', () => {
  const written: unknown[] = []
  const statuses: number[] = []
  class Socket {
    write(data: unknown): boolean {
      return written.push(data) > 0
    }
    end(): void {}
  }
  const socket = new Socket()
  watchHandshake(socket as never, status => statuses.push(status))
  socket.write(Buffer.from('HTTP/1.1 101 Switching Protocols\r\n\r\n'))
  assert.deepEqual(Object.keys(socket), [])
  socket.write('HTTP/1.1 500 no answer')
  socket.end()
  assert.deepEqual([statuses, written.length], [[101], 2])
})

test('bytes that are no HTTP are an answer that was refused', async t => {
  const stage = await openMeteredStage(t, {})
  const connection = await HttpConnection.open(stage.url)
  connection.send('this is no HTTP\r\n\r\n')
  assert.equal((await connection.receive()).status, 400)
  const { responses, edge } = await stage.figuresOf(1)
  assert.deepEqual([responses, edge.refusals['bad-request']], [[0, 0, 0, 1, 0], 1])
})

/** Those of an edge that have answered anything, by step and rule. */
function requestsOf(routes: NonNullable<WorkerFigures['edge']>['routes']): Record<string, number> {
  const used = routes.filter(({ requests }) => requests > 0)
  return Object.fromEntries(used.map(({ step, rule, requests }) => [`${step} ${rule}`, requests]))
}
