/** CVE class "HTTP/2 floods and memory": each attack ends by itself, in time, and the next client is served. */
import assert from 'node:assert/strict'
import { EventEmitter, once } from 'node:events'
import { type TestContext, test } from 'node:test'
import { fairMs } from '../../../test/support/busy-machine.ts'
import { http2Attacks, ping, post } from '../../../test/support/http2-attacks.ts'
import {
  FrameConnection,
  flags,
  frame,
  frameTypes,
  initialWindow,
  requestFields,
  windowUpdate,
} from '../../../test/support/http2-frames.ts'
import { ask, type Http2Stage, openHttp2 } from '../../../test/support/http2-stage.ts'
import type { Clock } from '../../base/clock.ts'
import { PendingBudget } from '../connections/pending-budget.ts'

const noError = 0
const cancel = 8
// A little more than a piece, by which it is seen what a client takes.
const windowBytes = 70_000

/** A clock that stands still unless it is moved. */
class HeldClock implements Clock {
  #now = 0
  #looks = new EventEmitter()

  now(): number {
    this.#looks.emit('look')
    return this.#now
  }

  date(): Date {
    return new Date(this.#now)
  }

  /** Lets so many milliseconds go by; resolves when the guard has looked at the clock since. */
  async pass(ms: number): Promise<void> {
    this.#now += ms
    await once(this.#looks, 'look')
  }
}

/** Times short enough for a test; counts as they are by default. */
async function openShort(t: TestContext, clock?: Clock): Promise<Http2Stage & { readonly handled: () => number }> {
  let handled = 0
  const stage = await openHttp2(
    t,
    (req, res) => {
      handled++
      if (req.url === '/upload') req.resume().on('end', () => res.end())
      else if (req.url === '/large') res.end(Buffer.alloc(1_000_000))
      else if (req.url !== '/never') res.end('served')
    },
    { http2: { keepAlive: 150, streamIdleTimeout: 150 }, limits: { headerTimeout: 150 }, ...(clock && { clock }) },
  )
  return { ...stage, handled: () => handled }
}

async function assertServes(stage: Http2Stage): Promise<void> {
  const client = stage.client()
  assert.equal(String((await ask(client, { ':path': '/' })).body), 'served')
  client.close()
}

for (const [name, { attack, codes }] of Object.entries(http2Attacks)) {
  test(`${name}: the connection ends, and nobody else notices`, async t => {
    const stage = await openShort(t)
    const before = process.memoryUsage().rss
    const startedAt = performance.now()
    const client = new FrameConnection(stage.port)
    t.after(() => client.close())
    await attack(client)
    const code = await client.goawayCode()
    assert.ok(codes.includes(code), `GOAWAY with ${code}`)
    assert.ok(client.isClosed)
    assert.ok(performance.now() - startedAt < fairMs(3_000), 'ended in time')
    const grown = Math.round((process.memoryUsage().rss - before) / 1024 / 1024)
    assert.ok(grown < 100, `memory grew by ${grown} MB`)
    assert.ok(stage.handled() <= 400, `${stage.handled()} calls of the application`)
    await assertServes(stage)
  })
}

test('what is made of a connection is one line a reason, not one a connection', async t => {
  // With times as they are by default it is written each second.
  const stage = await openHttp2(t, (_req, res) => void res.end('served'))
  const clients = Array.from({ length: 10 }, () => new FrameConnection(stage.port))
  for (const client of clients) client.send(...Array(500).fill(ping))
  await Promise.all(clients.map(({ closed }) => closed))
  stage.front.close()
  const lines = stage.events.filter(
    ({ event, fields }) => event === 'edge.http2.closed' && fields?.reason === 'glitches',
  )
  assert.equal(
    lines.reduce((sum, { fields }) => sum + Number(fields?.connections), 0),
    10,
  )
  assert.ok(lines.length <= 3)
  assert.equal(lines[0]?.fields?.address, '127.0.0.1')
})

test('an honest slow upload and a slow download go on for longer than the limit of no progress', async t => {
  const clock = new HeldClock()
  const stage = await openShort(t, clock)
  const client = new FrameConnection(stage.port, { settings: initialWindow(0) })
  t.after(() => client.close())
  client.request(1, post, flags.endHeaders)
  client.request(3, requestFields('/large'))
  const downloaded = () =>
    client.frames
      .filter(({ type, stream }) => type === frameTypes.data && stream === 3)
      .reduce((sum, { payload }) => sum + payload.length, 0)
  for (let step = 0; step < 8; step++) {
    client.send(
      frame(frameTypes.data, 0, 1, Buffer.alloc(100)),
      windowUpdate(0, windowBytes),
      windowUpdate(3, windowBytes),
      ping,
    )
    // What was sent before it has been read.
    await client.waitFor(() => client.frames.filter(({ type }) => type === frameTypes.ping).length > step)
    await client.waitFor(() => downloaded() === (step + 1) * windowBytes)
    assert.equal(client.isClosed, false)
    await clock.pass(100)
  }
  client.send(frame(frameTypes.data, flags.endStream, 1))
  assert.ok(await client.answer(1))
  assert.equal(client.isClosed, false)
  stage.front.close()
  assert.deepEqual(stage.events, [])
})

test('a body that comes, or an answer that is taken, byte by byte is reset', async t => {
  const stage = await openHttp2(
    t,
    (req, res) =>
      void (req.method === 'POST' ? req.resume().on('end', () => res.end()) : res.end(Buffer.alloc(100_000))),
    { http2: { streamIdleTimeout: 150 }, limits: { minRate: 20_000 } },
  )
  for (const step of [frame(frameTypes.data, 0, 1, Buffer.from('.')), windowUpdate(1, 1)]) {
    const client = new FrameConnection(stage.port, { settings: initialWindow(0) })
    t.after(() => client.close())
    const isUpload = step[3] === frameTypes.data
    client.request(1, isUpload ? post : requestFields(), isUpload ? flags.endHeaders : undefined)
    const timer = setInterval(() => client.send(step), 20)
    t.after(() => clearInterval(timer))
    assert.equal(await client.resetCode(1), cancel)
    clearInterval(timer)
  }
})

test('what waits in memory for clients is bounded for all streams together, and the slowest give it back', async t => {
  const budget = new PendingBudget(5_000_000)
  let answered = 0
  const stage = await openHttp2(
    t,
    (_req, res) => {
      answered++
      res.end(Buffer.alloc(1_000_000))
    },
    { budget },
  )
  const idle = new FrameConnection(stage.port, { settings: initialWindow(0) })
  const greedy = new FrameConnection(stage.port, { settings: initialWindow(0) })
  t.after(() => idle.close())
  t.after(() => greedy.close())
  idle.request(1, requestFields())
  for (let stream = 1; stream < 20; stream += 2) greedy.request(stream, requestFields())
  await Promise.all([idle.answer(1), greedy.waitFor(() => answered === 11)])
  budget.keep()
  await greedy.waitFor(() => greedy.isClosed)
  assert.equal(idle.isClosed, false)
  stage.front.close()
  assert.deepEqual(
    stage.events.map(({ event, fields }) => `${event} ${fields?.reason}`),
    ['edge.http2.closed memory'],
  )
})

test('a connection ends with GOAWAY after so many requests, and all of them are answered', async t => {
  const stage = await openHttp2(t, (_req, res) => res.end('served'), { http2: { requests: 5 } })
  const client = new FrameConnection(stage.port)
  for (let id = 1; id <= 9; id += 2) client.request(id, requestFields())
  assert.equal(await client.goawayCode(), noError)
  assert.equal(client.frames.filter(({ type }) => type === frameTypes.headers).length, 5)
})

test('bodies that are answered before they have come are no fault of their client', async t => {
  const clock = new HeldClock()
  const limits = { headerTimeout: 150 }
  const stage = await openHttp2(t, (_req, res) => res.writeHead(413).end('early'), { limits, clock })
  const client = stage.client()
  for (let count = 0; count < 30; count++) {
    const { headers } = await ask(client, { ':method': 'POST', ':path': '/' }, Buffer.alloc(250_000))
    assert.equal(headers[':status'], 413)
  }
  // Nothing is kept of what nobody has read, and the guard has looked.
  await clock.pass(0)
  assert.equal(client.closed || client.destroyed, false)
  stage.front.close()
  assert.deepEqual(stage.events, [])
})
