import assert from 'node:assert/strict'
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { describe, it } from 'node:test'
import { openNetworkDoor } from './support/network-door.ts'
import { connectResp } from './support/resp-client.ts'
import { serveStore } from './support/store-server.ts'
import { workMsOf } from './support/tree-processes.ts'
import { until } from './support/until.ts'

const clientsMax = 10_000
const bytesEachMax = 20 * 1024

/** Of this process, once Node has raised it as far as it may. */
const filesMax =
  Number(execFileSync('sh', ['-c', 'ulimit -Hn'], { encoding: 'utf8' }).trim()) || Number.POSITIVE_INFINITY

describe('many clients', () => {
  it('may be 10,000, cost little, and one more is told so', { skip: filesMax < clientsMax + 200 }, async t => {
    const server = await serveStore(t)
    const first = await connectResp(t, { port: server.port, host: '127.0.0.1' })
    assert.equal(await first.ask('SET', 'a', '1'), 'OK')
    const before = server.rssBytes()
    const idle: net.Socket[] = []
    t.after(() => {
      for (const socket of idle) socket.destroy()
    })
    while (idle.length < clientsMax - 1) {
      const some = Array.from({ length: Math.min(200, clientsMax - 1 - idle.length) }, () =>
        net.connect(server.port, '127.0.0.1'),
      )
      idle.push(...some)
      await Promise.all(some.map(socket => once(socket, 'connect')))
    }
    // It has accepted all of them when it refuses the next.
    const refused = await connectResp(t, { port: server.port, host: '127.0.0.1' })
    assert.deepEqual(await refused.rest(), ['-ERR max number of clients reached'])
    const bytesEach = Math.round((server.rssBytes() - before) / clientsMax)
    t.diagnostic(`an idle connection costs ${bytesEach} bytes`)
    assert.ok(bytesEach < bytesEachMax, `${bytesEach} bytes each`)
    // Those who are there go on.
    assert.equal(await first.ask('GET', 'a'), '1')
    // And who goes makes room.
    const [gone] = idle
    gone?.destroy()
    for (let reply: unknown; reply !== 'PONG'; ) {
      const next = await connectResp(t, { port: server.port, host: '127.0.0.1' })
      reply = await next.ask('PING')
      next.socket.destroy()
    }
  })

  it('are closed when they do nothing for long, unless they listen or wait', async t => {
    // Longer than a machine stands still: those who must stay would be closed, too.
    const door = await openNetworkDoor(t, { idleMs: 2_500 })
    const [idle, listening, waiting, busy] = await Promise.all([0, 1, 2, 3].map(() => connectResp(t, door)))
    await listening?.ask('SUBSCRIBE', 'news')
    waiting?.send(['BLPOP', 'list', '0'])
    const closed = idle?.rest()
    let isClosed = false
    void closed?.then(() => {
      isClosed = true
    })
    await until('who does nothing is closed', async () => {
      assert.equal(await busy?.ask('PING'), 'PONG')
      return isClosed
    })
    assert.deepEqual(await closed, [])
    assert.equal(await busy?.ask('RPUSH', 'list', 'x'), 1)
    assert.deepEqual(await waiting?.next(), ['list', 'x'])
    assert.equal(await busy?.ask('PUBLISH', 'news', 'hello'), 1)
    assert.deepEqual(await listening?.next(), ['message', 'news', 'hello'])
  })

  it('that never read are cut off, and the others go on', async t => {
    const door = await openNetworkDoor(t, { outputBytesMax: 8_000_000, pushBytesMax: 2_000_000 })
    const [asker, listener, other] = await Promise.all([0, 1, 2].map(() => connectResp(t, door)))
    await other?.ask('SET', 'large', 'x'.repeat(1_000_000))
    await listener?.ask('SUBSCRIBE', 'news')
    asker?.socket.pause()
    listener?.socket.pause()
    // One request that is answered with more than may wait: those behind it are not even read.
    asker?.send(['MGET', ...Array(20).fill('large')])
    const asked = await door.event('store.client-closed')
    assert.match(String(asked.reason), /larger than a client may leave unread/)
    const message = 'x'.repeat(500_000)
    while ((await other?.ask('PUBLISH', 'news', message)) === 1);
    assert.equal(await other?.ask('PING'), 'PONG')
  })

  it('that never read cost little memory and nobody else anything, whatever they ask for', async t => {
    const server = await serveStore(t)
    const where = { port: server.port, host: '127.0.0.1' }
    const other = await connectResp(t, where)
    const large = 'x'.repeat(1_000_000)
    assert.equal(await other.ask('SET', 'large', large), 'OK')
    for (let i = 0; i < 30; i++) assert.equal(await other.ask('GET', 'large'), large)
    const before = server.rssBytes()
    const silent = await connectResp(t, where)
    silent.socket.pause()
    silent.socket.write('GET large\r\n'.repeat(20_000))
    let peak = 0
    // What the store did meanwhile, and not the time that went by: the machine may stand still.
    let mostWorkMs = 0
    for (let i = 0; i < 1_000; i++) {
      const before = workMsOf(server.child.pid)
      assert.equal(await other.ask('PING'), 'PONG')
      mostWorkMs = Math.max(mostWorkMs, workMsOf(server.child.pid) - before)
      peak = Math.max(peak, server.rssBytes())
    }
    const grownMiB = Math.round((peak - before) / 1024 ** 2)
    t.diagnostic(`grown by ${grownMiB} MiB, up to ${mostWorkMs} ms of work before a PING`)
    assert.ok(grownMiB < 64, `grown by ${grownMiB} MiB`)
    // It is slowed down before it has been given more than it may leave unread.
    assert.doesNotMatch(server.output(), /client-closed/)
    assert.ok(mostWorkMs < 1_000, `a PING waited for ${mostWorkMs} ms of work`)
  })

  it('that read slowly get every answer, in the order of their requests', async t => {
    const server = await serveStore(t)
    const where = { port: server.port, host: '127.0.0.1' }
    const [slow, other] = [await connectResp(t, where), await connectResp(t, where)]
    const large = 'x'.repeat(300_000)
    assert.equal(await other.ask('SET', 'large', large), 'OK')
    const count = 1_500
    slow.socket.pause()
    const asked = Array.from({ length: count }, (_, i) => (i % 10 === 0 ? ['GET', 'large'] : ['INCR', 'count']))
    slow.send(...asked)
    // What it has not read is not carried out.
    for (let i = 0; i < 200; i++) await other.ask('PING')
    const done = Number(await other.ask('GET', 'count'))
    assert.ok(done < count * 0.9, `${done} are done`)
    slow.socket.resume()
    let counted = 0
    for (const [name] of asked) {
      const reply = await slow.next()
      if (name === 'GET') assert.equal(reply, large)
      else assert.equal(reply, ++counted)
      // Now and then it looks away.
      if (counted % 500 === 0) {
        slow.socket.pause()
        assert.equal(await other.ask('PING'), 'PONG')
        slow.socket.resume()
      }
    }
    assert.equal(await slow.ask('PING'), 'PONG')
  })

  it('that wait are served in the order in which they came', async t => {
    const door = await openNetworkDoor(t)
    const [other, ...waiting] = await Promise.all(Array.from({ length: 21 }, () => connectResp(t, door)))
    for (const [i, client] of waiting.entries()) {
      client.send(['BLPOP', 'list', '0'])
      while (!String(await other?.ask('INFO', 'clients')).includes(`blocked_clients:${i + 1}\r\n`));
    }
    assert.equal(await other?.ask('RPUSH', 'list', ...waiting.map((_, i) => `item ${i}`)), waiting.length)
    const got = await Promise.all(waiting.map(client => client.next()))
    assert.deepEqual(
      got,
      waiting.map((_, i) => ['list', `item ${i}`]),
    )
  })
})
