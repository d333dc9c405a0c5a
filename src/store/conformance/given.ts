import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Codec } from '../codecs/codec.ts'
import { type OpenEngine, openSubject } from './setup.ts'

const foreign: readonly unknown[] = [null, undefined, true, false, {}, [], () => 1, Symbol('s'), 1n, new Date(0)]
const foreignBytes: readonly unknown[] = [new ArrayBuffer(2), new DataView(new ArrayBuffer(2)), new Uint16Array(2)]
const invalid = { name: 'StoreError', code: 'STORE_ARGUMENT_INVALID' }

/** Whatever a program gives to a call, it gets an error that names it, and the calls beside it are carried out. */
export function givenConformance(open: OpenEngine): void {
  test('what is no text, number or bytes is refused by every call, and the calls beside it go on', async t => {
    const { store, engine } = await openSubject(open, t)
    const counter = store.counter('beside')
    for (const part of [...foreign, ...foreignBytes] as never[]) {
      const before = counter.increment()
      const refused = [
        engine.call(['set', 'a', part]),
        engine.call(['hset', 'm', part, 'x']),
        engine.call([part, 'a']),
        engine.wait(() => ['saola.list.take', 'l', part, 10, 'r'], { timeoutMs: 10 }),
        engine.transaction([], [['set', 'a', part]]),
        engine.transaction([{ call: ['get', part], reply: null }], [['set', 'a', '1']]),
        store.command('set', 'a', part),
        store.command(part, 'a'),
        store.transaction(tx => void tx.map('m').increment('n', part ?? null)),
      ]
      const after = counter.increment()
      for (const call of refused) await assert.rejects(call, invalid)
      if (engine.canReadNow) assert.throws(() => engine.readNow(['get', part]), invalid)
      assert.equal((await after) - (await before), 1)
    }
    assert.deepEqual(await Array.fromAsync(store.keys()), ['beside'])
    assert.equal(await counter.get(), 2 * (foreign.length + foreignBytes.length))
  })

  test('bytes of another realm are bytes', async t => {
    const { engine } = await openSubject(open, t)
    const { runInNewContext } = await import('node:vm')
    await engine.call(['set', 'a', runInNewContext('Uint8Array.of(65, 66)') as Uint8Array])
    assert.equal(String(await engine.call(['get', 'a'])), 'AB')
  })

  test('what is counted is a number', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('m')
    for (const by of [...foreign, '1'].filter(one => one !== undefined) as never[]) {
      await assert.rejects(map.increment('n', by), invalid)
      await assert.rejects(store.counter('c').increment(by), invalid)
      await assert.rejects(store.counter('c').decrement(by), invalid)
      await assert.rejects(store.counter('c').set(by), invalid)
      await assert.rejects(store.sortedSet('z').increment('a', by), invalid)
      await assert.rejects(store.sortedSet('z').add('a', by), invalid)
      await assert.rejects(store.list('l').at(by), invalid)
      await assert.rejects(store.set('s').popMany(by), invalid)
    }
    assert.equal(await map.increment('n', 2), 2)
    assert.deepEqual(await Array.fromAsync(store.keys()), ['m'])
  })

  test('a codec of the application that makes no text and no bytes is refused, and nothing is written', async t => {
    const { store } = await openSubject(open, t)
    const made = [...foreign, ...foreignBytes, 7, Promise.resolve('x'), Promise.reject(new Error('in the codec'))]
    for (const encoded of made) {
      const codec: Codec<unknown> = { name: 'odd', encode: () => encoded as string, decode: String }
      const refused = { name: 'StoreError', code: 'STORE_VALUE_INVALID', message: /^The codec "odd" has to make / }
      await assert.rejects(store.map('m', { codec }).set('a', 1), refused)
      await assert.rejects(async () => store.list('l', { codec }).push(1), refused)
      await assert.rejects(store.set('s', { codec }).add(1), refused)
      await assert.rejects(store.cache('c', { codec }).set('a', 1), refused)
      await assert.rejects(store.topic('t', { codec }).publish(1), refused)
    }
    assert.deepEqual(await Array.fromAsync(store.keys()), [])
  })

  test('what is to be iterated over, and functions, are looked at', async t => {
    const { store } = await openSubject(open, t)
    for (const given of [null, undefined, 5, true, {}, 'text'] as never[]) {
      await assert.rejects(store.map('m').setMany(given), invalid)
      await assert.rejects(store.map('m').getMany(given), invalid)
      await assert.rejects(store.set('s').hasMany(given), invalid)
      await assert.rejects(store.set('s').addMany(given), invalid)
      await assert.rejects(store.sortedSet('z').addMany(given), invalid)
      await assert.rejects(store.sortedSet('z').scores(given), invalid)
      await assert.rejects(store.map('m').getOrSet('a', given), invalid)
      await assert.rejects(store.map('m').update('a', given), invalid)
      await assert.rejects(store.cache('c').getOrSet('a', given), invalid)
      await assert.rejects(store.lock('l').using({}, given), invalid)
      await assert.rejects(store.transaction(given), invalid)
    }
    await assert.rejects(store.map('m').setMany([null] as never), invalid)
    await assert.rejects(store.lock('l').using((async () => 1) as never, undefined as never), invalid)
    await assert.rejects(store.cache('c').set('a', 1, { tags: 'shop' as never }), invalid)
    assert.equal(await store.lock('l').holder(), undefined)
    assert.deepEqual(await Array.fromAsync(store.keys()), [])
  })

  test('a time to live must be given where it is what the call is about', async t => {
    const { store } = await openSubject(open, t)
    await store.map('m').set('a', 1)
    for (const ttl of [undefined, {}, [5], true, 5n, Number.NaN] as never[]) {
      await assert.rejects(store.expire('m', ttl), invalid)
      await assert.rejects(store.map('m').expire('a', ttl), invalid)
    }
    assert.equal(await store.map('m').get('a'), 1)
    assert.equal(await store.map('m').ttl('a'), Number.POSITIVE_INFINITY)
  })
}
