import assert from 'node:assert/strict'
import { once } from 'node:events'
import { appendFileSync, readdirSync, readlinkSync, truncateSync } from 'node:fs'
import net from 'node:net'
import { join } from 'node:path'
import { test } from 'node:test'
import fc from 'fast-check'
import { HttpConnection } from '../../../test/support/http-connection.ts'
import type { HttpResponse } from '../../../test/support/http-response.ts'
import { header, type Stage, stageStaticFiles } from '../../../test/support/static-stage.ts'

const large = Buffer.alloc(3 * 1024 * 1024, Array.from({ length: 251 }, (_, byte) => byte).join(' '))

test('a large file is sent whole and in parts, from the disk', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  s.write('large.bin', large)
  const whole = await s.get('/static/large.bin')
  assert.ok(large.equals(whole.body))
  const part = await s.get('/static/large.bin', { Range: 'bytes=1000-1999999' })
  assert.equal(part.status, 206)
  assert.equal(header(part, 'content-range'), `bytes 1000-1999999/${large.length}`)
  assert.ok(large.subarray(1000, 2_000_000).equals(part.body))
  const parts = await s.get('/static/large.bin', { Range: 'bytes=0-9,300000-900000,-10' })
  assert.equal(parts.status, 206)
  assertParts(parts, [large.subarray(0, 10), large.subarray(300_000, 900_001), large.subarray(-10)])
  const wrong = await s.get('/static/large.bin', { Range: 'bytes=9-2' })
  assert.deepEqual([wrong.status, header(wrong, 'content-range')], [416, `bytes */${large.length}`])
})

function assertParts(response: HttpResponse, expected: Buffer[]): void {
  const boundary = /boundary=(\S+)/.exec(header(response, 'content-type') ?? '')?.[1] ?? ''
  const parts = response.body.toString('latin1').split(`--${boundary}`).slice(1)
  assert.equal(parts.pop(), '--\r\n')
  const bodies = parts.map(part => part.slice(part.indexOf('\r\n\r\n') + 4, -2))
  assert.deepEqual(
    bodies.map(body => body.length),
    expected.map(({ length }) => length),
  )
  for (const [at, body] of bodies.entries()) assert.ok(body === expected[at]?.toString('latin1'), `part ${at}`)
}

/** A client that has sent a request and reads nothing. */
async function askAndWait(s: Stage, path: string): Promise<net.Socket> {
  const socket = net.connect(Number(new URL(s.url).port), '127.0.0.1')
  await once(socket, 'connect')
  socket.pause()
  socket.write(`GET ${path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
  return socket
}

async function readToEnd(socket: net.Socket): Promise<number> {
  let received = 0
  socket.on('data', chunk => {
    received += chunk.length
  })
  socket.on('error', () => {})
  socket.resume()
  await once(socket, 'close')
  return received
}

const hugeBytes = 64 * 1024 * 1024

test('clients that do not read hold a piece each, and a file that shrinks breaks them off', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  s.write('huge.bin', '')
  truncateSync(join(s.dir, 'files/huge.bin'), hugeBytes)
  const before = process.memoryUsage().rss
  const sockets = await Promise.all(Array.from({ length: 40 }, () => askAndWait(s, '/static/huge.bin')))
  t.after(() => {
    for (const socket of sockets) socket.destroy()
  })
  // Another client is served in full meanwhile: by then those who do not read have got all that is read for them.
  assert.ok((await readToEnd(await askAndWait(s, '/static/huge.bin'))) > hugeBytes)
  const grown = process.memoryUsage().rss - before
  assert.ok(grown < 64 * 1024 * 1024, `${grown} bytes more for 40 clients of 64 MiB each`)
  truncateSync(join(s.dir, 'files/huge.bin'), 1000)
  const received = await Promise.all(sockets.slice(0, 5).map(readToEnd))
  for (const bytes of received) assert.ok(bytes < hugeBytes, 'a short body never looks whole: the connection ends')
})

test('a file that grows is sent to the length that was announced', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }))
  s.write('log.bin', large)
  const connection = await HttpConnection.open(s.url)
  t.after(() => connection.close())
  connection.send('GET /static/log.bin HTTP/1.1\r\nHost: a\r\n\r\n')
  appendFileSync(join(s.dir, 'files/log.bin'), large)
  const { body } = await connection.receive()
  assert.ok(body.length === large.length || body.length === 2 * large.length)
  connection.send('GET /static/none HTTP/1.1\r\nHost: a\r\n\r\n')
  assert.equal(String((await connection.receive()).body), 'app /static/none', 'the connection is still in step')
})

test('files that nobody reads any more are closed', { skip: process.platform !== 'linux' }, async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': join(dir, 'files') }), { cache: { maxBytes: 0 } })
  for (let n = 0; n < 20; n++) s.write(`${n}.bin`, 'x'.repeat(10))
  for (let n = 0; n < 20; n++) assert.equal((await s.get(`/static/${n}.bin`)).body.length, 10)
  await new Promise(setImmediate)
  const open = readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [readlinkSync(`/proc/self/fd/${fd}`)]
    } catch {
      return []
    }
  })
  assert.ok(open.filter(path => path.startsWith(s.dir)).length <= 1, 'the last one may be open still')
})

test('headers that a client makes up never fail the server', async t => {
  const s = await stageStaticFiles(t, dir => ({ '/static': { dir: join(dir, 'files'), fallback: '/small.txt' } }))
  s.write('small.txt', 'small')
  s.write('small.txt.gz', 'small, but gzip')
  s.write('large.bin', large.subarray(0, 300_000))
  const connection = await HttpConnection.open(s.url)
  t.after(() => connection.close())
  const value = fc.oneof(
    fc.string({ unit: fc.constantFrom(...'bytes=-,0123456789"W/* ;q.GMTSunNov:ab'), maxLength: 60 }),
    fc.array(fc.nat(99), { maxLength: 12 }).map(numbers => `bytes=${numbers.join('-')}`),
    fc.constantFrom(
      '*',
      '"',
      'W/"',
      'bytes=0-',
      `bytes=${'0-0,'.repeat(300)}`,
      '9'.repeat(1200),
      'constructor',
      '__proto__',
    ),
  )
  const names = [
    'Range',
    'If-Range',
    'If-Match',
    'If-None-Match',
    'If-Modified-Since',
    'If-Unmodified-Since',
    'Accept-Encoding',
    'Accept',
  ]
  const headers = fc.dictionary(fc.constantFrom(...names), value)
  await fc.assert(
    fc.asyncProperty(headers, fc.constantFrom('small.txt', 'large.bin', 'none'), async (given, name) => {
      const lines = Object.entries(given).map(([header, text]) => `${header}: ${text.trim()}\r\n`)
      connection.send(`GET /static/${name} HTTP/1.1\r\nHost: a\r\n${lines.join('')}\r\n`)
      const { status } = await connection.receive()
      assert.ok([200, 206, 304, 412, 416].includes(status), `${status} for ${JSON.stringify(given)}`)
    }),
    { numRuns: 500 },
  )
  assert.deepEqual(s.warnings, [])
})
