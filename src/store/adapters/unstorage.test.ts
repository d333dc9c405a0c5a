import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createStorage } from 'unstorage'
import { createTestStore } from '../test-store.ts'
import { saolaDriver } from './unstorage.ts'

function open() {
  const { store, clock } = createTestStore()
  const driver = saolaDriver({ store, name: 'items' })
  return { store, clock, driver, storage: createStorage({ driver }) }
}

test('items come back as unstorage gives them', async () => {
  const { storage } = open()
  const values = { text: 'wörld', number: 7, zero: 0, no: false, list: [], object: { a: { b: null } } }
  for (const [key, value] of Object.entries(values)) {
    await storage.setItem(key, value)
    assert.deepEqual(await storage.getItem(key), value, key)
  }
  assert.equal(await storage.hasItem('text'), true)
  assert.equal(await storage.getItem('absent'), null)
  await storage.removeItem('text')
  assert.equal(await storage.hasItem('text'), false)
  assert.equal(await storage.getItem('text'), null)
})

test('bytes come back as bytes, also of what was set as text', async () => {
  const { storage } = open()
  const bytes = Uint8Array.of(0, 255, 193, 10)
  await storage.setItemRaw('bytes', bytes)
  assert.deepEqual(await storage.getItemRaw('bytes'), Buffer.from(bytes))
  await storage.setItemRaw('buffer', bytes.buffer)
  assert.deepEqual(await storage.getItemRaw('buffer'), Buffer.from(bytes))
  await storage.setItem('text', 'ä')
  assert.deepEqual(await storage.getItemRaw('text'), Buffer.from('ä'))
  assert.equal(await storage.getItemRaw('absent'), null)
  await assert.rejects(storage.setItemRaw('object', { a: 1 }), { code: 'STORE_VALUE_INVALID' })
  await assert.rejects(storage.setItem('half', '\ud800'), { code: 'STORE_VALUE_INVALID' })
})

test('a ttl counts seconds, also with a fraction, and above the longest timer', async () => {
  const { storage, clock } = open()
  await storage.setItem('short', 1, { ttl: 0.5 })
  await storage.setItemRaw('bytes', 'text', { ttl: 2 })
  await storage.setItem('month', 1, { ttl: 30 * 86_400 })
  await storage.setItem('ever', 1, { ttl: 0 })
  clock.advance('501ms')
  assert.deepEqual(await storage.getKeys(), ['bytes', 'ever', 'month'])
  clock.advance('2s')
  assert.deepEqual(await storage.getKeys(), ['ever', 'month'])
  clock.advance('30d')
  assert.deepEqual(await storage.getKeys(), ['ever'])
})

test('keys are listed and cleared by their base, which ends at a colon', async () => {
  const { storage, driver } = open()
  const users = Array.from({ length: 1203 }, (_, i) => ({ key: `user:${i}`, value: String(i) }))
  await storage.setItems([...users, { key: 'users', value: 'x' }, { key: 'userland:1', value: 'y' }])
  assert.equal((await storage.getKeys('user')).length, 1203)
  assert.equal((await driver.getKeys('user')).length, 1203)
  assert.deepEqual(await storage.getItems(['user:7', 'absent', 'users']), [
    { key: 'user:7', value: 7 },
    { key: 'absent', value: null },
    { key: 'users', value: 'x' },
  ])
  // storage.clear(base) of unstorage asks only the drivers that are mounted below the base.
  await driver.clear('user')
  assert.deepEqual(await storage.getKeys(), ['userland:1', 'users'])
  await storage.clear()
  assert.deepEqual(await storage.getKeys(), [])
})

test('a driver may be mounted', async () => {
  const { store } = open()
  const storage = createStorage().mount('cache', saolaDriver({ store }))
  await storage.setItem('cache:a', { b: 1 })
  assert.deepEqual(await storage.getItem('cache:a'), { b: 1 })
  assert.deepEqual(await storage.getKeys('cache'), ['cache:a'])
  assert.equal((await store.map('unstorage', { codec: 'bytes' }).get('a'))?.toString(), '{"b":1}')
})

test('changes of every process are heard, until it is disposed of', async () => {
  const { store, storage } = open()
  const events: string[] = []
  const heard = Promise.withResolvers<void>()
  await storage.watch((event, key) => events.push(`${event} ${key}`) === 3 && heard.resolve())
  const elsewhere = createStorage({ driver: saolaDriver({ store, name: 'items' }) })
  await elsewhere.setItem('a', 1)
  await elsewhere.setItem('b', 2)
  await elsewhere.removeItem('a')
  await heard.promise
  assert.deepEqual(events, ['update a', 'update b', 'remove a'])
  await storage.dispose()
  await elsewhere.setItem('c', 3)
  assert.equal(await storage.hasItem('c'), true)
  assert.equal(events.length, 3)
})
