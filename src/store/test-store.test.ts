import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createTestStore } from './test-store.ts'

test('the clock stands still until it is moved', async () => {
  const { store, clock } = createTestStore({ now: 1000 })
  assert.equal(clock.now(), 1000)
  clock.advance('1500ms')
  clock.advance(2)
  assert.equal(clock.now(), 4500)
  const map = store.map('m')
  await map.set('a', 1, { ttl: '1ms' })
  assert.equal(await map.ttl('a'), 1)
  assert.equal(map.peek('a'), 1)
})

test('it begins with the present time', () => {
  const before = Date.now()
  const now = createTestStore().clock.now()
  assert.ok(now >= before && now <= Date.now())
})

test('what has expired is gone when advance returns, also for peek and for those who watch', async () => {
  const { store, clock } = createTestStore()
  const map = store.map<number>('m')
  await map.set('a', 1, { ttl: '30d' })
  const changes = store.watch('m')
  await changes.ready
  clock.advance('29d')
  assert.equal(map.peek('a'), 1)
  clock.advance('1d')
  assert.equal(map.peek('a'), undefined)
  assert.equal(await map.size(), 0)
  assert.equal((await changes.next()).value?.key, 'm')
})

test('what was called before is carried out before the clock moves', async () => {
  const { store, clock } = createTestStore()
  const map = store.map<number>('m')
  const set = map.set('a', 1, { ttl: '1s' })
  clock.advance('2s')
  assert.equal(await map.get('a'), undefined)
  assert.equal(await set, true)
})

test('waits end by this clock', { timeout: 60_000 }, async () => {
  const { store, clock } = createTestStore()
  const taken = [store.list('l').take({ timeout: '1h' }), store.list('l').take({ timeout: '1h' })]
  clock.advance('59m')
  await store.list('l').push('a')
  assert.equal(await taken[0], 'a')
  clock.advance('1m')
  assert.equal(await taken[1], undefined)
})

test('a lock whose lease has ended goes to who waits', async () => {
  const { store, clock } = createTestStore()
  const first = await store.lock('l').acquire({ ttl: '10s', renew: false })
  const second = store.lock('l').acquire({ wait: '20s' })
  clock.advance('1h')
  const handle = await second
  assert.ok(handle.token > first.token)
  await handle.release()
  await store.close()
})

test('limits are observed', async () => {
  const { store } = createTestStore({ limits: { keysMax: 1, valueBytesMax: 100 } })
  await store.counter('a').increment()
  await assert.rejects(store.counter('b').increment(), { code: 'STORE_TOO_MANY_KEYS' })
  await assert.rejects(store.map('a').set('a', 'x'.repeat(99)), { code: 'STORE_VALUE_TOO_LARGE' })
})

test('a wrong duration moves nothing, and a closed store has no time', async () => {
  const { store, clock } = createTestStore({ now: 5 })
  assert.throws(() => clock.advance(-1), { code: 'STORE_ARGUMENT_INVALID' })
  assert.equal(clock.now(), 5)
  await store.close()
  assert.throws(() => clock.advance(1), { code: 'STORE_CLOSED' })
  assert.equal(clock.now(), 5)
})

test('a lease that is over by this clock is lost when advance returns', async () => {
  const { store, clock } = createTestStore()
  const handle = await store.lock('l').acquire({ ttl: '10s' })
  clock.advance('9s')
  assert.deepEqual([handle.isHeld, handle.signal.aborted], [true, false])
  clock.advance('1s')
  assert.deepEqual([handle.isHeld, handle.signal.aborted], [false, true])
  assert.equal((handle.signal.reason as { code?: unknown }).code, 'STORE_LOCK_LOST')
  const released = await store.lock('l').acquire({ ttl: '10s' })
  await released.release()
  clock.advance('1h')
  assert.equal(released.signal.aborted, false)
})

test('whoever waits for a value of a cache is told by this clock', { timeout: 60_000 }, async () => {
  const { store, clock } = createTestStore()
  const cache = store.cache<number>('c')
  const never = () => new Promise<number>(() => {})
  const asked = [cache.getOrSet('a', never, { timeout: '5s' }), cache.getOrSet('a', never, { timeout: '3s' })]
  const settled = Promise.allSettled(asked)
  await new Promise(resolve => setImmediate(resolve))
  clock.advance('6s')
  const codes = (await settled).map(one => (one as PromiseRejectedResult).reason.code)
  assert.deepEqual(codes, ['STORE_TIMEOUT', 'STORE_TIMEOUT'])
})

test('a clock is moved by a duration, and by nothing else', () => {
  const { clock } = createTestStore({ now: 5 })
  for (const given of [undefined, null, {}, 0, '', true] as never[]) {
    assert.throws(() => clock.advance(given), { code: 'STORE_ARGUMENT_INVALID' })
  }
  assert.equal(clock.now(), 5)
  for (const options of [null, 5, 'text'] as never[]) {
    assert.throws(() => createTestStore(options), { code: 'STORE_ARGUMENT_INVALID' })
  }
})
