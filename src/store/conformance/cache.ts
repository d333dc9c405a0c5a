import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

/** Entries with an end and tags. What is computed is in cache-compute.ts, and limits are in cache-limits.ts. */
export function cacheConformance(open: OpenEngine): void {
  test('an entry is there until its time is over, whatever its value', async t => {
    const { store, engine, pass } = await openSubject(open, t)
    const cache = store.cache<unknown>('p', { ttl: '1h' })
    for (const value of [0, -0, '', false, null, [], {}, { a: [1] }, 1e21, 'ä'.repeat(100_000)]) {
      await cache.set('key', value)
      assert.deepEqual(await cache.get('key'), value)
      if (engine.canReadNow) assert.deepEqual(cache.peek('key'), value)
      else assert.throws(() => cache.peek('key'), { code: 'STORE_UNSUPPORTED' })
    }
    await cache.set('short', 1, { ttl: '60ms' })
    await store.cache('q', { ttl: '60ms' }).set('default', 1)
    await store.cache('q', { ttl: '60ms' }).set('own', 1, { ttl: '1h' })
    await pass(60)
    assert.deepEqual([await cache.get('short'), await cache.get('absent')], [undefined, undefined])
    assert.deepEqual([await store.cache('q').get('default'), await store.cache('q').get('own')], [undefined, 1])
    assert.notEqual(await cache.get('key'), undefined)
    if (engine.canReadNow) assert.equal(cache.peek('short'), undefined)
  })

  test('what has no time to live stays, and a set gives the one that it says', async t => {
    const { store, pass } = await openSubject(open, t)
    const cache = store.cache<number>('p')
    await cache.set('stays', 1)
    await cache.set('renewed', 1, { ttl: '60ms' })
    await cache.set('renewed', 2)
    await cache.set('ends', 1)
    await cache.set('ends', 2, { ttl: '60ms' })
    await pass(60)
    assert.deepEqual(await Promise.all(['stays', 'renewed', 'ends'].map(key => cache.get(key))), [1, 2, undefined])
  })

  test('in its grace a value is not fresh, and behind it gone', async t => {
    const { store, engine, pass } = await openSubject(open, t)
    const cache = store.cache<number>('p')
    await cache.set('a', 1, { ttl: '60ms', grace: '1h' })
    await cache.set('b', 1, { ttl: '60ms', grace: '10ms' })
    await cache.set('c', 1, { grace: '10ms' })
    await pass(60)
    assert.equal(await cache.get('a'), undefined)
    if (engine.canReadNow) assert.equal(cache.peek('a'), undefined)
    await pass(10)
    assert.equal(await cache.getOrSet('b', () => 2), 2)
    assert.equal(await cache.get('c'), 1)
    assert.equal(await cache.delete('a'), 1)
  })

  test('entries are deleted one by one, several, and all at once', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<string>('p')
    for (const key of ['a', 'b', 'c', 'd']) await cache.set(key, key)
    assert.deepEqual([await cache.delete('a', 'absent', 'a', 'b'), await cache.delete()], [2, 0])
    assert.deepEqual([await cache.get('a'), await cache.get('c'), await cache.size()], [undefined, 'c', 2])
    await cache.clear()
    assert.deepEqual([await cache.get('c'), await cache.size(), await store.type('p')], [undefined, 0, 'none'])
    await cache.set('c', 'again')
    assert.equal(await cache.get('c'), 'again')
    await cache.delete('c')
    assert.equal(await store.type('p'), 'none')
    await cache.clear()
    assert.equal(await store.cache('absent').size(), 0)
  })

  test('a tag makes all entries that have it absent, in all processes; those that are set later are there', async t => {
    const { store, other } = await openSubject(open, t)
    const cache = store.cache<number>('p')
    const found = () => Promise.all(['a', 'b', 'c'].map(key => cache.get(key)))
    await cache.set('a', 1, { tags: ['x', 'ä:😀'] })
    await cache.set('b', 1, { tags: ['ä:😀'] })
    await cache.set('c', 1)
    await cache.invalidateTag('unknown')
    await store.cache('q').invalidateTag('x')
    assert.deepEqual(await found(), [1, 1, 1])
    await other().cache('p').invalidateTag('x')
    assert.deepEqual(await found(), [undefined, 1, 1])
    await cache.set('a', 2, { tags: ['x', 'ä:😀'] })
    assert.equal(await cache.get('a'), 2)
    await cache.invalidateTag('ä:😀')
    assert.deepEqual(await found(), [undefined, undefined, 1])
    await cache.set('b', 3)
    await cache.invalidateTag('ä:😀')
    assert.deepEqual(await found(), [undefined, 3, 1])
  })

  test('calls that are not awaited are carried out in their order', async t => {
    const { store } = await openSubject(open, t)
    const cache = store.cache<number>('p')
    const replies = [
      ...[cache.set('a', 1), cache.get('a'), cache.set('a', 2, { tags: ['x'] }), cache.get('a')],
      ...[cache.invalidateTag('x'), cache.get('a'), cache.set('a', 3), cache.delete('a'), cache.size()],
    ]
    const [, first, , second, , third, , deleted, size] = await Promise.all(replies)
    assert.deepEqual([first, second, third, deleted, size], [1, 2, undefined, 1, 0])
  })

  test('unfit names, times and values are refused, and change nothing', async t => {
    const { store, engine } = await openSubject(open, t)
    const cache = store.cache<unknown>('p')
    await cache.set('a', 'before')
    const compute = () => assert.fail('computed')
    for (const key of ['', '\ud800', 'x'.repeat(64 * 1024 + 1), 7, null] as string[]) {
      const refused = { code: 'STORE_KEY_INVALID' }
      await assert.rejects(cache.get(key), refused)
      await assert.rejects(cache.set(key, 1), refused)
      await assert.rejects(cache.set('a', 1, { tags: ['x', key] }), refused)
      await assert.rejects(cache.delete('a', key), refused)
      await assert.rejects(cache.invalidateTag(key), refused)
      await assert.rejects(cache.getOrSet(key, compute), refused)
      await assert.rejects(cache.getOrSet('b', compute, { tags: [key] }), refused)
      if (engine.canReadNow) assert.throws(() => cache.peek(key), refused)
      assert.throws(() => store.cache(key), refused)
    }
    for (const time of [0, -1, 'soon', Number.NaN]) {
      const refused = { code: 'STORE_ARGUMENT_INVALID' }
      await assert.rejects(cache.set('a', 1, { ttl: time }), refused)
      await assert.rejects(cache.set('a', 1, { grace: time }), refused)
      await assert.rejects(cache.getOrSet('b', compute, { ttl: time }), refused)
      await assert.rejects(cache.getOrSet('b', compute, { timeout: time }), refused)
      assert.throws(() => store.cache('p', { ttl: time }), refused)
      assert.throws(() => store.cache('p', { grace: time }), refused)
    }
    await assert.rejects(cache.set('a', undefined), { code: 'STORE_VALUE_INVALID' })
    await assert.rejects(cache.set('b', { at: [new Date(0)] }), { code: 'STORE_VALUE_INVALID' })
    assert.deepEqual([await cache.get('a'), await cache.size()], ['before', 1])
  })

  test('an entry that somebody else wrote, and a key that holds something else, are refused', async t => {
    const { store, engine } = await openSubject(open, t)
    await engine.call(['hset', 'p', 'key', 'x'])
    const unreadable = { code: 'STORE_VALUE_UNREADABLE' }
    await assert.rejects(store.cache('p').get('key'), unreadable)
    await assert.rejects(
      store.cache('p').getOrSet('key', () => 1),
      unreadable,
    )
    await store.counter('c').increment(7)
    const wrongType = { code: 'STORE_WRONG_TYPE' }
    const cache = store.cache<number>('c')
    await assert.rejects(cache.set('a', 1), wrongType)
    await assert.rejects(cache.get('a'), wrongType)
    await assert.rejects(cache.delete('a'), wrongType)
    await assert.rejects(cache.clear(), wrongType)
    await assert.rejects(cache.size(), wrongType)
    await assert.rejects(
      cache.getOrSet('a', () => 1),
      wrongType,
    )
    if (engine.canReadNow) assert.throws(() => cache.peek('a'), wrongType)
    assert.equal(await store.counter('c').get(), 7)
  })
}
