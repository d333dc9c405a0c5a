import assert from 'node:assert/strict'
import type { ServerResponse } from 'node:http'
import { test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { formatRequest, HttpConnection, request } from '../../../test/support/http-connection.ts'

test('an address has so many connections at once, and a trusted one as many as it likes', async t => {
  const { url } = await openEdgeStage(t, { connections: { perAddress: 2 } })
  const first = await HttpConnection.open(url)
  const second = await HttpConnection.open(url)
  for (const connection of [first, second]) {
    connection.send(formatRequest({}))
    assert.equal((await connection.receive()).status, 200)
  }
  await assert.rejects(request(url))
  first.close()
  // Its place is free as soon as the server has seen that.
  for (;;) {
    const answer = await request(url).catch(() => undefined)
    if (answer?.status === 200) break
  }
  second.close()
  const trusting = await openEdgeStage(t, { connections: { perAddress: 1 }, trust: ['loopback'] })
  const open = await Promise.all([1, 2, 3].map(() => HttpConnection.open(trusting.url)))
  for (const connection of open) {
    connection.send(formatRequest({}))
    assert.equal((await connection.receive()).status, 200)
    connection.close()
  }
})

test('a connection ends with its last request, and says so', async t => {
  const { url } = await openEdgeStage(t, { connections: { requests: 3 } })
  const connection = await HttpConnection.open(url)
  const last: boolean[] = []
  for (let index = 0; index < 3; index++) {
    connection.send(formatRequest({}))
    last.push((await connection.receive()).isLast)
  }
  connection.close()
  assert.deepEqual(last, [false, false, true])
})

/** Requests that wait until the test answers them. */
function held() {
  const waiting: ServerResponse[] = []
  const wanted: { count: number; resolve: () => void }[] = []
  return {
    listener: (_req: unknown, res: ServerResponse) => {
      waiting.push(res)
      for (const { count, resolve } of wanted) if (waiting.length >= count) resolve()
    },
    waiting,
    until: (count: number) =>
      new Promise<void>(resolve => {
        if (waiting.length >= count) resolve()
        else wanted.push({ count, resolve })
      }),
  }
}

test('above the limit requests wait in their order, above that they are refused', async t => {
  const { listener, waiting, until } = held()
  const { url } = await openEdgeStage(
    t,
    { connections: { inFlight: { max: 1, queue: 2, queueTimeout: '10s' } } },
    listener,
  )
  const first = request(url, { path: '/1' })
  await until(1)
  const second = request(url, { path: '/2' })
  const third = HttpConnection.open(url)
  ;(await third).send(formatRequest({ path: '/3' }))
  // The fourth finds the queue full, whichever of the two before came first.
  let refused = await request(url, { path: '/4', timeoutMs: 200 }).catch(() => undefined)
  while (refused === undefined) refused = await request(url, { path: '/4', timeoutMs: 200 }).catch(() => undefined)
  assert.equal(refused.status, 503)
  assert.equal(refused.headers.get('retry-after'), '1')
  // Health checks neither wait nor count.
  const health = request(url, { path: '/healthz' })
  await until(2)
  waiting[1]?.end('healthy')
  assert.equal(String((await health).body), 'healthy')
  waiting[0]?.end('1')
  assert.equal(String((await first).body), '1')
  await until(3)
  waiting[2]?.end('next')
  await until(4)
  waiting[3]?.end('last')
  assert.equal((await second).status, 200)
  assert.equal((await (await third).receive()).status, 200)
  ;(await third).close()
})

test('who waits too long gets 503, who leaves gives the place back', async t => {
  const { listener, waiting, until } = held()
  const { url } = await openEdgeStage(
    t,
    { connections: { inFlight: { max: 1, queue: 1, queueTimeout: '150ms' } } },
    listener,
  )
  const first = request(url)
  await until(1)
  assert.equal((await request(url)).status, 503)
  await assert.rejects(request(url, { timeoutMs: 50 }))
  assert.equal((await request(url)).status, 503)
  waiting[0]?.end()
  assert.equal((await first).status, 200)
  const again = request(url)
  await until(2)
  waiting[1]?.end()
  assert.equal((await again).status, 200)
})

test('one client does not take all of the places', async t => {
  const { listener, waiting, until } = held()
  const edge = { connections: { inFlight: { perAddress: 1 } }, trust: ['loopback'] }
  const { url } = await openEdgeStage(t, edge, listener)
  const from = (address: string) => request(url, { headers: { 'X-Forwarded-For': address } })
  const first = from('2001:db8::1')
  await until(1)
  // The same household.
  const refused = await from('2001:db8::2')
  assert.equal(refused.status, 429)
  const other = from('2001:db8:0:1::1')
  await until(2)
  for (const res of waiting) res.end()
  assert.deepEqual([(await first).status, (await other).status], [200, 200])
})
