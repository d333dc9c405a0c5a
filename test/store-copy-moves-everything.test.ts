import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { test } from 'node:test'
import type { Store } from '../src/store/store.ts'
import { openStore } from '../src/store.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'

const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
const binaryKey = Buffer.from([0xff, 0x00, 0x7b, 0x0a])

test('a store goes to Redis and back with all types, times to live and binary keys, and both are compared', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  {
    await using store = openStore({ dir: folder.dir })
    await fill(store)
  }
  const there = await saola(folder.mark, 'copy', folder.dir, redis.url, '--json')
  assert.equal(there.code, 0, there.errors)
  assert.deepEqual(JSON.parse(there.output), {
    ...{ keys: 9, types: { hash: 4, list: 1, set: 1, string: 2, zset: 1 } },
    differences: [],
  })
  const back = join(folder.dir, 'back')
  const returned = await saola(folder.mark, 'copy', redis.url, back)
  assert.equal(returned.code, 0, returned.errors)
  assert.match(returned.output, /^compared keys: 9 of 9$/m)
  assert.match(returned.output, /^9 keys were copied, and are the same\.$/m)
  for (const place of [{ url: redis.url }, { dir: back }]) {
    await using store = openStore(place)
    await check(store)
  }
})

test('a store that holds something is not written to, unless it is to be replaced', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  await redis.ask('SET', 'other', 'x')
  {
    await using store = openStore({ dir: folder.dir })
    await store.counter('c').increment(3)
  }
  const refused = await saola(folder.mark, 'copy', folder.dir, redis.url)
  assert.deepEqual([refused.code, await redis.ask('EXISTS', 'other', 'c')], [1, ':1'])
  assert.match(refused.errors, /ERR_STORE_NOT_EMPTY/)
  const replaced = await saola(folder.mark, 'copy', folder.dir, redis.url, '--replace')
  assert.equal(replaced.code, 0, replaced.errors)
  assert.deepEqual([await redis.ask('EXISTS', 'other'), await redis.ask('EXISTS', 'c')], [':0', ':1'])
  const itself = await saola(folder.mark, 'copy', redis.url, redis.url)
  assert.match(itself.errors, /ERR_USAGE/)
  const nowhere = await saola(folder.mark, 'copy', join(folder.dir, 'absent'), redis.url, '--replace')
  assert.match(nowhere.errors, /ERR_STORE_NOT_FOUND/)
  assert.equal(await redis.ask('EXISTS', 'c'), ':1')
})

test('what could not be copied is said, and the exit code is 1', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  await redis.ask('XADD', 'stream', '*', 'field', 'value')
  await redis.ask('SET', 'text', 'x')
  const copied = await saola(folder.mark, 'copy', redis.url, folder.dir, '--json')
  assert.equal(copied.code, 1)
  const { keys, differences } = JSON.parse(copied.output)
  assert.equal(keys, 1)
  assert.match(differences[0], /stream is a stream/)
  assert.match(copied.errors, /ERR_STORE_COPY_DIFFERS/)
})

async function fill(store: Store): Promise<void> {
  const map = store.map<unknown>('map')
  await map.setMany(Array.from({ length: 1_200 }, (_, i) => [`field ${i}`, { i }] as const))
  await map.set('ends', 'later', { ttl: '1h' })
  await store.map('whole').set('a', 1)
  await store.expire('whole', '2h')
  await store.command('hset', 'bytes', bytes, bytes)
  await store.list<number>('list').push(...Array.from({ length: 1_001 }, (_, i) => i))
  await store.set<number>('set').addMany(Array.from({ length: 700 }, (_, i) => i))
  await store.sortedSet('sorted').addMany([
    ['low', -1.5],
    ['tenth', 0.1],
    ['large', 2 ** 53],
  ])
  await store.command('zadd', 'sorted', 'inf', 'infinite')
  await store.counter('counter').increment(41)
  await store.command('set', binaryKey, bytes)
  await store.cache('cache').set('entry', 'kept', { ttl: '1h', tags: ['tag'] })
}

async function check(store: Store): Promise<void> {
  const map = store.map<unknown>('map')
  assert.equal(await map.size(), 1_201)
  assert.deepEqual(await map.get('field 1199'), { i: 1_199 })
  assertAbout(await map.ttl('ends'), 3_600_000)
  assert.equal(await map.ttl('field 0'), Number.POSITIVE_INFINITY)
  assertAbout(await store.ttl('whole'), 7_200_000)
  assert.equal(await store.ttl('map'), Number.POSITIVE_INFINITY)
  assert.deepEqual(await store.command('hget', 'bytes', bytes), bytes)
  assert.deepEqual(
    await store.list('list').toArray(),
    Array.from({ length: 1_001 }, (_, i) => i),
  )
  assert.equal(await store.set('set').size(), 700)
  const scores = await Promise.all(
    ['low', 'tenth', 'large', 'infinite'].map(name => store.sortedSet('sorted').score(name)),
  )
  assert.deepEqual(scores, [-1.5, 0.1, 2 ** 53, Number.POSITIVE_INFINITY])
  assert.equal(await store.counter('counter').increment(), 42)
  assert.deepEqual(await store.command('get', binaryKey), bytes)
  const cache = store.cache<string>('cache')
  assert.equal(await cache.get('entry'), 'kept')
  await cache.invalidateTag('tag')
  assert.equal(await cache.get('entry'), undefined)
}

function assertAbout(ms: number | undefined, expected: number): void {
  assert.ok(ms !== undefined && ms <= expected && ms > expected - 60_000, String(ms))
}

/** Runs `saola store …`. */
async function saola(mark: string, ...args: readonly string[]) {
  const child = spawn(process.execPath, [join(root, 'src/bin.ts'), 'store', ...args], {
    env: { ...process.env, [markName]: mark, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const texts = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', part => (texts.output += part))
  child.stderr.setEncoding('utf8').on('data', part => (texts.errors += part))
  const [code] = await once(child, 'close')
  return { code, ...texts }
}
