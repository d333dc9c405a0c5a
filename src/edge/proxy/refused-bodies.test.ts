/** Who sends a large body to an upstream that fails is told so, completely, and his connection ends cleanly or goes on. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import http2 from 'node:http2'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { HttpConnection } from '../../../test/support/http-connection.ts'
import { deadUrl, startProxy, startRawUpstream, startUpstream } from '../../../test/support/proxy-stage.ts'

const megabyte = 1024 * 1024
const interim = 'HTTP/1.1 100 Continue\r\n\r\n'
const large = 50 * megabyte
const piece = Buffer.alloc(64 * 1024)

/** Upstreams that fail, each in its own way, and what the client of each is told. */
async function failingUpstreams(t: TestContext) {
  const silent = await startRawUpstream(t, () => {})
  const broken = await startRawUpstream(t, socket => socket.once('data', () => socket.destroy()))
  const deaf = await startRawUpstream(t, socket => socket.pause())
  const ok = await startUpstream(t, (_req, res) => res.end('ok'))
  return {
    rules: {
      '/down': await deadUrl(),
      '/late': { to: silent.url.replace('http:', 'https:'), timeouts: { connect: '50ms' } },
      '/broken': broken.url,
      '/deaf': { to: deaf.url, timeouts: { firstByte: '100ms' } },
      '/ok': ok.url,
    },
    statuses: { '/down': 502, '/late': 504, '/broken': 502, '/deaf': 504 },
  }
}

/** Sends a head and then so many bytes, as long as the other side takes them; resolves with all that came, and how it ended. */
async function upload(url: string, head: string, { isChunked = false, waits = false } = {}) {
  const client = connect(Number(new URL(url).port), '127.0.0.1')
  let text = ''
  let left = large
  const send = () => {
    while (left > 0 && !client.destroyed) {
      left -= piece.length
      if (isChunked) client.write(`${piece.length.toString(16)}\r\n`)
      const isTaken = client.write(piece)
      if (isChunked) client.write('\r\n')
      if (!isTaken) return
    }
  }
  let fault: string | undefined
  client.on('error', (error: NodeJS.ErrnoException) => {
    fault = error.code
  })
  client.on('data', chunk => {
    text += chunk.toString('latin1')
    if (waits && text === interim) begin()
  })
  const begin = () => {
    client.on('drain', send)
    send()
  }
  client.write(head)
  if (!waits) begin()
  const ending = await new Promise(resolve => {
    client.on('end', () => resolve('end'))
    client.on('close', () => resolve(fault))
  })
  client.destroy()
  return { text: text.replace(interim, ''), ending }
}

test('over HTTP/1.1 the answer comes whole, and then the connection ends', async t => {
  const { rules, statuses } = await failingUpstreams(t)
  const { url } = await startProxy(t, rules)
  const length = `Content-Length: ${large}`
  const ways = {
    plain: { fields: length },
    'to be closed': { fields: `${length}\r\nConnection: close` },
    chunked: { fields: 'Transfer-Encoding: chunked', isChunked: true },
    'waiting for 100 Continue': { fields: `${length}\r\nExpect: 100-continue`, waits: true },
    'not waiting for it': { fields: `${length}\r\nExpect: 100-continue` },
  }
  const cases = Object.entries(statuses).flatMap(([path, status]) =>
    Object.entries(ways).map(async ([way, { fields, ...options }]) => {
      const { text, ending } = await upload(url, `POST ${path} HTTP/1.1\r\nHost: a\r\n${fields}\r\n\r\n`, options)
      const [head = '', body] = text.split('\r\n\r\n')
      assert.equal(head.split(' ')[1], String(status), `${path} ${way}: ${text}`)
      assert.match(body ?? '', new RegExp(`^${status} [\\w ]+\\n$`), `${path} ${way}`)
      assert.equal(ending, 'end', `${path} ${way}`)
    }),
  )
  await Promise.all(cases)
})

test('a body that is not too long to be read on costs nobody a connection', async t => {
  const { rules, statuses } = await failingUpstreams(t)
  const { url } = await startProxy(t, rules)
  await Promise.all(
    Object.entries(statuses).map(async ([path, status]) => {
      const connection = await HttpConnection.open(url)
      t.after(() => connection.close())
      const next = async () => {
        connection.send('GET /ok HTTP/1.1\r\nHost: a\r\n\r\n')
        assert.equal((await connection.receive()).status, 200, path)
      }
      await next()
      connection.send(`POST ${path} HTTP/1.1\r\nHost: a\r\nContent-Length: ${4 * megabyte}\r\n\r\n`)
      connection.send(Buffer.alloc(4 * megabyte))
      assert.equal((await connection.receive()).status, status, path)
      await next()
    }),
  )
})

test('over HTTP/2 the answer comes whole, and the connection goes on', async t => {
  const { rules, statuses } = await failingUpstreams(t)
  const { url } = await startProxy(t, rules, { isHttp2: true })
  const session = http2.connect(url)
  t.after(() => session.destroy())
  const ask = async (path: string, fields: object, size: number) => {
    const stream = session.request({ ':method': 'POST', ':path': path, ...fields })
    stream.on('error', () => {})
    const answer = once(stream, 'response').then(([headers]) => headers[':status'])
    const text = stream.toArray().then(String)
    let left = size
    const send = () => {
      while (left > 0 && !stream.writableEnded) {
        left -= piece.length
        if (!stream.write(piece)) return
      }
      if (left <= 0) stream.end()
    }
    stream.on('drain', send)
    send()
    const closed = once(stream, 'close')
    const result = `${await answer} ${await text}`
    await closed
    return { result, code: stream.rstCode }
  }
  const ways = {
    'with a length': { 'content-length': large },
    'without one': {},
    'waiting for 100 Continue': { 'content-length': large, expect: '100-continue' },
  }
  const cases = Object.entries(statuses).flatMap(([path, status]) =>
    Object.entries(ways).map(async ([way, fields]) => {
      const { result, code } = await ask(path, fields, large)
      assert.match(result, new RegExp(`^${status} ${status} [\\w ]+\\n$`), `${path} ${way}`)
      assert.equal(code, http2.constants.NGHTTP2_NO_ERROR, `${path} ${way}`)
    }),
  )
  await Promise.all(cases)
  assert.equal((await ask('/ok', {}, 0)).result, '200 ok')
})
