import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

/** Changes of a key as they are iterated over. What engines tell is in watch.ts. */
export function changeConformance(open: OpenEngine): void {
  test('each change is told after it was made, with the entry of a map', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('stock')
    const changes = store.watch('stock')
    await changes.ready
    await map.set('tea', 1)
    assert.deepEqual((await changes.next()).value, { key: 'stock', field: 'tea' })
    await store.counter('other').increment()
    await map.clear()
    assert.deepEqual((await changes.next()).value, { key: 'stock', field: undefined })
    await changes.return()
  })

  test('changes that come faster than they are looked at are told once for each entry', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('stock')
    const changes = store.watch('stock')
    await changes.ready
    for (const key of ['a', 'b', 'a', 'b', 'a']) await map.set(key, 1)
    const fields = [(await changes.next()).value?.field, (await changes.next()).value?.field]
    assert.deepEqual(fields, ['a', 'b'])
    await map.setMany(Array.from({ length: 1001 }, (_, i) => [`k${i}`, i] as const))
    assert.deepEqual((await changes.next()).value, { key: 'stock', field: undefined })
    await map.set('last', 1)
    assert.equal((await changes.next()).value?.field, 'last')
  })

  test('one entry is watched alone, and with the whole key', async t => {
    const { store } = await openSubject(open, t)
    const map = store.map<number>('stock')
    const controller = new AbortController()
    const changes = store.watch('stock', { field: 'tea', signal: controller.signal })
    await changes.ready
    await map.set('coffee', 1)
    await map.set('tea', 1)
    assert.equal((await changes.next()).value?.field, 'tea')
    await store.delete('stock')
    assert.equal((await changes.next()).value?.field, undefined)
    const next = changes.next()
    controller.abort()
    assert.equal((await next).done, true)
  })
}
