import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../store.ts'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

const invalid = { name: 'StoreError', code: 'STORE_ARGUMENT_INVALID' }

/** Every method with options, called with these. */
const calls: readonly ((store: Store, options: never) => unknown)[] = [
  (store, options) => store.map('m', options),
  (store, options) => store.list('l', options),
  (store, options) => store.set('s', options),
  (store, options) => store.cache('c', options),
  (store, options) => store.topic('t', options),
  (store, options) => store.topics('t*', options),
  (store, options) => store.topic('t').subscribe(options),
  (store, options) => store.watch('m', options),
  (store, options) => store.map('m').set('a', 2, options),
  (store, options) => store.map('m').setMany([['a', 2]], options),
  (store, options) => store.map('m').getOrSet('b', () => 2, options),
  (store, options) => store.map('m').update('a', () => 2, options),
  (store, options) => listOf(store.map('m').entries(options)),
  (store, options) => listOf(store.map('m').keys(options)),
  (store, options) => listOf(store.map('m').values(options)),
  (store, options) => store.counter('n').increment(1, options),
  (store, options) => store.counter('n').decrement(1, options),
  (store, options) => store.counter('n').set(1, options),
  (store, options) => store.list('l').sort(options),
  (store, options) => store.list('l').take(options),
  (store, options) => listOf(store.list('l').consume(options)),
  (store, options) => store.sortedSet('z').add('a', 1, options),
  (store, options) => store.sortedSet('z').addMany([['a', 1]], options),
  (store, options) => store.sortedSet('z').rank('a', options),
  (store, options) => store.sortedSet('z').range(options),
  (store, options) => store.sortedSet('z').rangeByScore(options),
  (store, options) => store.sortedSet('z').rangeByLex(options),
  (store, options) => store.sortedSet('z').count(options),
  (store, options) => store.sortedSet('z').deleteByScore(options),
  (store, options) => listOf(store.sortedSet('z').entries(options)),
  (store, options) => store.lock('l').acquire(options),
  (store, options) => store.lock('l').tryAcquire(options),
  (store, options) => store.lock('l').using(options, () => 1),
  (store, options) => store.cache('c').set('a', 1, options),
  (store, options) => store.cache('c').getOrSet('a', () => 1, options),
]

/** Options that are none, or that contradict each other. */
export function givenOptionConformance(open: OpenEngine): void {
  test('options that are no object are refused everywhere, and nothing is changed', async t => {
    const { store } = await openSubject(open, t)
    await store.map('m').set('a', 1)
    for (const call of calls) {
      for (const options of [null, 5, true, 'text', [], () => 1] as never[]) {
        await assert.rejects(async () => call(store, options), invalid, String(call))
      }
    }
    assert.deepEqual(await Array.fromAsync(store.keys()), ['m'])
    assert.equal(await store.map('m').get('a'), 1)
  })

  test('a signal that is none is refused', async t => {
    const { store } = await openSubject(open, t)
    for (const signal of [{}, null, 'text', new EventTarget()] as never[]) {
      await assert.rejects(async () => store.topic('t').subscribe({ signal }), invalid)
      await assert.rejects(async () => store.topics('t', { signal }), invalid)
      await assert.rejects(async () => store.watch('m', { signal }), invalid)
      await assert.rejects(store.list('l').take({ signal }), invalid)
      await assert.rejects(listOf(store.list('l').consume({ signal })), invalid)
      await assert.rejects(store.lock('l').acquire({ signal }), invalid)
      await assert.rejects(
        store.lock('l').using({ signal }, () => 1),
        invalid,
      )
    }
  })

  test('conditions that exclude each other, and texts that are none, are refused', async t => {
    const { store } = await openSubject(open, t)
    await assert.rejects(store.map('m').set('a', 1, { ifAbsent: true, ifPresent: true }), invalid)
    await assert.rejects(store.map('m').setMany([['a', 1]], { ifAbsent: true, ifPresent: true }), invalid)
    for (const text of [null, 5, {}, '\ud800'] as never[]) {
      await assert.rejects(listOf(store.keys(text)), invalid)
      await assert.rejects(listOf(store.map('m').entries({ prefix: text })), invalid)
      await assert.rejects(async () => store.watch('m', { field: text }), invalid)
    }
    assert.equal(await store.map('m').size(), 0)
  })
}
