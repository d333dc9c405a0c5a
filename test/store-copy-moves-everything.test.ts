import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, rmSync, symlinkSync } from 'node:fs'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { copyStore } from '../src/processes/store-copy.ts'
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
  const filledAt = Date.now()
  {
    await using store = folder.open()
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
    await check(store, filledAt)
  }
})

test('a store that holds something is not written to, unless it is to be replaced', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  await redis.ask('SET', 'other', 'x')
  {
    await using store = folder.open()
    await store.counter('c').increment(3)
  }
  await assert.rejects(copy(folder.dir, redis.url), { code: 'ERR_STORE_NOT_EMPTY' })
  assert.equal(await redis.ask('EXISTS', 'other', 'c'), ':1')
  await copy(folder.dir, redis.url, { replace: true })
  assert.deepEqual([await redis.ask('EXISTS', 'other'), await redis.ask('EXISTS', 'c')], [':0', ':1'])
  await assert.rejects(copy(redis.url, redis.url), { code: 'ERR_USAGE' })
  const absent = join(folder.dir, 'absent')
  await assert.rejects(copy(absent, redis.url, { replace: true }), { code: 'ERR_STORE_NOT_FOUND' })
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
    await using store = folder.open()
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
    await assert.rejects(copy(from, to, { replace: true, onPhase: refusePhase }), {
      code: 'ERR_USAGE',
      message: /both are the same store/,
    })
  }
  const refused = await saola(folder.mark, 'copy', folder.dir, alias, '--replace')
  assert.equal(refused.code, 2, refused.errors)
  assert.match(refused.errors, /both are the same store.*ERR_USAGE/)
  assert.equal(await redis.ask('EXISTS', 'kept'), ':1')
  assert.equal(await redis.ask('DBSIZE'), ':1')
  await using store = folder.open()
  assert.equal(await store.counter('c').get(), 3)
  // Another database of the same server is another store.
  await copy(redis.url, `${redis.url}/1`)
})

test('who cannot be reached is said in a line, and no folder is made', async t => {
  const folder = storeFolder(t)
  const redis = await startRedis(t)
  await redis.ask('CONFIG', 'SET', 'requirepass', 'right')
  const { url } = redis
  const open = await startRedis(t)
  const target = join(folder.dir, 'new')
  const cases = [
    ['redis://127.0.0.1:1', target, 'STORE_UNAVAILABLE', /could not be reached/],
    [url.replace('//', '//:wrong@'), target, 'STORE_NO_AUTH', /refuses the user or password/],
    [`${open.url}/99`, target, 'STORE_UNAVAILABLE', /DB index is out of range/],
    [open.url, `${open.url}/99`, 'STORE_UNAVAILABLE', /DB index is out of range/],
    ['http://127.0.0.1:1', target, 'ERR_USAGE', /cannot be copied from or to http:\/\//],
    [open.url, 'mysql://127.0.0.1:1', 'ERR_USAGE', /cannot be copied from or to mysql:\/\//],
    ['saola://127.0.0.1:1', target, 'STORE_UNAVAILABLE', /could not be reached/],
  ] as const
  const check = async ([from, to, code, message]: (typeof cases)[number]) => {
    await assert.rejects(copy(from, to, { onPhase: refusePhase }), { code, message })
    assert.ok(!existsSync(target), from)
  }
  await Promise.all(cases.map(check))
  const told = await saola(folder.mark, 'copy', url.replace('//', '//:wrong@'), target)
  assert.equal(told.code, 1)
  assert.match(told.errors, /^[^\n]*refuses the user or password.*STORE_NO_AUTH\]\n$/)
  assert.ok(!existsSync(target))
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
  const { differences } = await copy(source.url, target.url, { replace: true })
  assert.deepEqual(differences, [])
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

async function check(store: Store, filledAt: number): Promise<void> {
  const map = store.map<unknown>('map')
  assert.equal(await map.size(), 1_201)
  assert.deepEqual(await map.get('field 1199'), { i: 1_199 })
  assertEnds(await map.ttl('ends'), filledAt, 3_600_000)
  assert.equal(await map.ttl('field 0'), Number.POSITIVE_INFINITY)
  assertEnds(await store.ttl('whole'), filledAt, 7_200_000)
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

/** What had so long to live when it was written has no less of it left than time has gone by, and a second for the copies. */
function assertEnds(leftMs: number | undefined, writtenAt: number, ttlMs: number): void {
  const leastMs = ttlMs - (Date.now() - writtenAt) - 1_000
  assert.ok(leftMs !== undefined && leftMs <= ttlMs && leftMs > leastMs, `${leftMs}, at least ${leastMs}`)
}

/** What `saola store copy` does, without its process and its words. */
function copy(from: string, to: string, options: { replace?: boolean; onPhase?: () => void } = {}) {
  return copyStore({ from, to, replace: false, ...options })
}

/** Nothing was changed yet: the command says that the target holds a part from the first phase on. */
function refusePhase(): never {
  assert.fail('it has begun to write')
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
  return spawn(process.execPath, [join(root, 'dist', 'bin.js'), 'store', ...args], {
    env: { ...process.env, [markName]: mark, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}
