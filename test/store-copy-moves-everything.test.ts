import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import type { Store } from '../src/store/store.ts'
import { openStore } from '../src/store.ts'
import { startRedis } from './support/redis-server.ts'
import { storeFolder } from './support/store-script.ts'
import { root } from './support/tree.ts'
import { markName } from './support/tree-processes.ts'
import { until } from './support/until.ts'

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
    ...{ differences: [], leftOut: [] },
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

test('one store under two names is not copied to itself: nothing is deleted', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  const alias = `${folder.dir}-alias`
  symlinkSync(folder.dir, alias)
  t.after(() => rmSync(alias, { force: true }))
  {
    await using store = openStore({ dir: folder.dir })
    await store.counter('c').increment(3)
  }
  await redis.ask('SET', 'kept', 'x')
  const replica = await startRedis(t, { args: ['--replicaof', '127.0.0.1', String(redis.port)] })
  await until('the replica has it', async () => (await replica.ask('EXISTS', 'kept')) === ':1')
  for (const [from, to] of [
    [folder.dir, alias],
    [redis.url, redis.url.replace('127.0.0.1', 'localhost')],
    [redis.url, `${redis.url}/0`],
    [replica.url, redis.url],
  ] as const) {
    const refused = await saola(folder.mark, 'copy', from, to, '--replace')
    assert.equal(refused.code, 2, refused.errors)
    assert.match(refused.errors, /both are the same store.*ERR_USAGE/)
    assert.ok(!refused.errors.includes('part only'))
  }
  assert.equal(await redis.ask('EXISTS', 'kept'), ':1')
  assert.equal(await redis.ask('DBSIZE'), ':1')
  await using store = openStore({ dir: folder.dir })
  assert.equal(await store.counter('c').get(), 3)
  // Another database of the same server is another store.
  const other = await saola(folder.mark, 'copy', redis.url, `${redis.url}/1`)
  assert.equal(other.code, 0, other.errors)
})

test('who cannot be reached is said in a line, and no folder is made', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  await redis.ask('CONFIG', 'SET', 'requirepass', 'right')
  const { url } = redis
  const open = await startRedis(t)
  const target = join(folder.dir, 'new')
  const cases = [
    ['redis://127.0.0.1:1', target, /could not be reached.*STORE_UNAVAILABLE/],
    [url.replace('//', '//:wrong@'), target, /refuses the user or password.*STORE_NO_AUTH/],
    [`${open.url}/99`, target, /DB index is out of range.*STORE_UNAVAILABLE/],
    [open.url, `${open.url}/99`, /DB index is out of range.*STORE_UNAVAILABLE/],
    ['http://127.0.0.1:1', target, /cannot be copied from or to http:\/\/.*ERR_USAGE/],
    [open.url, 'mysql://127.0.0.1:1', /cannot be copied from or to mysql:\/\/.*ERR_USAGE/],
    ['saola://127.0.0.1:1', target, /could not be reached.*STORE_UNAVAILABLE/],
  ] as const
  const check = async ([from, to, says]: (typeof cases)[number]) => {
    const refused = await saola(folder.mark, 'copy', from, to)
    assert.equal(refused.code, /ERR_USAGE/.test(says.source) ? 2 : 1, from)
    assert.match(refused.errors, says)
    assert.ok(!refused.errors.includes('part only') && !existsSync(target), from)
  }
  await Promise.all(cases.map(check))
})

test('an interrupted or failed copy says that the target holds a part only', async t => {
  const folder = storeFolder(t)
  const source = await startRedis(t)
  // What a copy does with lists only: so the target refuses it there, or keeps it waiting for the reply.
  await source.ask('SET', 'a', 'x')
  await source.ask('RPUSH', 'b', 'x')
  const target = await startRedis(t)
  await target.ask('ACL', 'SETUSER', 'default', '-rpush')
  const failed = await saola(folder.mark, 'copy', source.url, target.url)
  assert.equal(failed.code, 1)
  assert.match(failed.errors, /holds a part only: run the same again with --replace\.\n.*STORE_NO_AUTH/s)
  await target.ask('ACL', 'SETUSER', 'default', '+rpush')
  const stalled = await stallingAt(t, target.port, /rpush/i)
  const child = run(folder.mark, 'copy', source.url, `redis://127.0.0.1:${stalled.port}`, '--replace')
  t.after(() => child.kill('SIGKILL'))
  let errors = ''
  child.stderr.setEncoding('utf8').on('data', part => (errors += part))
  const closed = once(child, 'close')
  await Promise.race([stalled.reached, closed])
  child.kill('SIGINT')
  assert.deepEqual([(await closed)[0], errors.includes('part only')], [130, true], errors)
  const again = await saola(folder.mark, 'copy', source.url, target.url, '--replace')
  assert.equal(again.code, 0, again.errors)
})

/** A way to Redis that ends in nothing as soon as a request has these words. */
async function stallingAt(t: TestContext, port: number, words: RegExp) {
  const reached = Promise.withResolvers<void>()
  const sockets: Socket[] = []
  const server = createServer(client => {
    const redis = connect(port, '127.0.0.1')
    sockets.push(
      client.on('error', () => {}),
      redis.on('error', () => {}),
    )
    redis.pipe(client)
    client.on('data', data => (words.test(data.toString('latin1')) ? reached.resolve() : redis.write(data)))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  return { port: (server.address() as AddressInfo).port, reached: reached.promise }
}

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
  const child = run(mark, ...args)
  const texts = { output: '', errors: '' }
  child.stdout.setEncoding('utf8').on('data', part => (texts.output += part))
  child.stderr.setEncoding('utf8').on('data', part => (texts.errors += part))
  const [code] = await once(child, 'close')
  return { code, ...texts }
}

function run(mark: string, ...args: readonly string[]) {
  return spawn(process.execPath, [join(root, 'src/bin.ts'), 'store', ...args], {
    env: { ...process.env, [markName]: mark, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
