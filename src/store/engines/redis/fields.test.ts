import assert from 'node:assert/strict'
import { after, type TestContext, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { waitTimeoutMs } from '../../../../test/support/http-connection.ts'
import { type RedisServer, startRedis } from '../../../../test/support/redis-server.ts'
import { until } from '../../../../test/support/until.ts'
import { Heard } from '../../conformance/setup.ts'
import { Store } from '../../store.ts'
import { RedisLink } from './link.ts'
import { RedisEngine } from './redis.ts'
import { scriptCallOf } from './scripts.ts'
import { RedisSweeper } from './sweeper.ts'

const started = startRedis({ after: close => after(close as () => Promise<void>) })

async function open(t: TestContext): Promise<{ server: RedisServer; store: Store }> {
  const server = await started
  const store = new Store(new RedisEngine({ url: server.url }))
  t.after(() => store.close())
  await store.command('flushall')
  return { server, store }
}

/** What redis-cli would show. */
async function raw(server: RedisServer, ...words: string[]): Promise<string[]> {
  const text = await server.askAll(words)
  return text.split('\r\n').filter(line => line !== '' && !/^[*$]\d/.test(line))
}

test('a map is a plain hash of JSON for everybody else', async t => {
  const { server, store } = await open(t)
  await store.map('centre').set('content', { text: 'Hello' }, { ttl: '1h' })
  assert.deepEqual(await raw(server, 'HGET', 'centre', 'content'), ['{"text":"Hello"}'])
  assert.deepEqual(await raw(server, 'TYPE', 'saola:ttl:{centre}'), ['+zset'])
  // What others write is there at once.
  await raw(server, 'HSET', 'centre', 'more', '7')
  assert.equal(await store.map('centre').get('more'), 7)
  assert.deepEqual(await Array.fromAsync(store.keys()), ['centre'])
})

test('the companion of a map ends, moves and goes with it', async t => {
  const { server, store } = await open(t)
  const map = store.map('m')
  await map.set('a', 1, { ttl: '1h' })
  const ends = async (key: string) => Number((await raw(server, 'PEXPIRETIME', key))[0]?.slice(1))
  await store.expire('m', '10s')
  assert.ok((await ends('m')) > Date.now())
  assert.equal(await ends('saola:ttl:{m}'), await ends('m'))
  await store.expire('m', null)
  assert.equal(await ends('saola:ttl:{m}'), -1)
  await store.expire('m', '10s')
  await map.set('b', 1, { ttl: '1h' })
  await store.expire('m', '20s')
  await raw(server, 'DEL', 'saola:ttl:{m}')
  await map.set('a', 1, { ttl: '1h' })
  assert.equal(await ends('saola:ttl:{m}'), await ends('m'))
  await store.command('rename', 'm', 'n')
  assert.ok(((await store.map('n').ttl('a')) ?? 0) > 3_500_000)
  assert.deepEqual(await raw(server, 'EXISTS', 'saola:ttl:{m}', 'saola:ttl:{n}'), [':1'])
  await store.delete('n')
  assert.deepEqual(await raw(server, 'DBSIZE'), [':0'])
})

test('entries whose time is over are hidden at once, and deleted by a sweep; those of nobody are forgotten', async t => {
  const { server, store } = await open(t)
  const map = store.map<number>('m')
  const link = new RedisLink(server.url)
  t.after(() => link.close())
  const entries = Array.from({ length: 2500 }, (_, i) => [`k${i}`, i]).flat()
  await setEnding(link, entries)
  await map.set('stays', 1)
  await pause(30)
  // As it lies in Redis.
  assert.deepEqual(await raw(server, 'HLEN', 'm'), [':2501'])
  assert.deepEqual([await map.get('k1'), await map.has('k2'), await map.ttl('k3')], [undefined, false, undefined])
  assert.equal(await map.size(), 1)
  const sweeper = new RedisSweeper(link, waitTimeoutMs)
  for (let i = 0; i < 3; i++) await sweeper.step()
  assert.deepEqual(await raw(server, 'HLEN', 'm'), [':1'])
  assert.deepEqual(await raw(server, 'EXISTS', 'saola:ttl:{m}'), [':0'])
})

test('whoever watches a map hears which entries were swept away', async t => {
  const { server, store } = await open(t)
  const engine = new RedisEngine({ url: server.url })
  const link = new RedisLink(server.url)
  t.after(() => Promise.all([engine.close(), link.close()]))
  const heard = new Heard<string | undefined>()
  await engine.watch('m', field => heard.add(field?.toString()))
  await store.map('m').set('stays', 1)
  await setEnding(link, ['ends', 1])
  // It has ended by the clock of this process; one that stood still then hears of it by the sweep alone.
  await heard.count(3)
  await new RedisSweeper(link, waitTimeoutMs).step()
  assert.deepEqual(await heard.count(4), ['stays', 'ends', 'ends', 'ends'])
  await store.map('m').set('last', 1)
  assert.deepEqual((await heard.count(5)).slice(4), ['last'])
})

test('a map that others have deleted and made again counts what is in it', async t => {
  const { server, store } = await open(t)
  const map = store.map<number>('m')
  await map.setMany([['a', 1] as const, ['b', 2] as const], { ttl: '20ms' })
  await raw(server, 'DEL', 'm')
  await raw(server, 'HSET', 'm', 'c', '3')
  await pause(30)
  assert.equal(await map.size(), 1)
  assert.deepEqual(await Array.fromAsync(map.entries()), [['c', 3]])
})

test('a process that has set times to live sweeps by itself, and ends when it has nothing more to do', async t => {
  const { server, store } = await open(t)
  await store.map('m').set('a', 1, { ttl: '20ms' })
  await until('it is swept', async () => (await raw(server, 'EXISTS', 'm'))[0] === ':0')
})

/** Entries of a map that end in 20 ms, without an engine: one that sets times to live sweeps by itself, each second. */
async function setEnding(link: RedisLink, entries: readonly (string | number)[]): Promise<void> {
  const write = scriptCallOf(['saola.map.set', 'm', 20, '-', ...entries]) ?? assert.fail()
  await link.send(write, { timeoutMs: waitTimeoutMs, isRead: false })
}
