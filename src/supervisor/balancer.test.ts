import assert from 'node:assert/strict'
import { once } from 'node:events'
import net from 'node:net'
import { type TestContext, test } from 'node:test'
import { standStill } from '../../test/support/busy-machine.ts'
import { parseAddress } from '../base/address.ts'
import { Balancer, type BalancerOptions } from './balancer.ts'
import { openSockets } from './sockets.ts'

/** A balancer on a socket of its own, whose candidates note what they are given. */
async function openBalancer(t: TestContext, options: Partial<BalancerOptions>) {
  const balancer = new Balancer()
  balancer.configure({
    balance: 'round-robin',
    cookie: undefined,
    backlog: 10,
    maxConnections: 5,
    ...options,
  })
  const [socket] = await openSockets(parseAddress('127.0.0.1:0'))
  assert.ok(socket)
  await balancer.listen(socket)
  const { port } = balancer.addresses()[0] as net.AddressInfo
  const clients: net.Socket[] = []
  const given: { worker: number; socket: net.Socket; head: string | undefined }[] = []
  const arrivals: (() => void)[] = []
  t.after(() => {
    for (const client of clients) client.destroy()
    for (const { socket } of given) socket.destroy()
    balancer.close()
  })
  return {
    balancer,
    given,
    worker(index: number, isOpen = true) {
      balancer.add({
        id: index,
        index,
        connections: 0,
        busySince: undefined,
        give({ socket, head }) {
          if (!isOpen) return false
          given.push({ worker: index, socket, head })
          arrivals.shift()?.()
          return true
        },
      })
    },
    /** The next time that a worker is given something. */
    arrival: () => new Promise<void>(resolve => arrivals.push(resolve)),
    /** Connects, and waits until a worker was given the connection. */
    async connect(data?: string) {
      const arrived = new Promise<void>(resolve => arrivals.push(resolve))
      const client = this.connectOnly(data)
      await arrived
      return { client, worker: given.at(-1)?.worker }
    },
    connectOnly(data?: string) {
      const client = net.connect(port, '127.0.0.1')
      client.on('error', () => {})
      if (data) client.write(data)
      clients.push(client)
      return client
    },
  }
}

test('round-robin gives each its turn', async t => {
  const { balancer, worker, connect, ...rest } = await openBalancer(t, {})
  const stage = { balancer, worker, connect, ...rest }
  for (const index of [0, 1, 2]) stage.worker(index)
  const order: (number | undefined)[] = []
  for (let i = 0; i < 6; i++) {
    const { worker } = await stage.connect()
    order.push(worker)
    balancer.accepted(worker ?? -1)
  }
  assert.deepEqual(order, [0, 1, 2, 0, 1, 2])
})

test('least-connections gives to the one with the fewest', async t => {
  const stage = await openBalancer(t, { balance: 'least-connections' })
  stage.worker(0)
  stage.worker(1)
  for (let i = 0; i < 4; i++) stage.balancer.accepted((await stage.connect()).worker ?? -1)
  stage.balancer.released(1)
  assert.equal((await stage.connect()).worker, 1)
})

test('sticky gives a client the same worker again, and another one when that is gone', async t => {
  const stage = await openBalancer(t, { balance: 'sticky', maxConnections: 100 })
  for (const index of [0, 1, 2]) stage.worker(index)
  const first = (await stage.connect()).worker ?? -1
  stage.balancer.accepted(first)
  for (let i = 0; i < 5; i++) {
    const { worker } = await stage.connect()
    assert.equal(worker, first)
    stage.balancer.accepted(first)
  }
  stage.balancer.remove(first)
  assert.notEqual((await stage.connect()).worker, first)
})

test('sticky by cookie reads the head of the first request, and hands it over', async t => {
  const stage = await openBalancer(t, { balance: 'sticky', cookie: 'route' })
  for (const index of [0, 1, 2]) stage.worker(index)
  const request = 'GET / HTTP/1.1\r\nHost: a\r\nCookie: a=b; route=2; c=d\r\n\r\n'
  const { worker } = await stage.connect(request)
  assert.equal(worker, 2)
  assert.equal(stage.given[0]?.head, request)
})

test('a head that came while this process stood still is read, however long that was', async t => {
  const stage = await openBalancer(t, { balance: 'sticky', cookie: 'route' })
  for (const index of [0, 1, 2]) stage.worker(index)
  const first = stage.connectOnly()
  // It has been accepted when one that came later was given to a worker.
  await stage.connect('GET / HTTP/1.1\r\nHost: a\r\n\r\n')
  const arrived = stage.arrival()
  first.write('GET / HTTP/1.1\r\nHost: a\r\nCookie: route=2\r\n\r\n')
  standStill(1_100)
  await arrived
  assert.equal(stage.given.at(-1)?.worker, 2)
})

test('a worker that does not take its connection is given no second one', async t => {
  const stage = await openBalancer(t, {})
  stage.worker(0)
  stage.worker(1)
  await stage.connect()
  // Worker 0 hangs: it never says that it has accepted.
  for (let i = 0; i < 3; i++) {
    const { worker } = await stage.connect()
    assert.equal(worker, 1)
    stage.balancer.accepted(1)
  }
})

test('connections wait in order while every worker is full, and go to the one that gets room', async t => {
  const stage = await openBalancer(t, { maxConnections: 1 })
  stage.worker(0)
  stage.balancer.accepted((await stage.connect()).worker ?? -1)
  const waiting = stage.connect()
  const client = stage.connectOnly()
  await once(client, 'connect')
  assert.equal(stage.given.length, 1)
  stage.balancer.released(0)
  assert.equal((await waiting).worker, 0)
})

test('a worker whose channel is closed loses nothing: the next one gets the connection', async t => {
  const stage = await openBalancer(t, {})
  stage.worker(0, false)
  stage.worker(1)
  assert.equal((await stage.connect()).worker, 1)
})

test('what a worker was given and never took goes to another one when it ends', async t => {
  const stage = await openBalancer(t, {})
  stage.worker(0)
  const { client } = await stage.connect()
  stage.worker(1)
  const arrived = stage.arrival()
  stage.balancer.gone(0)
  await arrived
  assert.equal(stage.given.at(-1)?.worker, 1)
  assert.equal(client.destroyed, false)
})

test('connections beyond the backlog are closed', async t => {
  const stage = await openBalancer(t, { backlog: 1 })
  stage.connectOnly()
  const second = stage.connectOnly()
  await once(second, 'close')
})
