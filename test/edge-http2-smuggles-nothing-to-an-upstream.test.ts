/**
 * Smuggling from HTTP/2 to HTTP/1.1: what an upstream gets of one stream is one request, and no byte of it is the client's to
 * choose where HTTP/1.1 would read a head. Checked by the bytes that arrive there.
 */
import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Fields } from './support/http2-frames.ts'
import { OddHttp2Client } from './support/odd-http2-client.ts'
import { startRawUpstream } from './support/proxy-stage.ts'
import { startTree } from './support/tree.ts'

const mark = 'GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n'

/** Fields behind the usual four, or instead of those of the same name. */
interface Attack {
  readonly fields: Fields
  readonly body?: string
}

/** What is malformed (RFC 9113, 8.1.1 to 8.3.1), or refused by the edge: nothing of it arrives. */
const refused: Readonly<Record<string, Attack>> = {
  'a path with a space': { fields: [[':path', '/ HTTP/1.1\tX: y']] },
  'a path with a line': { fields: [[':path', `/ HTTP/1.1\r\nHost: localhost\r\n\r\n${mark}`]] },
  'a path with a bare LF': { fields: [[':path', '/\nX: y']] },
  'a path with NUL': { fields: [[':path', '/\0']] },
  'a path in absolute-form': { fields: [[':path', 'http://evil/']] },
  'a path without a slash': { fields: [[':path', 'admin']] },
  'no path': { fields: [[':path', '']] },
  'a path with an encoded line': { fields: [[':path', '/%0d%0aX:%20y']] },
  'a method with a line': { fields: [[':method', 'GET / HTTP/1.1\r\nX: y\r\n\r\nGET']] },
  'a method with a space': { fields: [[':method', 'GET /admin']] },
  'a method that nobody knows': { fields: [[':method', 'GETX']] },
  'an authority with a line': { fields: [[':authority', 'localhost\r\nX: y']] },
  'an authority with a path': { fields: [[':authority', 'localhost/admin']] },
  'an authority with a user': { fields: [[':authority', 'localhost@evil']] },
  'another Host than the authority': { fields: [['host', 'evil']] },
  'two Hosts': { fields: [['host', 'localhost'], ['host', 'localhost']] }, // biome-ignore format: one line an attack
  'a scheme with a line': { fields: [[':scheme', 'https\r\nX: y']] },
  'a scheme that is a URL': { fields: [[':scheme', 'http://evil/?']] },
  'Connection': { fields: [['connection', 'close, authorization']] }, // biome-ignore format: one line an attack
  'Transfer-Encoding': { fields: [['transfer-encoding', 'chunked']], body: `0\r\n\r\n${mark}` }, // biome-ignore format: one line an attack
  'Transfer-Encoding without a body': { fields: [['transfer-encoding', 'chunked']] },
  'TE': { fields: [['te', 'chunked']] }, // biome-ignore format: one line an attack
  'Upgrade': { fields: [['upgrade', 'h2c']] }, // biome-ignore format: one line an attack
  'Keep-Alive': { fields: [['keep-alive', 'timeout=5']] },
  'a second pseudo field': { fields: [['x', 'y'], [':path', '/admin']] }, // biome-ignore format: one line an attack
  'an unknown pseudo field': { fields: [[':x', 'y']] },
  'two lengths': { fields: [['content-length', '5'], ['content-length', '6']], body: 'hello' }, // biome-ignore format: one line an attack
  'a length that is no number': { fields: [['content-length', '5, 5']], body: 'hello' },
  'a length without a body': { fields: [['content-length', '5']] },
  'a name in upper case': { fields: [['Transfer-Encoding', 'chunked']] },
  'a range that stands twice': { fields: [['range', 'bytes=0-1'], ['range', 'bytes=1-2']] }, // biome-ignore format: one line an attack
}

/** A body has begun to arrive when it is seen that it is not as long as announced: its request must never become whole. */
const broken: Readonly<Record<string, Attack>> = {
  'a length that is too short': { fields: [['content-length', '5']], body: `hello${mark}` },
  'a length that is too long': { fields: [['content-length', '500']], body: mark },
}

/** What arrives without what is wrong in it, as one request. */
const cleaned: Readonly<Record<string, Attack>> = {
  'a value with a line': { fields: [['x', `y\r\nTransfer-Encoding: chunked\r\n\r\n${mark}`]] },
  'a value with a bare LF': { fields: [['x', 'y\nTransfer-Encoding: chunked']] },
  'a value with a bare CR': { fields: [['x', 'y\rTransfer-Encoding: chunked']] },
  'a value with NUL': { fields: [['x', 'y\0']] },
  'a name with a colon': { fields: [['transfer-encoding: chunked\r\nx', 'y']] },
  'a name with a space': { fields: [['transfer-encoding ', 'chunked']] },
  'a name with a line': { fields: [['x\r\ntransfer-encoding', 'chunked']] },
  'a name of another spelling': { fields: [['transfer_encoding', 'chunked'], ['content_length', '5']] }, // biome-ignore format: one line an attack
  'a body that looks like a request': { fields: [], body: mark },
  'a body that looks like chunks': { fields: [['content-length', '5']], body: '0\r\n\r\n' },
  'a body of GET': { fields: [[':method', 'GET']], body: mark },
  'a body of DELETE': { fields: [[':method', 'DELETE']], body: mark },
  'a query that looks like a request': { fields: [[':path', '/?%20HTTP/1.1%0d%0a%0d%0aGET%20/smuggled']] },
  'Expect': { fields: [['expect', '100-continue']], body: mark }, // biome-ignore format: one line an attack
}

test('what an upstream gets of a stream is one request, or none', async t => {
  const upstream = await startByteUpstream(t)
  const proxy = { '/': { to: [upstream.url] } }
  const edge = { proxy, http2: { glitchBurst: 10_000, resetBurst: 10_000 } }
  const tree = await startTree(t, {
    config: { apps: { web: { listen: '127.0.0.1:0', workers: 1, tls: 'self-signed', edge } } },
  })
  const others = await OddHttp2Client.open(tree.url)
  let client = await OddHttp2Client.open(tree.url)
  t.after(() => {
    others.close()
    client.close()
  })
  const ask = async ({ fields, body }: Attack) => {
    if (client.isClosed) client = await OddHttp2Client.open(tree.url)
    const { status } = await client.ask(withUsual(fields, body), body)
    // Whatever would follow on the connection to the upstream has arrived before it.
    const probe = await others.ask(withUsual([[':path', '/probe']]))
    assert.equal(probe.status, 200)
    return { status, bytes: upstream.take() }
  }
  for (const [name, attack] of Object.entries(refused)) {
    const { status, bytes } = await ask(attack)
    assert.ok(status === 0 || (status >= 400 && status < 502), `${name}: ${status}`)
    assert.deepEqual(requestLines(bytes), ['GET /probe HTTP/1.1'], name)
  }
  for (const [name, attack] of Object.entries(broken)) {
    const { status, bytes } = await ask(attack)
    assert.equal(status, 0, name)
    for (const text of bytes) assert.doesNotMatch(text, /\r\n0\r\n\r\n$/, name)
    assert.deepEqual(requestLines(bytes).slice(-1), ['GET /probe HTTP/1.1'], name)
  }
  // Whole before its body comes: it may have been answered by then.
  const empty = await ask({ fields: [['content-length', '0']], body: mark })
  assert.ok(empty.status === 0 || empty.status === 200)
  assert.doesNotMatch(empty.bytes.join(), /smuggled/)
  for (const [name, attack] of Object.entries(cleaned)) {
    const { status, bytes } = await ask(attack)
    assert.equal(status, 200, name)
    const [line = '', ...others] = requestLines(bytes)
    assert.match(line, /^(?:GET|POST|DELETE) \/[!-~]* HTTP\/1\.1$/, name)
    assert.deepEqual(others, ['GET /probe HTTP/1.1'], name)
    const head = bytes.join('').split('\r\n\r\n', 1)[0] ?? ''
    assert.doesNotMatch(head, /^GET \/smuggled|transfer_encoding|content_length|^x:/im, name)
    if (attack.body === undefined) assert.doesNotMatch(head, /transfer-encoding|content-length: [^0]/i, name)
  }
  assert.deepEqual([tree.events('worker.exited'), tree.events('edge.failed')], [[], []])
})

function withUsual(fields: Fields, body?: string): Fields {
  const names = new Set(fields.filter(([name]) => name.startsWith(':')).map(([name]) => name))
  const usual: Fields = [
    [':method', body === undefined ? 'GET' : 'POST'],
    [':scheme', 'https'],
    [':authority', 'localhost'],
    [':path', '/usual'],
  ]
  // One that is to come a second time stands behind another field.
  const isFirst = fields[0]?.[0].startsWith(':') === true
  return [...usual.filter(([name]) => !isFirst || !names.has(name)), ...fields]
}

interface ByteUpstream {
  readonly url: string
  /** What has arrived on each of its connections since the last time. */
  take(): string[]
}

/** Reads requests as strictly as HTTP/1.1 says, answers each, and keeps all bytes. */
async function startByteUpstream(t: TestContext): Promise<ByteUpstream> {
  let connections: { text: string }[] = []
  const { url } = await startRawUpstream(t, socket => {
    let received = ''
    const connection = { text: '' }
    socket.on('data', chunk => {
      if (!connections.includes(connection)) connections.push(connection)
      connection.text += chunk.toString('latin1')
      received += chunk.toString('latin1')
      for (let end = endOfRequest(received); end > 0; end = endOfRequest(received)) {
        received = received.slice(end)
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
      }
    })
  })
  return {
    url,
    take: () => {
      const texts = connections.map(({ text }) => text)
      for (const connection of connections) connection.text = ''
      connections = []
      return texts
    },
  }
}

/** Where the first request ends; 0 while it has not ended. */
function endOfRequest(text: string): number {
  const headEnd = text.indexOf('\r\n\r\n') + 4
  if (headEnd < 4) return 0
  const head = text.slice(0, headEnd)
  if (/\r\ntransfer-encoding: *chunked\r\n/i.test(head)) return endOfChunks(text, headEnd)
  const length = Number(/\r\ncontent-length: *(\d+)\r\n/i.exec(head)?.[1] ?? 0)
  return text.length >= headEnd + length ? headEnd + length : 0
}

function endOfChunks(text: string, start: number): number {
  for (let position = start; ; ) {
    const lineEnd = text.indexOf('\r\n', position)
    const size = lineEnd < 0 ? Number.NaN : Number.parseInt(text.slice(position, lineEnd), 16)
    const end = lineEnd + 2 + size + 2
    if (!(text.length >= end)) return 0
    if (size === 0) return end
    position = end
  }
}

/** The first lines of all requests, as whoever reads HTTP/1.1 finds them. */
function requestLines(bytes: readonly string[]): string[] {
  const lines: string[] = []
  for (const text of bytes) {
    let rest = text
    while (rest !== '') {
      lines.push(rest.split('\r\n', 1)[0] ?? '')
      const end = endOfRequest(rest)
      if (end === 0) break
      rest = rest.slice(end)
    }
  }
  return lines
}
