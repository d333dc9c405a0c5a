import assert from 'node:assert/strict'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import tls from 'node:tls'
import { keepAliveClient } from './support/clients.ts'
import { startTree } from './support/tree.ts'
import { until } from './support/until.ts'

const application = `
  const large = Buffer.alloc(16 * 1024 * 1024)
  export default (req, res) => {
    if (req.url === '/large') res.end(large)
    else if (req.url === '/fresh') res.end(Buffer.alloc(16 * 1024 * 1024, 'x'))
    else if (req.method === 'POST') { let n = 0; req.on('data', c => { n += c.length }).on('end', () => res.end(String(n))) }
    else res.end('hello')
  }
  process.on('uncaughtException', error => { console.log('FAULT', error); process.exit(1) })
`
const limits = {
  // A client that this process was slow to begin is still one with a slow body: its head comes in time all the same.
  headerTimeout: '3s',
  idleTimeout: '1500ms',
  minRate: 2_000,
  pendingBytes: '128MB',
  bodyBytes: '1GB',
}

/** What each sends at first, and then again and again: too little. */
const kinds = {
  header: { head: 'GET / HTTP/1.1\r\nHost: a\r\n', trickle: 'X-A: b\r\n' },
  body: { head: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n', trickle: 'x' },
  chunk: { head: 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n', trickle: '1\r\nx\r\n' },
  read: { head: 'GET /large HTTP/1.1\r\nHost: a\r\n\r\n', trickle: '' },
  fresh: { head: 'GET /fresh HTTP/1.1\r\nHost: a\r\n\r\n', trickle: '' },
  silent: { head: '', trickle: '' },
}

interface SlowClient {
  readonly kind: string
  readonly isBegun: Promise<void>
  readonly isCut: Promise<void>
}

function openSlowClient(t: TestContext, kind: keyof typeof kinds, connect: () => net.Socket): SlowClient {
  const { head, trickle } = kinds[kind]
  const socket = connect()
  const isBegun = new Promise<void>(resolve => socket.write(head, () => resolve()))
  if (kind === 'read' || kind === 'fresh') socket.pause()
  else socket.resume()
  const timer = setInterval(() => trickle !== '' && socket.write(trickle), 300)
  socket.on('error', () => {})
  const isCut = new Promise<void>(resolve => {
    socket.on('close', () => {
      clearInterval(timer)
      resolve()
    })
  })
  t.after(() => {
    clearInterval(timer)
    socket.destroy()
  })
  return { kind, isBegun, isCut }
}

const counts: Readonly<Record<keyof typeof kinds, number>> = {
  header: 300,
  body: 280,
  chunk: 100,
  read: 40,
  fresh: 20,
  silent: 100,
}
const secureShare = 0.2

for (const scheme of ['http', 'https'] as const) {
  const share = scheme === 'http' ? 1 : secureShare
  test(`slow clients over ${scheme} are all cut, hold little memory, and nobody else notices`, async t => {
    const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 1, accessLog: false, edge: { limits } }
    const tree = await startTree(t, {
      files: { 'app.mjs': application },
      config: { apps: { web: scheme === 'http' ? web : { ...web, tls: 'self-signed' } } },
    })
    const { hostname, port } = new URL(tree.url)
    const address = { host: hostname, port: Number(port) }
    const connect = () =>
      scheme === 'http' ? net.connect(address) : tls.connect({ ...address, rejectUnauthorized: false })
    const worker = async () => {
      const [child] = (await tree.status()).children
      if (!child) throw new Error('There is no worker.')
      return child
    }
    const { pid, rssBytes: rssBefore } = await worker()
    const others = scheme === 'http' ? keepAliveClient(t, tree.url, { pauseMs: 20 }).start() : undefined
    await others?.answered(50)
    const clients = Object.entries(counts).flatMap(([kind, count]) =>
      Array.from({ length: count * share }, () => openSlowClient(t, kind as keyof typeof kinds, connect)),
    )
    await Promise.all(clients.map(({ isBegun }) => isBegun))
    const { rssBytes } = await worker()
    // Those who read nothing do not hear of it.
    const silentKinds = new Set(['read', 'fresh'])
    await Promise.all(clients.filter(({ kind }) => !silentKinds.has(kind)).map(({ isCut }) => isCut))
    const cuts = await until('all who are slow were counted', () => {
      const counted = tree.events('edge.slow-clients.cut').at(-1)
      const [bodies, readers] = [
        Number(counted?.slowBodies),
        Number(counted?.slowReaders) + Number(counted?.overBudget),
      ]
      return bodies + readers >= 440 * share && { bodies, readers }
    })
    const told = tree.lines.filter(line => line.includes('edge.slow-clients.cut')).join('\n')
    assert.deepEqual(cuts, { bodies: 380 * share, readers: 60 * share }, told)
    // Only the client that is answered is left, and who asks.
    await until(`all ${clients.length} are cut`, async () => (await worker()).connections <= 2)
    await others?.answered(50)
    const tally = await others?.stop()
    assert.equal(tally?.failed ?? 0, 0, tally?.errors.join('\n'))
    assert.ok(rssBytes - rssBefore < 500 * megabyte, `${(rssBytes - rssBefore) / megabyte} MB`)
    assert.equal((await worker()).pid, pid)
  })
}

const megabyte = 1024 * 1024
