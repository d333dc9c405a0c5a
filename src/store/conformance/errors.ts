import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StoreError } from '../store-error.ts'
import { type OpenEngine, openSubject } from './setup.ts'

/** The codes that do not depend on where the data is. Those of processes, connections and disks have tests of their own. */
export function errorConformance(open: OpenEngine): void {
  test('STORE_WRONG_TYPE: a key holds something else, which stays as it is', async t => {
    const { store, engine } = await openSubject(open, t)
    await store.counter('c').increment()
    await store.map('m').set('a', 1)
    const wrongType = { name: 'StoreError', code: 'STORE_WRONG_TYPE' }
    await assert.rejects(store.map('c').get('a'), wrongType)
    await assert.rejects(store.map('c').set('a', 1), wrongType)
    await assert.rejects(store.map('c').size(), wrongType)
    await assert.rejects(store.counter('m').increment(), wrongType)
    await assert.rejects(store.counter('m').get(), wrongType)
    if (engine.canReadNow) assert.throws(() => store.map('c').peek('a'), wrongType)
    assert.equal(await store.counter('c').get(), 1)
    assert.equal(await store.map('m').get('a'), 1)
  })

  test('STORE_KEY_INVALID: a name or key that is none', async t => {
    const { store, engine } = await openSubject(open, t)
    const map = store.map('m')
    for (const key of ['', 'x'.repeat(64 * 1024 + 1), '\ud800', 7, null, undefined, {}] as string[]) {
      const invalid = { code: 'STORE_KEY_INVALID' }
      assert.throws(() => store.map(key), invalid)
      assert.throws(() => store.counter(key), invalid)
      for (const call of [map.get, map.has, map.take, map.delete, map.ttl, map.increment]) {
        await assert.rejects(async () => call.call(map, key), invalid)
      }
      await assert.rejects(map.set(key, 1), invalid)
      await assert.rejects(
        map.update(key, () => 1),
        invalid,
      )
      if (engine.canReadNow) assert.throws(() => map.peek(key), invalid)
    }
    assert.equal(await map.size(), 0)
  })

  test('STORE_ARGUMENT_INVALID: a codec that is none', async t => {
    const { store } = await openSubject(open, t)
    assert.throws(() => store.map('m', { codec: 'jsn' as never }), { code: 'STORE_ARGUMENT_INVALID' })
  })

  test('STORE_VALUE_UNREADABLE: bytes of another codec', async t => {
    const { store, engine } = await openSubject(open, t)
    await engine.call(['hset', 'm', 'a', 'no json'])
    const unreadable = { code: 'STORE_VALUE_UNREADABLE' }
    await assert.rejects(store.map('m').get('a'), unreadable)
    await assert.rejects(store.map('m', { codec: 'structured' }).get('a'), unreadable)
    await assert.rejects(
      store.map('m').update('a', () => 1),
      unreadable,
    )
    assert.deepEqual(await engine.call(['hget', 'm', 'a']), Buffer.from('no json'))
  })

  test('STORE_VALUE_TOO_LARGE: a value above the limit, and nothing is written', async t => {
    const { store } = await openSubject(open, t, { valueBytesMax: 1000 })
    const map = store.map<string>('m')
    const tooLarge = { code: 'STORE_VALUE_TOO_LARGE' }
    await map.set('a', 'x'.repeat(998))
    await assert.rejects(map.set('a', 'x'.repeat(999)), tooLarge)
    const entries = [['b', 'x'] as const, ['c', 'x'.repeat(999)] as const]
    await assert.rejects(map.setMany(entries), tooLarge)
    assert.equal(await map.size(), 1)
    assert.equal((await map.get('a'))?.length, 998)
  })

  test('STORE_TOO_MANY_KEYS: one more key than allowed; keys that there are may change', async t => {
    const { store, differs } = await openSubject(open, t, { keysMax: 2 })
    if (differs('no limit of keys')) return t.skip('The engine has no limit of keys.')
    await store.map('m').set('a', 1)
    await store.counter('c').increment()
    await assert.rejects(store.map('n').set('a', 1), { code: 'STORE_TOO_MANY_KEYS' })
    await assert.rejects(store.counter('d').increment(), { code: 'STORE_TOO_MANY_KEYS' })
    await store.map('m').setMany([['a', 2] as const, ['b', 2] as const])
    assert.equal(await store.counter('c').increment(), 2)
    await store.counter('c').delete()
    await store.map('n').set('a', 1)
  })

  test('STORE_COMMAND: a command that there is not, or with wrong arguments', async t => {
    const { engine } = await openSubject(open, t)
    for (const call of [
      ['nonsense'],
      ['get'],
      ['get', 'a', 'b'],
      ['set', 'a', 'b', 'EX'],
      ['hset', 'a', 'b'],
    ] as const) {
      await assert.rejects(engine.call(call), { code: 'STORE_COMMAND' }, call.join(' '))
    }
    assert.equal(await engine.call(['exists', 'a']), 0)
  })

  test('STORE_CLOSED: after the end, whatever is called', async t => {
    const { store, engine } = await openSubject(open, t)
    const map = store.map('m')
    await map.set('a', 1)
    const topic = store.topic('t')
    const heard = topic.subscribe()
    await heard.ready
    const closing = store.close()
    // The subscription of before is not told yet.
    const atOnce = topic.subscribe()
    await closing
    await store.close()
    const closed = { code: 'STORE_CLOSED' }
    const listener = { message: () => {}, gap: () => {} }
    await assert.rejects(map.get('a'), closed)
    await assert.rejects(map.set('a', 1), closed)
    await assert.rejects(engine.transaction([], [['del', 'm']]), closed)
    await assert.rejects(
      store.transaction(() => 1),
      closed,
    )
    for (const late of [store.topic('t').subscribe(), store.topics('t*'), store.watch('m'), atOnce]) {
      await assert.rejects(late.ready, closed)
      await assert.rejects(late.next(), closed)
      assert.equal((await late.next()).done, true)
    }
    assert.equal((await heard.next()).done, true)
    await assert.rejects(engine.subscribe('a', false, listener), closed)
    await assert.rejects(
      engine.watch('m', () => {}),
      closed,
    )
    if (engine.canReadNow) assert.throws(() => map.peek('a'), closed)
  })

  test('what was called before the end is answered, or refused', async t => {
    const { store } = await openSubject(open, t)
    const calls = Array.from({ length: 10 }, () => store.counter('c').increment())
    const closed = store.close()
    for (const outcome of await Promise.allSettled(calls)) {
      if (outcome.status === 'fulfilled') continue
      assert.ok(outcome.reason instanceof StoreError)
      assert.equal(outcome.reason.code, 'STORE_CLOSED')
    }
    await closed
  })
}
