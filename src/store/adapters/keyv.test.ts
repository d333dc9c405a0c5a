import assert from 'node:assert/strict'
import { test } from 'node:test'
import Keyv from 'keyv'
import { createTestStore } from '../test-store.ts'
import { KeyvSaola } from './keyv.ts'

function open(options: { namespace?: string; ttl?: number } = {}) {
  const { store, clock } = createTestStore()
  const adapter = new KeyvSaola({ store })
  return { store, clock, adapter, keyv: new Keyv(adapter, { ...options, throwOnErrors: true }) }
}

test('values come back as Keyv gives them', async () => {
  const { keyv } = open()
  const values = { text: 'wörld', half: '\ud800', zero: 0, no: false, nothing: null, empty: '', object: { a: [1] } }
  for (const [key, value] of Object.entries(values)) {
    assert.equal(await keyv.set(key, value), true)
    assert.deepEqual(await keyv.get(key), value, key)
    assert.equal(await keyv.has(key), true)
  }
  assert.equal(await keyv.get('absent'), undefined)
  assert.equal(await keyv.has('absent'), false)
  assert.equal(await keyv.delete('text'), true)
  assert.equal(await keyv.delete('text'), false)
  assert.equal(await keyv.get('text'), undefined)
})

test('without a serialization values come back whole', async () => {
  const { store } = createTestStore()
  const keyv = new Keyv({ store: new KeyvSaola({ store }), serialize: undefined, deserialize: undefined } as never)
  const value = { born: new Date(0), bytes: Buffer.from([1]), tags: new Set(['a']) }
  await keyv.set('a', value)
  assert.deepEqual(await keyv.get('a'), value)
})

test('a ttl counts milliseconds, of Keyv or of one value', async () => {
  const { keyv, adapter, clock } = open({ ttl: 60_000 })
  await keyv.set('minute', 1)
  await keyv.set('second', 2, 1000)
  await keyv.set('ever', 3, 0)
  await keyv.set('month', 4, 30 * 86_400_000)
  const keys = async () => {
    const found: string[] = []
    for await (const [key] of adapter.iterator()) found.push(key.replace('keyv:', ''))
    return found
  }
  // Keyv itself looks at the real clock: that the adapter lets go of them is asked of the adapter.
  clock.advance('1001ms')
  assert.deepEqual(await keys(), ['ever', 'minute', 'month'])
  assert.equal(await keyv.get('second'), undefined)
  clock.advance('1m')
  assert.deepEqual(await keys(), ['ever', 'month'])
  clock.advance('31d')
  assert.deepEqual(await keys(), ['ever'])
  await adapter.set('keyv:ever', 'gone', -1)
  assert.deepEqual(await keys(), [])
})

test('several at once', async () => {
  const { keyv } = open()
  const entries = [
    { key: 'a', value: 1 },
    { key: 'b', value: { c: 2 }, ttl: 1000 },
  ]
  assert.deepEqual(await keyv.setMany(entries), [true, true])
  assert.deepEqual(await keyv.getMany(['b', 'absent', 'a']), [{ c: 2 }, undefined, 1])
  assert.deepEqual(await keyv.hasMany(['a', 'absent']), [true, false])
  assert.equal(await keyv.deleteMany(['a', 'b']), true)
  assert.equal(await keyv.deleteMany(['a', 'b']), false)
  assert.deepEqual(await keyv.getMany(['a', 'b']), [undefined, undefined])
})

test('a namespace is cleared and iterated by itself', async () => {
  const { store } = createTestStore()
  const users = new Keyv(new KeyvSaola({ store }), { namespace: 'users' })
  const items = new Keyv(new KeyvSaola({ store }), { namespace: 'items' })
  await users.set('a', 1)
  await users.set('b:c', 2)
  await items.set('a', 3)
  const found: unknown[] = []
  for await (const entry of users.iterator?.({}) ?? []) found.push(entry)
  assert.deepEqual(found, [
    ['a', 1],
    ['b:c', 2],
  ])
  await users.clear()
  assert.equal(await users.get('a'), undefined)
  assert.equal(await items.get('a'), 3)
})

test('an error of the store is an event of Keyv', async () => {
  const { store } = createTestStore()
  const keyv = new Keyv(new KeyvSaola({ store }))
  const errors: unknown[] = []
  keyv.on('error', error => errors.push(error.code))
  await store.close()
  assert.equal(await keyv.set('a', 1), false)
  assert.deepEqual(errors, ['STORE_CLOSED'])
})
