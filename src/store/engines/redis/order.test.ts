import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { openProxy } from '../../../../test/support/breakable-proxy.ts'
import { startRedis, startRedisCluster } from '../../../../test/support/redis-server.ts'
import { until } from '../../../../test/support/until.ts'
import { Store } from '../../store.ts'
import type { Call } from '../engine.ts'
import { slotOf } from './keys.ts'
import { RedisEngine } from './redis.ts'

const ending = { after: (close: unknown) => after(close as () => Promise<void>) }
const [started, clustered] = [startRedis(ending), startRedisCluster(ending)]

/** The order of calls is kept when something is in the way: scripts that are lost, a connection, a slot that is not served. */
function open(t: TestContext, url: string): { readonly engine: RedisEngine; readonly store: Store } {
  const engine = new RedisEngine({ url })
  t.after(() => engine.close())
  return { engine, store: new Store(engine) }
}

const queue = 'saola:queue:{lock:l}'

/** Scripts and plain commands on a few keys of one slot, each of which shows its place. */
const mixed: readonly Call[] = [
  ['saola.counter.increment', '{s}n', 5, 0],
  ['set', '{s}n', '1'],
  ['saola.counter.increment', '{s}n', 1, 0],
  ['get', '{s}n'],
  ['hset', '{s}m', 'f', 'a'],
  ['rpush', '{s}l', 'x'],
  ['saola.list.splice', '{s}l', 0, 1, 'y', 'z'],
  ['rpush', '{s}l', ...Array.from({ length: 5_000 }, (_, i) => i)],
  ['llen', '{s}l'],
  ['hset', '{s}m', 'f', 'b'],
  ['hget', '{s}m', 'f'],
  ['unlink', '{s}m'],
  ['hexists', '{s}m', 'f'],
  ['del', '{s}l'],
  ['saola.map.set', '{s}m', 0, 'NX', 'f', 'c'],
  ['hget', '{s}m', 'f'],
  ['del', '{s}m', '{s}n'],
]

/** Some in one turn, the others in the next ones. */
async function answers(engine: RedisEngine, flushAt: number, flush: () => Promise<unknown>): Promise<unknown[]> {
  const replies: Promise<unknown>[] = []
  let flushed: Promise<unknown> | undefined
  for (const [i, call] of mixed.entries()) {
    if (i === flushAt) flushed = flush()
    replies.push(engine.call(call))
    if (i % 4 === 3) await setImmediate()
  }
  await flushed
  return (await Promise.all(replies)).map(reply =>
    Array.isArray(reply) ? reply.map(String) : reply === null || typeof reply === 'number' ? reply : String(reply),
  )
}

for (const [where, server] of [
  ['a server', started],
  ['a cluster', clustered],
] as const) {
  test(`calls under way on ${where} keep their order when its scripts are taken away`, async t => {
    const { url } = await server
    const nodes = url.split(',').map(one => open(t, one).engine)
    const { engine } = open(t, url)
    const flush = () => Promise.all(nodes.map(node => node.call(['script', 'flush'])))
    const reference = await answers(engine, -1, flush)
    assert.deepEqual(reference.slice(1, 4), ['[object Object]', 2, '2'])
    for (let round = 0; round < 3; round++) {
      for (const [at] of mixed.entries()) assert.deepEqual(await answers(engine, at, flush), reference, `at ${at}`)
      // And when it was before all of them.
      await flush()
      assert.deepEqual(await answers(engine, -1, flush), reference)
    }
  })
}

test('calls keep their order when the scripts of some are gone, and those of others came back since', async t => {
  const server = await started
  const { engine } = open(t, server.url)
  await engine.call(['hget', 'kept', 'f'])
  assert.equal(await server.ask('SCRIPT', 'FLUSH'), '+OK')
  await engine.call(['del', 'kept'])
  assert.equal(await server.ask('HSET', 'kept', 'f', 'v'), ':1')
  const [value, count] = await Promise.all([engine.call(['hget', 'kept', 'f']), engine.call(['del', 'kept'])])
  assert.deepEqual([String(value), count], ['v', 1])
})

test('who asks for a lock keeps the place when the connection breaks before Redis has heard of it', async t => {
  const server = await started
  const proxy = await openProxy(t, server.port)
  const { store: direct } = open(t, server.url)
  const { store } = open(t, proxy.url)
  const held = await direct.lock('l').acquire()
  await store.command('ping')
  proxy.state.isDeaf = true
  const waiting = store.lock('l').acquire()
  const arrived = store.command('ping')
  await until('it was sent', () => proxy.state.unheardBytes > 0)
  proxy.state.isDeaf = false
  proxy.cut()
  await arrived
  assert.equal(await server.ask('ZCARD', queue), ':1')
  const next = direct.lock('l').acquire()
  await held.release()
  const handle = await waiting
  assert.ok(handle.isHeld)
  await handle.release()
  await (await next).release()
})

test('a ping is answered behind a call whose slot was not served', async t => {
  const { url, nodes } = await clustered
  const { store } = open(t, url)
  const held = await store.lock('l').acquire()
  const slot = slotOf(Buffer.from('lock:l'))
  const node = nodes[Math.floor(slot / Math.ceil(16_384 / nodes.length))] ?? assert.fail()
  await store.command('ping')
  assert.equal(await node.ask('CLUSTER', 'DELSLOTS', String(slot)), '+OK')
  const next = store.lock('l').acquire()
  let hasArrived = false
  const arrived = store.command('ping').then(() => {
    hasArrived = true
  })
  for (let i = 0; i < 10; i++) await Promise.all(nodes.map(one => one.ask('PING')))
  assert.equal(hasArrived, false)
  assert.equal(await node.ask('CLUSTER', 'ADDSLOTS', String(slot)), '+OK')
  await arrived
  assert.equal(await node.ask('ZCARD', queue), ':1')
  await held.release()
  await (await next).release()
})
