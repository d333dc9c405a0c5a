import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { fairMs, median } from '../../../../test/support/busy-machine.ts'
import { type RedisServer, startRedis, startRedisCluster } from '../../../../test/support/redis-server.ts'
import { firstLine } from '../../../../test/support/store-script.ts'
import { Heard } from '../../conformance/setup.ts'
import { Store } from '../../store.ts'
import { RedisEngine } from './redis.ts'

const root = join(import.meta.dirname, '../../../..')

/** What is beyond the suite of all engines: others at the same Redis, what it refuses, and processes that die. */
function openStore(t: TestContext, url: string): { readonly store: Store; readonly engine: RedisEngine } {
  const engine = new RedisEngine({ url })
  t.after(() => engine.close())
  return { engine, store: new Store(engine) }
}

/** A process with `store` at hand that prints a line, and is killed. */
async function killedAfterLine(t: TestContext, url: string, body: string): Promise<void> {
  const script = `
    import { RedisEngine } from ${JSON.stringify(join(root, 'src/store/engines/redis/redis.ts'))}
    import { Store } from ${JSON.stringify(join(root, 'src/store/store.ts'))}
    const store = new Store(new RedisEngine({ url: ${JSON.stringify(url)} }))
    ${body}
    await store.command('ping')
    process.stdout.write('ready\\n')`
  const child = spawn(process.execPath, ['--input-type=module', '-e', script], {
    env: { ...process.env, NODE_TEST_CONTEXT: undefined },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  t.after(() => child.kill('SIGKILL'))
  await firstLine(child)
  child.kill('SIGKILL')
  await once(child, 'exit')
}

/** The milliseconds until it is woken, of each of some times. */
async function timesOf(times: number, begin: () => Promise<unknown>, wake: () => Promise<unknown>): Promise<number[]> {
  const took: number[] = []
  for (let i = 0; i < times; i++) {
    const waiting = begin()
    // It waits: what listens for it is there.
    await new Promise(resolve => setTimeout(resolve, 30))
    const from = performance.now()
    await Promise.all([wake(), waiting])
    took.push(performance.now() - from)
  }
  return took
}

test('an element that another program pushes ends a wait at once, and comes once', async t => {
  const redis = await startRedis(t)
  const { store } = openStore(t, redis.url)
  const list = store.list<number>('l')
  const took = await timesOf(
    20,
    () => list.take(),
    () => redis.ask('LPUSH', 'l', '1'),
  )
  t.diagnostic(
    `a push of redis-cli is taken after ${median(took).toFixed(2)} ms, and ${Math.max(...took).toFixed(2)} ms at most`,
  )
  assert.ok(median(took) < fairMs(200), String(took))
  const { store: other } = openStore(t, redis.url)
  const own = await timesOf(
    20,
    () => list.take(),
    () => other.list('l').push(1),
  )
  t.diagnostic(`a push of another process after ${median(own).toFixed(2)} ms`)
  assert.equal(await list.length(), 0)
})

test('where Redis may not be told to tell of keys, a wait ends within a second or so, and a watch says what to set', async t => {
  const redis = await startRedis(t)
  await redis.ask('ACL', 'SETUSER', 'app', 'on', '>secret', '~*', '&*', '+@all', '-config')
  const { store } = openStore(t, redis.url.replace('//', '//app:secret@'))
  const list = store.list<number>('l')
  const took = await timesOf(
    3,
    () => list.take(),
    () => redis.ask('RPUSH', 'l', '1'),
  )
  t.diagnostic(`without notifications an element is taken after ${Math.round(Math.max(...took))} ms at most`)
  assert.ok(median(took) < fairMs(2_000), String(took))
  await assert.rejects(async () => store.watch('l').ready, {
    code: 'STORE_UNSUPPORTED',
    message: /notify-keyspace-events/,
  })
  const held = await store.lock('l').acquire()
  const next = store.lock('l').acquire()
  await held.release()
  await (await next).release()
})

test('who waits behind processes that were killed gets the lock, and the element', async t => {
  const redis = await startRedis(t)
  const { store } = openStore(t, redis.url)
  const held = await store.lock('l').acquire()
  await killedAfterLine(t, redis.url, `store.lock('l').acquire(); store.list('l').take()`)
  const [lock, element] = [store.lock('l').acquire(), store.list('l').take()]
  const from = performance.now()
  await Promise.all([held.release(), store.list('l').push('x')])
  await (await lock).release()
  assert.equal(await element, 'x')
  const ms = performance.now() - from
  t.diagnostic(`the killed were passed over after ${Math.round(ms)} ms`)
  assert.ok(ms < fairMs(8_000), String(ms))
})

test('a request that is sent again takes nothing more, and what nobody wants any more is put back', async t => {
  const redis = await startRedis(t)
  const { store, engine } = openStore(t, redis.url)
  await store.list('l').push('a', 'b')
  const take = () => engine.call(['saola.list.take', 'l', 'LEFT', 0, 'process.1'])
  assert.deepEqual([String(await take()), String(await take())], ['"a"', '"a"'])
  assert.equal(await engine.call(['saola.list.return', 'l', 'LEFT', 'process.1']), 1)
  assert.equal(await take(), null)
  assert.deepEqual(await store.list('l').slice(), ['a', 'b'])
  const kept = Number((await redis.ask('PTTL', 'saola:taken:{l}:process.1')).slice(1))
  assert.ok(kept > 590_000 && kept <= 600_000, String(kept))
})

test('a change is told with its entry to other processes; one of another program without', async t => {
  const redis = await startRedis(t)
  const { engine } = openStore(t, redis.url)
  const { store: other } = openStore(t, redis.url)
  const heard = new Heard<string | undefined>()
  await engine.watch('m', field => heard.add(field?.toString()))
  await other.map('m').set('a', 1)
  await redis.ask('HSET', 'm', 'b', '2')
  await other.transaction(async tx => {
    tx.map('m').set('c', 1)
    tx.map('m').set('d', 1)
  })
  await redis.ask('DEL', 'm')
  assert.deepEqual(await heard.count(5), ['a', undefined, 'c', 'd', undefined])
})

test('a setting of Redis for changes of keys that is there is kept', async t => {
  const redis = await startRedis(t, { args: ['--notify-keyspace-events', 'Ex'] })
  const { engine } = openStore(t, redis.url)
  await engine.watch('m', () => {})
  const setting = await notificationsOf(redis)
  for (const flag of ['A', 'K', 'E']) assert.ok(setting.includes(flag), setting)
})

test('a transaction over several slots of a cluster is refused and says what to do; with one tag it is done', async t => {
  const { url } = await startRedisCluster(t)
  const { store } = openStore(t, url)
  const doomed = store.transaction(async tx => {
    tx.map('stock').set('tea', 1)
    tx.list('orders').push('tea')
  })
  await assert.rejects(doomed, { code: 'STORE_UNSUPPORTED', message: /braces/ })
  assert.deepEqual([await store.type('stock'), await store.type('orders')], ['none', 'none'])
  await store.transaction(async tx => {
    tx.map('{shop}:stock').set('tea', 1)
    tx.list('{shop}:orders').push('tea')
  })
  assert.deepEqual(
    [await store.map('{shop}:stock').get('tea'), await store.list('{shop}:orders').slice()],
    [1, ['tea']],
  )
})

async function notificationsOf(redis: RedisServer): Promise<string> {
  return redis.askAll(['CONFIG', 'GET', 'notify-keyspace-events'])
}
