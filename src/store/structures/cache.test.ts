import assert from 'node:assert/strict'
import { mock, test } from 'node:test'
import { MemoryEngine } from '../engines/memory.ts'
import { Store } from '../store.ts'
import type { StoreError } from '../store-error.ts'
import { Cache, type CacheOptions } from './cache.ts'

function open(options: CacheOptions<unknown> = {}) {
  const clock = { now: 1_000_000 }
  const engine = new MemoryEngine({ now: () => clock.now })
  // An engine of its own stands for another process.
  const other = () => new Cache<unknown>(asOtherProcess(engine), 'pages', options)
  const cache = new Store(engine).cache<unknown>('pages', options)
  return { engine, cache, other, pass: (ms: number) => engine.moveClock(() => (clock.now += ms)) }
}

function asOtherProcess(engine: MemoryEngine): MemoryEngine {
  return new Proxy(engine, {
    get(target, name) {
      const value = Reflect.get(target, name, target)
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A computation that ends when it is told to. */
function slow() {
  const started = Promise.withResolvers<AbortSignal>()
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const state = { runs: 0 }
  const compute = ({ signal }: { signal: AbortSignal }) => {
    state.runs++
    started.resolve(signal)
    return promise
  }
  return { compute, started: started.promise, resolve, reject, state }
}

test('an entry is there until its time is over, whatever its value', async () => {
  const { cache, pass } = open({ ttl: 10 })
  for (const value of [0, '', false, null, [], { a: 1 }]) {
    await cache.set('key', value)
    assert.deepEqual([await cache.get('key'), cache.peek('key')], [value, value])
  }
  await cache.set('short', 1, { ttl: '1ms' })
  pass(1)
  assert.equal(await cache.get('short'), undefined)
  pass(9_998)
  assert.deepEqual(cache.peek('key'), { a: 1 })
  pass(1)
  assert.equal(cache.peek('key'), undefined)
  await assert.rejects(cache.set('key', undefined), { code: 'STORE_VALUE_INVALID' })
})

test('entries are deleted one by one, and all at once', async () => {
  const { cache } = open()
  for (const key of ['a', 'b', 'c']) await cache.set(key, key)
  assert.equal(await cache.delete('a', 'x'), 1)
  assert.deepEqual([await cache.get('a'), await cache.get('b'), await cache.size()], [undefined, 'b', 2])
  await cache.clear()
  assert.deepEqual([await cache.get('b'), await cache.size()], [undefined, 0])
})

test('a tag makes all entries that have it absent, and those that are set later are there', async () => {
  const { cache } = open()
  await cache.set('a', 1, { tags: ['x', 'y'] })
  await cache.set('b', 1, { tags: ['y'] })
  await cache.set('c', 1)
  await cache.invalidateTag('x')
  assert.deepEqual(
    ['a', 'b', 'c'].map(key => cache.peek(key)),
    [undefined, 1, 1],
  )
  await cache.set('a', 2, { tags: ['x', 'y'] })
  assert.equal(cache.peek('a'), 2)
  await cache.invalidateTag('y')
  assert.deepEqual(
    ['a', 'b', 'c'].map(key => cache.peek(key)),
    [undefined, undefined, 1],
  )
})

test('what is absent is computed once, in all processes', async () => {
  const { cache, other } = open()
  const { compute, resolve, state } = slow()
  const caches = [cache, cache, other(), other(), other()]
  const values = caches.map(one => one.getOrSet('key', compute))
  resolve({ a: 1 })
  const [first, second, ...rest] = await Promise.all(values)
  assert.equal(state.runs, 1)
  assert.deepEqual([second, ...rest], [first, first, first, first])
  assert.notEqual(first, second, 'a copy')
  assert.deepEqual(await cache.get('key'), { a: 1 })
})

test('when a computation fails, its process is told, and another one tries', async () => {
  const { cache, other } = open()
  const failing = slow()
  const first = [cache.getOrSet('key', failing.compute), cache.getOrSet('key', failing.compute)]
  await failing.started
  const second = other().getOrSet('key', () => 'other')
  failing.reject(new Error('broken'))
  for (const promise of first) await assert.rejects(promise, /broken/)
  assert.equal(await second, 'other')
  assert.equal(failing.state.runs, 1)
})

test('what was computed is not kept when it was deleted, set, cleared or invalidated meanwhile', async () => {
  const changes: [(cache: Cache<unknown>) => Promise<unknown>, unknown][] = [
    [cache => cache.delete('key'), undefined],
    [cache => cache.clear(), undefined],
    [cache => cache.invalidateTag('tag'), undefined],
    [cache => cache.set('key', 'newer'), 'newer'],
    [cache => cache.invalidateTag('another'), 'old'],
  ]
  for (const [change, expected] of changes) {
    const { cache, other } = open()
    const { compute, started, resolve } = slow()
    const value = cache.getOrSet('key', compute, { tags: ['tag'] })
    await started
    await change(other())
    resolve('old')
    assert.equal(await value, 'old')
    assert.equal(await cache.get('key'), expected)
  }
})

test('who waits for a value that is invalidated meanwhile gets a newer one', async () => {
  const { cache } = open()
  const { compute, started, resolve } = slow()
  const first = cache.getOrSet('key', compute, { tags: ['tag'] })
  await started
  await cache.invalidateTag('tag')
  const second = cache.getOrSet('key', () => 'new', { tags: ['tag'] })
  resolve('old')
  assert.deepEqual([await first, await second], ['old', 'new'])
})

test('a value in its grace is returned at once, while one process makes a new one', async () => {
  const { cache, other, pass } = open({ ttl: 10, grace: 60 })
  await cache.set('key', 'old')
  pass(10_000)
  const { compute, started, resolve, state } = slow()
  assert.equal(await cache.get('key'), undefined)
  for (const one of [cache, cache, other()]) assert.equal(await one.getOrSet('key', compute), 'old')
  await started
  assert.equal(state.runs, 1)
  resolve('new')
  while ((await cache.getOrSet('key', compute)) !== 'new');
  assert.equal(state.runs, 1)
  pass(69_999)
  assert.equal(await cache.getOrSet('key', () => 'newest'), 'new')
})

test('a value behind its grace is gone', async () => {
  const { cache, pass } = open({ ttl: 10, grace: 60 })
  await cache.set('key', 'old')
  pass(70_000)
  assert.equal(await cache.getOrSet('key', () => 'new'), 'new')
})

test('when a value in its grace cannot be made anew, it goes on, and that is told', async () => {
  const told = Promise.withResolvers<unknown[]>()
  const { cache, pass } = open({ ttl: 10, grace: 60, onRefreshError: (...args) => told.resolve(args) })
  await cache.set('key', 'old')
  pass(10_000)
  const error = new Error('broken')
  const fail = () => {
    throw error
  }
  assert.equal(await cache.getOrSet('key', fail), 'old')
  assert.deepEqual(await told.promise, [error, 'key'])
  assert.equal(await cache.getOrSet('key', fail), 'old')
})

test('a value that takes too long is given up, and its computation is told', async () => {
  const { cache, other } = open()
  const { compute, started } = slow()
  const late = { code: 'STORE_TIMEOUT' }
  const first = cache.getOrSet('key', compute, { timeout: '30ms' })
  const signal = await started
  await Promise.all([
    assert.rejects(first, late),
    assert.rejects(cache.getOrSet('key', compute, { timeout: '5ms' }), late),
    assert.rejects(other().getOrSet('key', compute, { timeout: '5ms' }), late),
  ])
  assert.equal((signal.reason as StoreError).code, 'STORE_TIMEOUT')
  assert.equal(await cache.getOrSet('key', () => 'next'), 'next')
})

test('above the number of entries those go that were used least recently', async () => {
  mock.timers.enable({ apis: ['setTimeout'] })
  try {
    const { engine, cache } = open({ maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await cache.set(key, key)
    await cache.get('a')
    const touched = engine.call(['hlen', 'pages'])
    mock.timers.tick(1000)
    await touched
    await cache.set('d', 'd')
    await cache.set('e', 'e')
    const left = ['a', 'b', 'c', 'd', 'e'].filter(key => cache.peek(key) !== undefined)
    assert.deepEqual(left, ['a', 'd', 'e'])
    assert.equal(await cache.size(), 3)
  } finally {
    mock.timers.reset()
  }
})

test('the bytes of a cache are limited, and what is larger than all of it is refused', async () => {
  const { cache } = open({ maxBytes: '10KB', codec: 'bytes' })
  for (let i = 0; i < 50; i++) await cache.set(`key${i}`, Buffer.alloc(900))
  const kept = await cache.size()
  assert.ok(kept >= 9 && kept <= 11, String(kept))
  assert.ok(cache.peek('key49'))
  await assert.rejects(cache.set('large', Buffer.alloc(10 * 1024)), { code: 'STORE_VALUE_TOO_LARGE' })
  const large = await cache.getOrSet('large', () => Buffer.alloc(10 * 1024))
  assert.equal((large as Buffer).length, 10 * 1024)
  assert.throws(() => open({ maxEntries: 0 }), { code: 'STORE_ARGUMENT_INVALID' })
  assert.throws(() => open({ maxBytes: 'much' }), { code: 'STORE_ARGUMENT_INVALID' })
})

test('a cache that shrinks far below what it holds is emptied in slices', async () => {
  const { engine, cache } = open()
  for (let i = 0; i < 350; i++) cache.set(`key${i}`, i)
  await cache.size()
  const small = new Cache<unknown>(engine, 'pages', { maxEntries: 10 })
  const sizes: number[] = []
  for (let i = 0; i < 4; i++) {
    await small.set('new', i)
    sizes.push(await small.size())
  }
  assert.deepEqual(sizes, [251, 151, 51, 10])
})

test('the sum of the sizes follows what is replaced, deleted, over and evicted', async () => {
  const { engine, cache, pass } = open({ maxEntries: 2 })
  await cache.set('a', 'long'.repeat(100), { ttl: 1 })
  await cache.set('a', 1, { ttl: 1 })
  await cache.set('b', 2)
  await cache.delete('b')
  pass(1000)
  await cache.set('c', 3)
  await cache.set('d', 4)
  assert.deepEqual([cache.peek('c'), cache.peek('d')], [3, 4], 'what was over took no room')
  await cache.clear()
  pass(1)
  assert.equal(await engine.call(['exists', 'pages']), 0)
})

test('an entry that somebody else wrote is refused', async () => {
  const { engine, cache } = open()
  await engine.call(['hset', 'pages', 'key', 'x'])
  await assert.rejects(cache.get('key'), { code: 'STORE_VALUE_UNREADABLE' })
  await engine.call(['set', 'other', 'x'])
  await assert.rejects(new Cache(engine, 'other').set('a', 1), { code: 'STORE_WRONG_TYPE' })
})
