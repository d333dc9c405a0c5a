import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import type { StoreError } from '../store-error.ts'
import type { Cache } from '../structures/cache.ts'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

/** A computation that ends when it is told to. */
function slow() {
  const started = new Heard<AbortSignal>()
  const { promise, resolve, reject } = Promise.withResolvers<unknown>()
  const compute = ({ signal }: { signal: AbortSignal }) => {
    started.add(signal)
    return promise
  }
  return { compute, started, resolve, reject }
}

/** `getOrSet`: a value is made once, however many ask for it, and never older than the last change. */
export function cacheComputeConformance(open: OpenEngine): void {
  test('what is absent is computed once, in all processes, and each gets a copy', async t => {
    const { store, other } = await openSubject(open, t)
    const { compute, started, resolve } = slow()
    const second = other()
    const values = [store, store, second, second, other()].map(one => one.cache('p').getOrSet('key', compute))
    await started.count(1)
    resolve({ a: 1 })
    const [first, ...rest] = await Promise.all(values)
    assert.deepEqual(rest, [first, first, first, first])
    assert.equal(new Set([first, ...rest]).size, 5)
    assert.equal(started.items.length, 1)
    assert.deepEqual(await store.cache('p').get('key'), { a: 1 })
    assert.deepEqual(await store.cache('p').getOrSet('key', () => assert.fail('computed')), { a: 1 })
  })

  test('different keys are computed at once', async t => {
    const { store } = await openSubject(open, t)
    const [one, two] = [slow(), slow()]
    const values = [store.cache('p').getOrSet('1', one.compute), store.cache('p').getOrSet('2', two.compute)]
    await Promise.all([one.started.count(1), two.started.count(1)])
    one.resolve('one')
    two.resolve('two')
    assert.deepEqual(await Promise.all(values), ['one', 'two'])
  })

  test('null, false, 0 and the empty text are results like others; undefined is none', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<unknown>('p')
    for (const value of [null, false, 0, '', []]) {
      let runs = 0
      const compute = async () => {
        runs++
        return value
      }
      const key = JSON.stringify(value)
      assert.deepEqual([await cache.getOrSet(key, compute), await cache.getOrSet(key, compute)], [value, value])
      assert.equal(runs, 1)
    }
    for (const value of [undefined, new Date(), { a: undefined }]) {
      await assert.rejects(
        cache.getOrSet('none', () => value),
        { code: 'STORE_VALUE_INVALID' },
      )
    }
    assert.equal(await cache.get('none'), undefined)
    assert.equal(await cache.getOrSet('none', () => 1), 1)
  })

  test('the options of the call count for what is computed', async t => {
    const { store, pass } = await openSubject(open, t)
    const cache = store.cache<number>('p', { ttl: '1h' })
    await cache.getOrSet('short', () => 1, { ttl: '60ms' })
    await cache.getOrSet('long', () => 1)
    await cache.getOrSet('tagged', () => 1, { tags: ['x'] })
    await pass(60)
    await cache.invalidateTag('x')
    assert.deepEqual(await Promise.all(['short', 'long', 'tagged'].map(key => cache.get(key))), [
      undefined,
      1,
      undefined,
    ])
  })

  test('when a computation fails, those of its process are told, and another process tries', async t => {
    const { store, other } = await openSubject(open, t)
    const cache = store.cache<unknown>('p')
    const failing = slow()
    const first = [cache.getOrSet('key', failing.compute), cache.getOrSet('key', failing.compute)]
    await failing.started.count(1)
    const second = other()
      .cache('p')
      .getOrSet('key', () => 'other')
    const broken = new Error('broken')
    failing.reject(broken)
    for (const promise of first) await assert.rejects(promise, broken)
    assert.equal(await second, 'other')
    assert.equal(failing.started.items.length, 1)
    const throwing = () => {
      throw broken
    }
    await assert.rejects(cache.getOrSet('thrown', throwing), broken)
    assert.equal(await cache.getOrSet('thrown', () => 'next'), 'next')
  })

  const changes: readonly [name: string, change: (cache: Cache<unknown>) => Promise<unknown>, kept: unknown][] = [
    ['deleted', cache => cache.delete('key'), undefined],
    ['cleared', cache => cache.clear(), undefined],
    ['invalidated', cache => cache.invalidateTag('tag'), undefined],
    ['set', cache => cache.set('key', 'newer'), 'newer'],
    ['left alone', cache => cache.invalidateTag('another'), 'old'],
  ]
  for (const [name, change, kept] of changes) {
    test(`what was computed while it was ${name} is ${kept === 'old' ? '' : 'not '}kept`, async t => {
      const { store, other } = await openSubject(open, t)
      const cache = store.cache<unknown>('p')
      const { compute, started, resolve } = slow()
      const value = cache.getOrSet('key', compute, { tags: ['tag'] })
      await started.count(1)
      await change(other().cache('p'))
      resolve('old')
      assert.equal(await value, 'old')
      assert.equal(await cache.get('key'), kept)
    })
  }

  test('who waits for a value that is invalidated meanwhile gets a newer one', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<string>('p')
    const { compute, started, resolve } = slow()
    const first = cache.getOrSet('key', compute as () => Promise<string>, { tags: ['tag'] })
    await started.count(1)
    await cache.invalidateTag('tag')
    const second = cache.getOrSet('key', () => 'new', { tags: ['tag'] })
    resolve('old')
    assert.deepEqual([await first, await second], ['old', 'new'])
  })

  test('a computation whose key is deleted is told, and what it gives up is made anew', async t => {
    const { store, other } = await openSubject(open, t)
    let runs = 0
    const running = new Heard<number>()
    const value = store.cache<string>('p').getOrSet('key', async ({ signal }) => {
      running.add(++runs)
      if (runs > 1) return 'second'
      await once(signal, 'abort')
      throw signal.reason
    })
    await running.count(1)
    await other().cache('p').delete('key')
    assert.equal(await value, 'second')
    assert.equal(await store.cache('p').get('key'), 'second')
  })

  test('a value in its grace is returned at once, while one process makes a new one', async t => {
    const { store, other, engine, pass } = await openSubject(open, t)
    const options = { grace: '1h' }
    const caches = [store, store, other()].map(one => one.cache<unknown>('p', options))
    const [cache] = caches as [Cache<unknown>]
    await cache.set('key', 'old', { ttl: '60ms' })
    await pass(60)
    const written = new Heard<unknown>()
    await engine.watch('p', written.add)
    const { compute, started, resolve } = slow()
    assert.equal(await cache.get('key'), undefined)
    for (const one of caches) assert.equal(await one.getOrSet('key', compute), 'old')
    await started.count(1)
    for (const one of caches) assert.equal(await one.getOrSet('key', compute), 'old')
    resolve('new')
    await written.count(1)
    for (const one of caches) assert.equal(await one.getOrSet('key', compute), 'new')
    assert.equal(started.items.length, 1)
  })

  test('when a value in its grace cannot be made anew, it goes on, and that is told', async t => {
    const { store, pass } = await openSubject(open, t)
    const told = new Heard<unknown>()
    const onRefreshError = (...args: unknown[]) => told.add(args)
    const cache = store.cache<string>('p', { ttl: '60ms', grace: '1h', onRefreshError })
    await cache.set('key', 'old')
    await pass(60)
    const error = new Error('broken')
    const fail = () => {
      throw error
    }
    assert.equal(await cache.getOrSet('key', fail), 'old')
    assert.deepEqual(await told.count(1), [[error, 'key']])
    assert.equal(await cache.getOrSet('key', fail), 'old')
  })

  test('a value that takes too long is given up, its computation is told, and the next is made', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<unknown>('p')
    const late = { name: 'StoreError', code: 'STORE_TIMEOUT' }
    const { compute, started } = slow()
    // Time enough to begin, on a machine that has much to do.
    const first = assert.rejects(cache.getOrSet('key', compute, { timeout: '3s' }), late)
    const [signal] = (await started.count(1)) as [AbortSignal]
    await assert.rejects(cache.getOrSet('key', compute, { timeout: '5ms' }), late)
    assert.equal(signal.aborted, false)
    await first
    assert.equal((signal.reason as StoreError).code, 'STORE_TIMEOUT')
    assert.equal(started.items.length, 1)
    assert.equal(await cache.getOrSet('key', () => 'next'), 'next')
  })

  test('who waits for the computation of another process gives up in time', async t => {
    const { store, other, pass } = await openSubject(open, t)
    const { compute, started, resolve } = slow()
    const first = store.cache('p').getOrSet('key', compute)
    await started.count(1)
    const second = other()
    const waiting = second.cache('p').getOrSet('key', () => assert.fail('computed'), { timeout: '60ms' })
    const refused = assert.rejects(waiting, { code: 'STORE_TIMEOUT' })
    // It looks, and then asks for the lock.
    await second.command('ping')
    await second.command('ping')
    await pass(60)
    await refused
    resolve('value')
    assert.equal(await first, 'value')
  })

  test('the end of the store ends who waits for a value', async t => {
    const { store, other } = await openSubject(open, t)
    const { compute, started, resolve } = slow()
    const first = other().cache('p').getOrSet('key', compute)
    await started.count(1)
    const waiting = assert.rejects(
      store.cache('p').getOrSet('key', () => 1),
      { code: 'STORE_CLOSED' },
    )
    await store.close()
    await waiting
    resolve('value')
    await Promise.allSettled([first])
  })
}
