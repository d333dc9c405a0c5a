import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { openEdgeStage } from '../../../test/support/edge-stage.ts'
import { systemClock } from '../../base/clock.ts'
import { defaultEdge } from '../options.ts'
import { refuse } from '../refusals/refuse.ts'
import { SlowClients } from './slow-clients.ts'

const megabyte = 1024 * 1024
const limits = { idleTimeout: '400ms', minRate: 10_000, bodyBytes: 0 }
const gapMs = 20
const isLinux = process.platform === 'linux'

async function open(t: TestContext, edge: object, listener: RequestListener) {
  const stage = await openEdgeStage(t, edge, listener)
  const { hostname, port } = new URL(stage.url)
  const connect = async (text: string) => {
    const socket = net.connect(Number(port), hostname)
    const closed = new Promise<string>(resolve => {
      socket.on('error', (error: NodeJS.ErrnoException) => resolve(error.code ?? ''))
      socket.on('close', () => resolve('closed'))
    })
    t.after(() => socket.destroy())
    await once(socket, 'connect')
    socket.write(text)
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
    })
    return { socket, closed, text: () => received }
  }
  return { ...stage, connect }
}

/** Calls at every gap until it says that it is enough. */
function every(t: TestContext, act: () => boolean): Promise<void> {
  return new Promise(resolve => {
    const timer = setInterval(() => {
      if (act()) return
      clearInterval(timer)
      resolve()
    }, gapMs)
    t.after(() => clearInterval(timer))
  })
}

/** How many bytes are due by now, of so many a second. */
function dueBytes(bytesPerSecond: number): () => number {
  const startedAt = performance.now()
  return () => Math.floor(((performance.now() - startedAt) * bytesPerSecond) / 1_000)
}

const post = (length: number) => `POST / HTTP/1.1\r\nHost: a\r\nContent-Length: ${length}\r\n\r\n`
const get = (path = '/') => `GET ${path} HTTP/1.1\r\nHost: a\r\n\r\n`

test('a body that stops is answered with 408, and its application sees a client that left', async t => {
  const aborted = Promise.withResolvers<void>()
  const stage = await open(t, { limits }, req => {
    req.resume()
    req.on('error', () => aborted.resolve())
  })
  const client = await stage.connect(`${post(1000)}half`)
  await client.closed
  assert.match(client.text(), /^HTTP\/1\.1 408 .*\r\nConnection: close\r\n/)
  await aborted.promise
  assert.deepEqual(stage.events, ['edge.slow-clients.cut'])
})

test('a body that trickles below the least rate is cut, too; one above it passes, however long it takes', async t => {
  const stage = await open(t, { limits }, (req, res) => {
    let bytes = 0
    req.on('data', chunk => {
      bytes += chunk.length
    })
    req.on('error', () => {})
    req.on('end', () => res.end(`bytes=${bytes}`))
  })
  const trickle = await stage.connect(post(100_000))
  let isCut = false
  void trickle.closed.then(() => {
    isCut = true
  })
  const honest = await stage.connect(post(30_000))
  const due = dueBytes(25_000)
  let sent = 0
  // 25,000 bytes a second for three times the idle timeout, also where turns come late, against some 500.
  await Promise.all([
    every(t, () => !isCut && trickle.socket.write('0123456789')),
    every(t, () => {
      const more = Math.min(due(), 30_000) - sent
      honest.socket.write('x'.repeat(more))
      sent += more
      return sent < 30_000
    }),
  ])
  await every(t, () => !honest.text().includes('bytes='))
  assert.match(honest.text(), /bytes=30000/)
  assert.match(trickle.text(), /^HTTP\/1\.1 408/)
})

// At some 400 KB/s the system's own buffer, of which the process hears nothing, takes seconds for the part that it must be
// rid of before it takes more.
test('a client that does not read is reset, one that reads slowly is not', { skip: !isLinux }, async t => {
  const body = Buffer.alloc(24 * megabyte)
  const stage = await open(t, { limits: { ...limits, idleTimeout: '2s' } }, (_req, res) => void res.end(body))
  const still = await stage.connect(get())
  still.socket.pause()
  const honest = await stage.connect(get())
  let isCut = false
  void honest.closed.then(() => {
    isCut = true
  })
  const due = dueBytes(400_000)
  let read = 0
  honest.socket.on('data', chunk => {
    read += chunk.length
    if (read > due()) honest.socket.pause()
  })
  await every(t, () => {
    if (read <= due()) honest.socket.resume()
    return due() < 2 * megabyte && !isCut
  })
  assert.equal(isCut, false)
  still.socket.resume()
  assert.equal(await still.closed, 'ECONNRESET')
  honest.socket.removeAllListeners('data')
  let bytes = 0
  honest.socket.on('data', chunk => {
    bytes += chunk.length
  })
  honest.socket.resume()
  await every(t, () => bytes < 20 * megabyte && !isCut)
  assert.equal(isCut, false)
})

test('nobody is cut while the application works, or reads nothing', async t => {
  const answers: (() => void)[] = []
  const stage = await open(t, { limits: { ...limits, idleTimeout: '100ms' } }, (req, res) => {
    if (req.url === '/unread') answers.push(() => req.resume().on('end', () => res.end('read at last')))
    else if (req.url === '/events') {
      res.writeHead(200, { 'Content-Type': 'text/event-stream' })
      res.write('data: 1\n\n')
      answers.push(() => res.end('data: 2\n\n'))
    } else answers.push(() => res.end('done at last'))
  })
  const working = await stage.connect(get())
  const events = await stage.connect(get('/events'))
  const unread = await stage.connect(`POST /unread HTTP/1.1\r\nHost: a\r\nContent-Length: 300000\r\n\r\n`)
  unread.socket.write('x'.repeat(300_000))
  const waitsForContinue = await stage.connect('')
  waitsForContinue.socket.write('GET /idle HTTP/1.1\r\nHost: a\r\n\r\n')
  let turns = 25
  await every(t, () => --turns > 0)
  for (const answer of answers) answer()
  const wanted = [
    [working, 'done at last'],
    [events, 'data: 2'],
    [unread, 'read at last'],
    [waitsForContinue, 'done at last'],
  ] as const
  for (const [client, text] of wanted) await every(t, () => !client.text().includes(text))
  assert.deepEqual(stage.events, [])
})

test('a client of HTTP/1.0 cannot wait for 100 Continue, and is cut like any other', async t => {
  const stage = await open(t, { limits }, req => void req.resume().on('error', () => {}))
  const head = 'POST / HTTP/1.0\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 1000\r\n\r\n'
  const client = await stage.connect(`${head}half`)
  await client.closed
  assert.match(client.text(), /^HTTP\/1\.1 408 /)
})

test('a body that trickles behind its answer is cut, whether the client has waited for 100 Continue or not', async t => {
  const stage = await open(t, { limits }, (_req, res) => void res.end('early'))
  const clients = await Promise.all(
    ['', 'Expect: 100-continue\r\n'].map(expect =>
      stage.connect(`POST / HTTP/1.1\r\nHost: a\r\n${expect}Content-Length: 100000\r\n\r\n`),
    ),
  )
  for (const { socket, closed, text } of clients) {
    let isCut = false
    void closed.then(() => {
      isCut = true
    })
    await every(t, () => !isCut && socket.write('x'))
    assert.match(text(), /early$/)
  }
})

const early: Readonly<Record<string, RequestListener>> = {
  'the application': (_req, res) => void res.end('early'),
  'the edge': (_req, res) => refuse(res, 403, 'access'),
}

for (const [name, listener] of Object.entries(early)) {
  test(`the rest of a body behind an early answer of ${name} has an end, however fast it comes`, async t => {
    let now = 0
    const log = { debug() {}, info() {}, warn() {}, error() {} }
    const clients = new SlowClients(defaultEdge().limits, { clock: { ...systemClock, now: () => now }, log })
    t.after(() => clients.close())
    const server = createServer(listener).listen(0, '127.0.0.1')
    t.after(() => server.close())
    server.on('connection', socket => clients.watch(socket))
    await once(server, 'listening')
    const socket = net.connect((server.address() as net.AddressInfo).port, '127.0.0.1')
    t.after(() => socket.destroy())
    const closed = new Promise<void>(resolve => {
      socket.on('error', () => {}).on('close', () => resolve())
    })
    socket.write(post(5 * megabyte))
    await once(socket, 'data')
    const sweep = () => {
      socket.write('x'.repeat(1000))
      now += 1000
      clients.sweep()
    }
    for (let seconds = 0; seconds < 30; seconds++) sweep()
    assert.equal(clients.counters.slowBodies, 0)
    sweep()
    assert.equal(clients.counters.slowBodies, 1)
    await closed
  })
}

test('what waits in memory for clients is bounded: the slowest give it back', async t => {
  const stage = await open(
    t,
    { limits: { ...limits, idleTimeout: '800ms', minRate: 0, pendingBytes: '40MB' } },
    (_req, res) => void res.end(Buffer.alloc(16 * megabyte)),
  )
  const clients = await Promise.all(Array.from({ length: 6 }, () => stage.connect(get())))
  for (const { socket } of clients) socket.pause()
  await every(t, () => stage.events.length === 0)
  // Long before the idle timeout is over for them.
  assert.deepEqual(stage.events, ['edge.slow-clients.cut'])
})

test('a transfer may have a hard end', async t => {
  const stage = await open(t, { limits: { ...limits, transferTimeout: '300ms' } }, req => {
    req.resume()
    req.on('error', () => {})
  })
  const client = await stage.connect(post(1_000_000))
  let isCut = false
  void client.closed.then(() => {
    isCut = true
  })
  await every(t, () => !isCut && client.socket.write('x'.repeat(1000)))
  assert.match(client.text(), /^HTTP\/1\.1 408/)
})

test('a limit of 0 is none', async t => {
  const stage = await open(
    t,
    { limits: { idleTimeout: 0, minRate: 0, pendingBytes: 0 } },
    (req, res) => void req.resume().on('end', () => res.end('done')),
  )
  const client = await stage.connect(`${post(8)}half`)
  let turns = 10
  await every(t, () => --turns > 0)
  client.socket.write('more')
  await every(t, () => !client.text().includes('done'))
})
