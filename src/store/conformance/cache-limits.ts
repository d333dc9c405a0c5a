import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

/** A cache is no larger than it may be, and what was used of late stays. */
export function cacheLimitConformance(open: OpenEngine): void {
  test('above the number of entries those go that were set first', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<number>('p', { maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await cache.set(key, 1)
    await cache.set('a', 2)
    await cache.set('d', 1)
    assert.deepEqual(await Promise.all(['a', 'b', 'c', 'd'].map(key => cache.get(key))), [2, undefined, 1, 1])
    assert.equal(await cache.getOrSet('e', () => 5), 5)
    assert.deepEqual([await cache.get('c'), await cache.size()], [undefined, 3])
  })

  test('what was read of late stays, in favour of what was not', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<string>('p', { maxEntries: 3 })
    for (const key of ['a', 'b', 'c']) await cache.set(key, key)
    // What was read is told once a second.
    t.mock.timers.enable({ apis: ['setTimeout'] })
    await cache.get('a')
    t.mock.timers.tick(1000)
    t.mock.timers.reset()
    await cache.set('d', 'd')
    await cache.set('e', 'e')
    const found = await Promise.all(['a', 'b', 'c', 'd', 'e'].map(key => cache.get(key)))
    assert.deepEqual(found, ['a', undefined, undefined, 'd', 'e'])
  })

  test('the bytes of a cache are limited, and what is larger than all of it is refused, or not kept', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<Uint8Array>('p', { maxBytes: '10KB', codec: 'bytes' })
    for (let i = 0; i < 50; i++) await cache.set(`key${i}`, Buffer.alloc(900))
    const kept = await cache.size()
    assert.ok(kept >= 9 && kept <= 11, String(kept))
    assert.equal((await cache.get('key49'))?.length, 900)
    assert.equal(await cache.get('key0'), undefined)
    const large = Buffer.alloc(10 * 1024)
    await assert.rejects(cache.set('large', large), { code: 'STORE_VALUE_TOO_LARGE' })
    assert.equal((await cache.getOrSet('large', () => large)).length, large.length)
    assert.deepEqual([await cache.get('large'), await cache.size()], [undefined, kept])
  })

  test('a cache that shrinks far below what it holds is emptied in slices, the oldest first', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<number>('p')
    await Promise.all(Array.from({ length: 350 }, (_, i) => cache.set(`key${i}`, i)))
    const small = store.cache<number>('p', { maxEntries: 10 })
    const sizes: number[] = []
    for (let i = 0; i < 4; i++) {
      await small.set('new', i)
      sizes.push(await small.size())
    }
    assert.deepEqual(sizes, [251, 151, 51, 10])
    const left = ['key340', 'key341', 'key349', 'new']
    assert.deepEqual(await Promise.all(left.map(key => small.get(key))), [undefined, 341, 349, 3])
  })

  test('what is replaced, deleted, over and cleared takes no room', async t => {
    const { store, pass } = await openSubject(open, t)
    const cache = store.cache<unknown>('p', { maxEntries: 2, maxBytes: 1200 })
    await cache.set('a', 'long'.repeat(200), { ttl: '60ms' })
    await cache.set('a', 1, { ttl: '60ms' })
    await cache.set('b', 2)
    await cache.delete('b')
    await pass(60)
    await cache.set('c', 3)
    await cache.set('d', 'long'.repeat(200))
    assert.deepEqual([await cache.get('c'), await cache.size()], [3, 2])
    await cache.clear()
    await cache.set('e', 5)
    await cache.set('f', 6)
    assert.deepEqual([await cache.get('e'), await cache.get('f')], [5, 6])
  })

  test('a limit is a number or a size above 0', async t => {
    const { store } = await openSubject(open, t)
    const refused = { code: 'STORE_ARGUMENT_INVALID' }
    for (const wrong of [0, -1, 0.5, Number.NaN, '3', null] as number[]) {
      assert.throws(() => store.cache('p', { maxEntries: wrong }), refused)
    }
    for (const wrong of [0, -1, 'much', '', null] as number[]) {
      assert.throws(() => store.cache('p', { maxBytes: wrong }), refused)
    }
    const unlimited = { maxEntries: Number.POSITIVE_INFINITY, maxBytes: Number.POSITIVE_INFINITY }
    await store.cache('p', unlimited).set('a', 1)
    assert.equal(await store.cache('p', unlimited).get('a'), 1)
  })

  test('a value that the store has no room for is returned all the same', async t => {
    const { store, differs } = await openSubject(open, t, { valueBytesMax: 1000, keysMax: 2 })
    const large = 'x'.repeat(2000)
    await assert.rejects(store.cache('p').set('a', large), { code: 'STORE_VALUE_TOO_LARGE' })
    assert.equal(await store.cache('p').getOrSet('a', () => large), large)
    assert.equal(await store.cache('p').get('a'), undefined)
    await store.counter('c').increment()
    await store.cache('p').set('a', 1)
    const another = store.cache('q').set('a', 1)
    if (differs('no limit of keys')) await another
    else await assert.rejects(another, { code: 'STORE_TOO_MANY_KEYS' })
  })
}
