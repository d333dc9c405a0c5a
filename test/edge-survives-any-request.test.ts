/** Crashes from outside: whatever bytes come, over whatever protocol, the edge stays, and what it lets through is canonical. */
import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { forEachCase, type Protocol, startOnEveryProtocol } from './support/every-protocol.ts'
import { block, FrameConnection, flags, frame, frameTypes, requestFields } from './support/http2-frames.ts'
import { mutate, randomFrom } from './support/mutate-bytes.ts'
import { exchange, requestText, type Seen } from './support/odd-requests.ts'
import type { Tree } from './support/tree.ts'

const token = fc.stringMatching(/^[A-Za-z_.-]{1,12}$/)
const pieces = '/ // . .. %2e %2f %5c %00 %25 %c3%a9 %ff ; ? # * \\ a http:// @ : [ ] % & = %0d%0a ~ " |'.split(' ')
const target = fc.array(fc.constantFrom(...pieces), { minLength: 1, maxLength: 12 }).map(parts => parts.join(''))
const value = fc.oneof(
  fc.string({ maxLength: 30 }),
  fc.constantFrom('chunked', '5', 'close', 'upgrade', 'websocket', '100-continue', '::1', '[::1]:80', 'a, b', 'for="'),
)
const name = fc.oneof(
  token,
  fc.constantFrom(
    ...['Host', 'Connection', 'Transfer-Encoding', 'Content-Length', 'Expect', 'Upgrade', 'Forwarded', 'Cookie', 'TE'],
    ...['X-Forwarded-For', 'X-Forwarded-Host', 'X-Forwarded-Proto', 'X-Request-Id', 'Authorization', 'Range'],
    ...['__proto__', 'constructor', 'toString', 'Sec-WebSocket-Key'],
  ),
)

/** Nine of ten are of the first kind: with something wrong in every part, none would pass. */
function mostly<Value>(usual: fc.Arbitrary<Value>, odd: fc.Arbitrary<Value>): fc.Arbitrary<Value> {
  return fc.oneof({ arbitrary: usual, weight: 9 }, { arbitrary: odd, weight: 1 })
}

const request = fc.record({
  method: mostly(fc.constant('GET'), fc.oneof(fc.constantFrom('POST', 'OPTIONS', 'HEAD', 'CONNECT', 'PRI'), token)),
  target: mostly(
    target.map(text => `/a${text.replace(/[#*\\]|%(?:ff|00|5c|0d|2f)|%$|%(?![0-9a-f])/g, '')}`),
    target,
  ),
  version: mostly(fc.constant('1.1'), fc.constantFrom('1.0', '0.9', '2.0', '9.9')),
  host: mostly(fc.constant('localhost'), fc.oneof(value, fc.constant(null))),
  headers: fc.array(fc.tuple(name, value), { maxLength: 3 }),
})
type Request = typeof request extends fc.Arbitrary<infer Value> ? Value : never

const last = requestText({ target: '/last', headers: [['Connection', 'close']] })
/** Ends every connection, whatever it waits for: the rest of a body, another chunk, a request. */
const farewell = `\r\n\r\n${last}${last}\0\r\n\r\n`

/** The answer of the application, when it was asked. */
async function echoed({ isHttp2, url, ask }: Protocol, odd: Request): Promise<Seen | undefined> {
  if (isHttp2) return (await ask(odd)).seen
  const closing = { ...odd, headers: [...odd.headers, ['Connection', 'close'] as const] }
  const { responses, isClosed } = await exchange(url, requestText(closing) + farewell)
  assert.equal(isClosed, true, JSON.stringify(odd))
  const [response] = responses
  if (response?.headers.get('content-type') !== 'application/json' || response.body.length === 0) return undefined
  return JSON.parse(String(response.body))
}

test('no request ends a worker, and every one that passes is in its final form', async t => {
  const { tree, protocols } = await startOnEveryProtocol(t, {
    edge: { trust: ['loopback'], requestId: true, paths: { allowEncodedSlash: ['/a'] } },
  })
  const passed = new Map(protocols.map(protocol => [protocol.name, 0]))
  const requests = fc.sample(request, { numRuns: 250, seed: 5 })
  await forEachCase(protocols, requests, async (protocol, odd) => {
    const seen = await echoed(protocol, odd)
    if (!seen) return
    passed.set(protocol.name, (passed.get(protocol.name) ?? 0) + 1)
    const { url, rawHeaders } = seen
    assert.match(url, /^\/[!-~]*$/)
    assert.doesNotMatch(url.split('?')[0] ?? '', /\/\/|\/\.{1,2}(?:\/|$)|%2e|%5c|%00|\\|#/i)
    const again = await protocol.ask({ target: url })
    assert.equal(again.seen?.url ?? again.status, url, `${protocol.name}: ${JSON.stringify(odd)}`)
    for (const text of rawHeaders) assert.match(text, /^[\t\x20-\x7e\x80-\xff]*$/)
  })
  for (const [protocol, count] of passed)
    assert.ok(count > 50, `Only ${count} passed over ${protocol}: it shows nothing.`)
  await assertServes(tree, protocols)
})

test('no bytes end a worker: where HTTP/1.1, TLS or HTTP/2 are spoken', async t => {
  // So that what is never completed ends soon, and no handshake that a busy machine is slow with.
  const soon = '3s'
  const { tree, protocols } = await startOnEveryProtocol(t, {
    tls: { selfSigned: true, handshakeTimeout: soon },
    edge: { limits: { headerTimeout: soon }, http2: { keepAlive: soon, streamIdleTimeout: soon } },
  })
  const [plain, secure] = protocols
  assert.ok(plain && secure)
  const bytes = fc.sample(fc.uint8Array({ minLength: 1, maxLength: 200 }), { numRuns: 100, seed: 7 })
  const texts = bytes.flatMap(each => [Buffer.from(each), Buffer.concat([Buffer.from('GET / HTTP/1.1\r\n'), each])])
  const http1 = [plain, secure]
  await forEachCase(http1, texts, async ({ url }, text) => {
    const { isClosed } = await exchange(url, Buffer.concat([text, Buffer.from(farewell, 'latin1')]))
    assert.equal(isClosed, true, text.toString('hex'))
  })
  const hello = await clientHello()
  const random = randomFrom(11)
  const port = Number(new URL(secure.url).port)
  const mutants = (bytes: Buffer) => Array.from({ length: 150 }, () => mutate(bytes, random))
  await Promise.all([
    ...mutants(hello).map(each => sendToEnd(port, each)),
    ...mutants(frames).map(each => sendFrames(t, port, each)),
  ])
  await assertServes(tree, protocols)
})

async function assertServes(tree: Tree, protocols: readonly Protocol[]): Promise<void> {
  for (const { name: protocol, ask } of protocols) assert.equal((await ask({})).status, 200, protocol)
  assert.deepEqual(tree.events('worker.exited'), [])
  assert.deepEqual(tree.events('edge.failed'), [])
}

/** What a client of TLS sends first. */
async function clientHello(): Promise<Buffer> {
  const { createServer } = await import('node:net')
  const { connect: connectTls } = await import('node:tls')
  const server = createServer()
  const received = new Promise<Buffer>(resolve => server.once('connection', socket => socket.once('data', resolve)))
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const client = connectTls({ port, host: '127.0.0.1', servername: 'localhost', ALPNProtocols: ['h2', 'http/1.1'] })
  client.on('error', () => {})
  const hello = await received
  client.destroy()
  server.close()
  return hello
}

/** Sends, ends, and waits until the other side has ended, too. */
function sendToEnd(port: number, bytes: Buffer): Promise<void> {
  return new Promise(resolve => {
    const socket = connect({ port, host: '127.0.0.1' })
    socket.on('error', () => {})
    socket.on('close', () => resolve())
    socket.resume().end(bytes)
  })
}

/** A session as it is right: a request with a body, in two frames, and another one. */
const frames = Buffer.concat([
  frame(frameTypes.headers, flags.endHeaders, 1, block([...requestFields('/', 'POST'), ['content-length', '4']])),
  frame(frameTypes.data, 0, 1, Buffer.from('bo')),
  frame(frameTypes.data, flags.endStream, 1, Buffer.from('dy')),
  frame(frameTypes.headers, 0, 3, block(requestFields('/two'))),
  frame(frameTypes.continuation, flags.endHeaders, 3, block([['x', 'y']])),
  frame(frameTypes.windowUpdate, 0, 0, Buffer.from([0, 0, 0, 9])),
])

async function sendFrames(t: TestContext, port: number, bytes: Buffer): Promise<void> {
  const client = new FrameConnection(port, { isTls: true })
  t.after(() => client.close())
  client.socket.end(bytes)
  await client.waitFor(({ type }) => type === frameTypes.goaway)
  client.close()
}
