import assert from 'node:assert/strict'
import { once } from 'node:events'
import http from 'node:http'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { captureListen, deliver } from './listen-capture.ts'

const address = { address: '0.0.0.0', family: 'IPv4', port: 8000 }

function startCapture(t: TestContext, options: { address: net.AddressInfo | undefined } = { address }) {
  const { listen } = net.Server.prototype
  t.after(() => {
    net.Server.prototype.listen = listen
  })
  const closed: net.Server[] = []
  return { capture: captureListen({ ...options, onClosed: server => closed.push(server) }), closed }
}

test('the first server that listens believes that it does, and no other process would notice', async t => {
  const { capture } = startCapture(t)
  const server = http.createServer()
  let called = 0
  assert.equal(
    server.listen(3000, () => called++),
    server,
  )
  assert.deepEqual([server.listening, called], [true, 0])
  await once(server, 'listening')
  assert.deepEqual([called, server.address(), capture.adopted], [1, address, server])
  assert.equal(await capture.listening, server)
  assert.equal(server.ref().unref(), server)
})

test('listening twice is the error that it always was', t => {
  startCapture(t)
  const server = net.createServer().listen(3000)
  assert.throws(() => server.listen(3000), { code: 'ERR_SERVER_ALREADY_LISTEN' })
  assert.throws(() => net.createServer().listen(65_536), { code: 'ERR_SOCKET_BAD_PORT' })
  assert.throws(() => net.createServer().listen({} as net.ListenOptions), { code: 'ERR_INVALID_ARG_VALUE' })
})

test('where the address is not known, a server says what it has asked for', t => {
  const said: unknown[] = []
  for (const listen of [[3000], ['3000', '::1'], [{ port: 3000, host: '127.0.0.1' }], ['/run/shop.sock']] as const) {
    startCapture(t, { address: undefined })
    const server = net.createServer().listen(...(listen as [number]))
    said.push(server.address())
  }
  assert.deepEqual(said, [
    { address: '0.0.0.0', family: 'IPv4', port: 3000 },
    { address: '::1', family: 'IPv6', port: 3000 },
    { address: '127.0.0.1', family: 'IPv4', port: 3000 },
    '/run/shop.sock',
  ])
})

test('the end of the adopted server is told, and that of its twin is not', async t => {
  const { capture, closed } = startCapture(t)
  const server = net.createServer().listen(3000)
  const twins = [net.createServer().listen(3000, '::1'), net.createServer().listen(8000)]
  for (const one of [...twins, server]) {
    one.close()
    await once(one, 'close')
  }
  assert.deepEqual([closed, capture.adopted], [[server], undefined])
})

test('a server that is closed at once was only a test whether the port is free', async t => {
  const { capture } = startCapture(t)
  const probe = net.createServer().listen(3000, () => probe.close())
  await once(probe, 'close')
  const server = net.createServer().listen(3000)
  assert.equal(await capture.listening, server)
})

test('a signal that is aborted closes the server, now or later', async t => {
  const { closed } = startCapture(t)
  const controller = new AbortController()
  for (const signal of [controller.signal, AbortSignal.abort()]) {
    const server = net.createServer().listen({ port: 3000, signal })
    const ended = once(server, 'close')
    controller.abort()
    await ended
  }
  assert.equal(closed.length, 2)
})

test('a server on another port really listens, and shares it with other workers', async t => {
  startCapture(t)
  net.createServer().listen(3000)
  const first = net.createServer().listen({ port: 0, host: '127.0.0.1', exclusive: true, reusePort: true })
  await once(first, 'listening')
  const { port } = first.address() as net.AddressInfo
  const second = net.createServer().listen(port, '127.0.0.1', 16)
  await once(second, 'listening')
  assert.equal((second.address() as net.AddressInfo).port, port)
  // What is exclusive is not shared.
  const third = net.createServer().listen({ port, host: '127.0.0.1', exclusive: true })
  assert.equal((await once(third, 'error'))[0].code, 'EADDRINUSE')
  for (const server of [first, second]) server.close()
})

test('a connection that is delivered is one of the server: it is counted, and waited for at its end', async t => {
  const { capture } = startCapture(t)
  const { server, connections, connect } = await startDelivery(t, capture)
  await connect()
  assert.equal(await countOf(server), 1)
  assert.equal((connections[0] as net.Socket & { server: net.Server }).server, server)
  let isClosed = false
  server.close(() => {
    isClosed = true
  })
  assert.equal(isClosed, false)
  connections[0]?.end()
  await once(server, 'close')
  assert.deepEqual([isClosed, await countOf(server)], [true, 0])
})

test('a connection above maxConnections or from a blocked address is dropped', async t => {
  const { capture } = startCapture(t)
  const { server, connections, connect } = await startDelivery(t, capture)
  server.maxConnections = 1
  await connect()
  const dropped = once(server, 'drop')
  const second = await connect()
  await Promise.all([dropped, once(second, 'close')])
  server.maxConnections = 10
  const blockList = new net.BlockList()
  blockList.addAddress('127.0.0.1')
  Object.assign(server, { blockList })
  await once(await connect(), 'close')
  assert.equal(connections.length, 1)
})

/** A server that accepts for the adopted one, as an Acceptor does. */
async function startDelivery(t: TestContext, capture: ReturnType<typeof captureListen>) {
  const connections: net.Socket[] = []
  const server = net.createServer(socket => connections.push(socket.resume())).listen(3000)
  const acceptor = net.createServer(socket => deliver(server, socket))
  const on = { port: 0, host: '127.0.0.1' }
  await new Promise<void>(done => capture.listenReally(acceptor, { on, backlog: 511, done }))
  const { port } = acceptor.address() as net.AddressInfo
  t.after(() => acceptor.close())
  const connect = async () => {
    const socket = net.connect(port, '127.0.0.1').resume()
    t.after(() => socket.destroy())
    await Promise.all([once(socket, 'connect'), once(acceptor, 'connection')])
    return socket
  }
  return { server, connections, connect }
}

function countOf(server: net.Server): Promise<number> {
  return new Promise((resolve, reject) =>
    server.getConnections((error, count) => (error ? reject(error) : resolve(count))),
  )
}
