import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { keepAliveClient, newConnectionClient } from './support/clients.ts'
import { waitTimeoutMs } from './support/http-connection.ts'
import { startTree, type Tree } from './support/tree.ts'

// Impatient, so that the test need not wait a minute for what Node does after a minute; but not with those whose machine stands
// still for a second.
const app = `
import { createServer } from 'node:http'
const server = createServer({ headersTimeout: 4000, requestTimeout: 4000, connectionsCheckingInterval: 100 })
server.on('request', (request, response) => response.end(String(process.pid)))
server.listen(3000)
`

const balances = {
  shared: { balance: 'shared' },
  'round-robin': { balance: 'round-robin' },
  // The supervisor itself reads the head of a request, to find the cookie in it.
  'sticky by cookie': { balance: 'sticky', sticky: { by: 'cookie' } },
}

/** What a client sends, and the status that it is told before its connection ends. */
const attacks: Readonly<Record<string, { readonly send: string; readonly status: number }>> = {
  'half a request line, and nothing more': { send: 'GET /some', status: 408 },
  'half a head, and nothing more': { send: 'GET / HTTP/1.1\r\nHost: a\r\nCook', status: 408 },
  '1 MB of headers': {
    send: `GET / HTTP/1.1\r\nHost: a\r\n${'X-Filler: 0123456789\r\n'.repeat(50_000)}\r\n`,
    status: 431,
  },
  'one header of 1 MB': { send: `GET / HTTP/1.1\r\nHost: a\r\nX: ${'x'.repeat(1024 * 1024)}\r\n\r\n`, status: 431 },
  'a request line of 1 MB': { send: `GET /${'x'.repeat(1024 * 1024)} HTTP/1.1\r\nHost: a\r\n\r\n`, status: 431 },
  'NULs in the request line': { send: 'GET /\0\0 HTTP/1.1\r\nHost: a\r\n\r\n', status: 400 },
  'NULs in a header': { send: 'GET / HTTP/1.1\r\nHost: a\r\nX: a\0b\r\n\r\n', status: 400 },
  'nothing but NULs': { send: '\0'.repeat(4096), status: 400 },
  'a TLS handshake': { send: '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03', status: 400 },
  'two lengths': {
    send: 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nxx',
    status: 400,
  },
}

test('what is no request is rejected cleanly, and nobody else notices, whoever accepts', async t => {
  const tree = await start(t)
  const pids = await workerPids(tree)
  const sites = (await tree.status()).apps.map(({ name, listen }) => ({ name, url: `http://${listen[0]}` }))
  assert.equal(sites.length, Object.keys(balances).length)
  const options = { pauseMs: 25 }
  const honest = sites.flatMap(({ url }) => [
    keepAliveClient(t, url, options).start(),
    newConnectionClient(t, url, options).start(),
  ])
  const suffered = sites.flatMap(({ name, url }) => [
    ...Object.entries(attacks).map(([what, attack]) => runAttack(t, url, { what: `${what} (${name})`, ...attack })),
    ...Array.from({ length: 50 }, (_, index) => hangUp(t, url, index)),
    ...Array.from({ length: 50 }, () => drip(t, url)),
  ])
  await Promise.all(suffered)
  await assertUnharmed(tree, { pids, honest })
})

/** One application for each of the balances. */
function start(t: TestContext): Promise<Tree> {
  const web = { app: './app.mjs', listen: '127.0.0.1:0', workers: 2, accessLog: false }
  const apps = Object.entries(balances).map(([name, options]) => [name.replaceAll(' ', '-'), { ...web, ...options }])
  return startTree(t, { files: { 'app.mjs': app }, config: { apps: Object.fromEntries(apps) } })
}

interface Attack {
  readonly what: string
  readonly send: string
  readonly status: number
}

async function runAttack(t: TestContext, url: string, { what, send, status }: Attack): Promise<void> {
  const client = await openClient(t, url)
  client.socket.write(send, 'latin1')
  await client.closed
  assert.match(client.received, new RegExp(`^HTTP/1\\.1 ${status} `), what)
}

/** Ends its connection at some point of its request: with a FIN, or with a reset. */
async function hangUp(t: TestContext, url: string, index: number): Promise<void> {
  const { socket, closed } = await openClient(t, url)
  const request = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\n0123456789'
  socket.write(request.slice(0, 1 + (index % request.length)))
  if (index % 2 === 0) socket.end()
  else setImmediate(() => socket.resetAndDestroy())
  await closed
}

/**
 * A slowloris: one more byte of a header, again and again. It is told that this took too long, and may miss it when it
 * writes once more before it reads.
 */
async function drip(t: TestContext, url: string): Promise<void> {
  const client = await openClient(t, url)
  client.socket.write('GET / HTTP/1.1\r\nHost: a\r\nX: ')
  const timer = setInterval(() => client.socket.write('x'), 200)
  await client.closed
  clearInterval(timer)
  assert.match(client.received, /^(?:HTTP\/1\.1 408 |$)/)
}

/** A client that does not care for what becomes of it. */
interface Client {
  readonly socket: Socket
  readonly closed: Promise<void>
  received: string
}

async function openClient(t: TestContext, url: string): Promise<Client> {
  const { hostname, port } = new URL(url)
  const socket = connect({ host: hostname, port: Number(port) })
  t.after(() => socket.destroy())
  const { promise: closed, resolve, reject } = Promise.withResolvers<void>()
  const client = { socket, closed, received: '' }
  const giveUp = () => reject(new Error(`still open, and received ${JSON.stringify(client.received.slice(0, 100))}`))
  const timer = setTimeout(giveUp, waitTimeoutMs)
  socket.on('close', () => {
    clearTimeout(timer)
    resolve()
  })
  socket.on('error', () => {})
  socket.setEncoding('latin1').on('data', (text: string) => {
    client.received += text
  })
  await once(socket, 'connect')
  return client
}

interface Before {
  readonly pids: readonly (number | undefined)[]
  readonly honest: readonly ReturnType<typeof keepAliveClient>[]
}

async function assertUnharmed(tree: Tree, { pids, honest }: Before): Promise<void> {
  for (const client of honest) {
    await client.answered(20)
    const { failed, errors } = await client.stop()
    assert.equal(failed, 0, errors.join('\n'))
  }
  assert.deepEqual(await workerPids(tree), pids)
  const isOrdinary = /"event":"(?:tree|app|worker|supervisor)\.(?:starting|ready|serving)"/
  assert.deepEqual(
    tree.lines.filter(line => !isOrdinary.test(line)),
    [],
  )
}

async function workerPids(tree: Tree): Promise<(number | undefined)[]> {
  return (await tree.status()).children.map(child => child.pid)
}
