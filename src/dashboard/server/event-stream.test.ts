import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { http } from '../../base/node-http.ts'
import { type EventStream, EventStreams } from './event-stream.ts'
import { Refusal } from './refusal.ts'

type Session = { readonly id: string; readonly until: number }

/** A server whose every answer is a stream, and what those streams are. */
async function serve(t: TestContext, { session, ...options }: { session?: Session; stuckMs?: number } = {}) {
  const streams = new EventStreams(options)
  const opened: (EventStream | Refusal)[] = []
  const server = http.createServer((_, res) => {
    try {
      opened.push(streams.open({ res, session }))
    } catch (error) {
      assert.ok(error instanceof Refusal)
      opened.push(error)
      res.writeHead(error.status).end()
    }
  })
  await once(server.listen(0, '127.0.0.1'), 'listening')
  t.after(() => server.close(() => {}).closeAllConnections())
  const { port } = server.address() as { port: number }
  const open = async () => {
    const socket = connect(port, '127.0.0.1')
    t.after(() => socket.destroy())
    const count = opened.length
    socket.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n')
    while (opened.length === count) await new Promise(resolve => setImmediate(resolve))
    return { socket, stream: opened.at(-1) as EventStream }
  }
  return { open, streams, opened }
}

test('a reader gets events as they are sent, and is told of the end', async t => {
  const { open, streams } = await serve(t)
  const { socket, stream } = await open()
  stream.send('tick', { text: 'a\nb\u2028' })
  streams.close()
  let text = ''
  for await (const chunk of socket) {
    text += chunk
    if (text.includes('bye')) break
  }
  assert.match(text, /retry: 2000\n\n/)
  assert.match(text, /event: tick\ndata: \{"text":"a\\nb\u2028"\}\n\n/)
  assert.match(text, /event: bye\ndata: \{\}\n\n/)
})

test('what waits for a reader that does not read has a bound', async t => {
  const { open } = await serve(t)
  const { socket, stream } = await open()
  socket.pause()
  const line = 'x'.repeat(64 * 1024)
  let taken = 0
  while (stream.send('line', line)) {
    taken++
    assert.ok(taken < 1_000, 'without end')
    await new Promise(resolve => setImmediate(resolve))
  }
  const closed = new Promise<void>(resolve => stream.onClose(resolve))
  socket.destroy()
  await closed
  assert.equal(stream.isOpen, false)
  assert.equal(stream.send('line', ''), false)
})

test('there are 64 readers at most, and one that goes makes room', async t => {
  const { open, opened } = await serve(t)
  const readers = []
  for (let index = 0; index < 64; index++) readers.push(await open())
  await open()
  const [refused] = opened.slice(-1)
  assert.ok(refused instanceof Refusal && refused.status === 503)
  const [first] = readers
  const closed = new Promise<void>(resolve => first?.stream.onClose(resolve))
  first?.socket.destroy()
  await closed
  const { stream } = await open()
  assert.ok(!(stream instanceof Refusal))
})

test('a stream ends with its session: with its time, or when it is ended', async t => {
  const { open, streams } = await serve(t, { session: { id: 'a', until: 1_000 } })
  const [first, second] = [await open(), await open()]
  streams.endOf('b')
  streams.beat(999)
  assert.ok(first.stream.isOpen && second.stream.isOpen)
  streams.endOf('a')
  assert.ok(!first.stream.isOpen && !second.stream.isOpen)
  const third = await open()
  streams.beat(1_000)
  assert.equal(third.stream.isOpen, false)
})

test('a reader that takes nothing is cut off, and a slow one is not', async t => {
  // Longer than a busy machine keeps this process from reading.
  const stuckMs = 1_500
  const { open } = await serve(t, { stuckMs })
  const line = 'x'.repeat(64 * 1024)
  const openFull = async () => {
    const reader = await open()
    reader.socket.pause()
    // More than the system keeps for a connection.
    while (reader.stream.send('line', line)) await new Promise(setImmediate)
    return reader
  }
  const slow = await openFull()
  let taken = 0
  const reading = setInterval(() => {
    for (let count = 0; count < 8; count++) taken += slow.socket.read()?.length ?? 0
    // So that there always is something that waits for it.
    while (slow.stream.send('line', line));
  }, 25)
  t.after(() => clearInterval(reading))
  // The slow one outlives two others, each with all of its time.
  for (let times = 0; times < 2; times++) {
    const began = performance.now()
    const { stream } = await openFull()
    await new Promise<void>(resolve => stream.onClose(resolve))
    // Timers count in whole milliseconds.
    assert.ok(performance.now() - began >= stuckMs - 2)
  }
  assert.ok(slow.stream.isOpen && taken > 0)
})
