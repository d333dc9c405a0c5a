import assert from 'node:assert/strict'
import { test } from 'node:test'
import { request } from '../../../test/support/http-connection.ts'
import {
  deadUrl,
  rawAnswer,
  startProxy,
  startRawUpstream,
  startUpstream,
  type TestUpstream,
} from '../../../test/support/proxy-stage.ts'

/** Ends each connection as soon as a request is there. */
function startBroken(t: import('node:test').TestContext, seen: string[]): Promise<TestUpstream> {
  return startRawUpstream(t, socket => {
    socket.on('data', chunk => {
      seen.push(chunk.toString('latin1').split(' ', 1)[0] ?? '')
      socket.destroy()
    })
  })
}

test('what no upstream has seen goes to the next one, whatever its method', async t => {
  const upstream = await startUpstream(t, (req, res) => void req.resume().on('end', () => res.end(req.method)))
  const to = [await deadUrl(), await deadUrl(), upstream.url]
  const { url } = await startProxy(t, { '/': { to, balance: 'round-robin', retries: { count: 0, on: ['error'] } } })
  for (let i = 0; i < 6; i++) {
    assert.equal(String((await request(url, { method: 'POST', body: 'x' })).body), 'POST')
  }
})

test('a GET whose connection breaks is tried on another upstream', async t => {
  const seen: string[] = []
  const broken = await startBroken(t, seen)
  const upstream = await startUpstream(t, (_req, res) => res.end('ok'))
  const { url } = await startProxy(t, { '/': { to: [broken.url, upstream.url], balance: 'round-robin' } })
  for (let i = 0; i < 4; i++) assert.equal((await request(url)).status, 200)
  assert.ok(seen.length > 0)
})

test('a POST is never sent twice', async t => {
  const seen: string[] = []
  const upstreams = [await startBroken(t, seen), await startBroken(t, seen)]
  const to = upstreams.map(({ url }) => url)
  const { url } = await startProxy(t, { '/': { to, maxFails: 0 } })
  for (const body of ['', 'text', 'x'.repeat(100_000)]) {
    seen.length = 0
    assert.equal((await request(url, { method: 'POST', body })).status, 502)
    assert.deepEqual(seen, ['POST'])
  }
  seen.length = 0
  assert.equal((await request(url)).status, 502)
  assert.deepEqual(seen, ['GET', 'GET'])
})

test('a status that is worth a retry leads to another upstream, and is passed on when there is none', async t => {
  const seen: string[] = []
  const answerWith =
    (status: number) => (req: import('node:http').IncomingMessage, res: import('node:http').ServerResponse) => {
      seen.push(`${req.method} ${status}`)
      res.writeHead(status).end(`status ${status}`)
    }
  const bad = await startUpstream(t, answerWith(503))
  const good = await startUpstream(t, answerWith(200))
  const { url } = await startProxy(t, {
    '/': { to: [bad.url, good.url], balance: 'round-robin' },
    '/post': { to: [bad.url, good.url], balance: 'round-robin' },
    '/one': bad.url,
    '/never': { to: [bad.url, good.url], balance: 'round-robin', retries: { on: ['error'] } },
  })
  assert.equal((await request(url)).status, 200)
  assert.deepEqual(seen.splice(0), ['GET 503', 'GET 200'])
  assert.equal((await request(url, { path: '/post', method: 'POST', body: 'x' })).status, 503)
  assert.deepEqual(seen.splice(0), ['POST 503'])
  assert.equal(String((await request(url, { path: '/one' })).body), 'status 503')
  assert.equal((await request(url, { path: '/never' })).status, 503)
})

test('retries end with their budget', async t => {
  const seen: string[] = []
  const to = [(await startBroken(t, seen)).url, (await startBroken(t, seen)).url]
  const retries = { budget: 0.1 }
  const { url } = await startProxy(t, { '/': { to, maxFails: 0, connections: 1, retries } })
  for (let i = 0; i < 30; i++) await request(url)
  // Two for the connections, and a tenth of 30.
  assert.ok(seen.length >= 34 && seen.length <= 35, String(seen.length))
})

test('a kept connection that the upstream closes at the wrong moment costs no GET, and is no fault', async t => {
  let answered = 0
  const upstream = await startRawUpstream(t, socket => {
    let requests = 0
    socket.on('data', () => {
      // The second request on a connection comes when the upstream has just given it up.
      if (++requests > 1) socket.destroy()
      else {
        answered++
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok')
      }
    })
  })
  const { url, events } = await startProxy(t, { '/': { to: upstream.url, maxFails: 1 } })
  for (let i = 0; i < 6; i++) assert.equal((await request(url)).status, 200)
  assert.equal(answered, 6)
  assert.deepEqual(events, [])
})

test('an upstream that breaks amid the head of each answer has failed', async t => {
  const upstream = await startRawUpstream(t, socket => {
    socket.on('data', () => socket.write('HTTP/1.1 200 O', () => socket.destroy()))
  })
  const { url, events } = await startProxy(t, { '/': { to: upstream.url, maxFails: 1 } })
  assert.equal((await request(url)).status, 502)
  assert.deepEqual(
    events.map(({ event }) => event),
    ['edge.upstream.down'],
  )
})

test('an answer that has begun is never begun again, and its end is missing for the client, too', async t => {
  let requests = 0
  const upstream = await startRawUpstream(t, socket => {
    socket.on('data', () => {
      requests++
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n', () => socket.destroy())
    })
  })
  const { url } = await startProxy(t, { '/': { to: [upstream.url, await deadUrl()], balance: 'round-robin' } })
  await assert.rejects(request(url), /closed by the server|ECONNRESET/)
  assert.equal(requests, 1)
})

test('too many answers before the answer are a fault', async t => {
  const upstream = await startRawUpstream(t, rawAnswer('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(20)))
  const few = await startRawUpstream(
    t,
    rawAnswer(
      `${'HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n'.repeat(3)}HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n`,
    ),
  )
  const { url } = await startProxy(t, { '/': upstream.url, '/few': few.url })
  assert.equal((await request(url)).status, 502)
  assert.equal((await request(url, { path: '/few' })).status, 200)
})
