import assert from 'node:assert/strict'
import { test } from 'node:test'
import { MemoryEngine } from '../engines/memory.ts'
import { Store } from '../store.ts'

function open() {
  const store = new Store(new MemoryEngine())
  return { store, stock: store.map<number>('stock'), orders: store.list<string>('orders') }
}

test('writes to several structures are carried out together, at the end', async () => {
  const { store, stock, orders } = open()
  const result = await store.transaction(async tx => {
    await tx.map<number>('stock').set('tea', 1)
    tx.list<string>('orders').push('tea', 'coffee')
    tx.counter('sold').increment(2)
    tx.set<string>('kinds').add('tea')
    await tx.sortedSet('ranking').increment('tea', 3)
    assert.equal(await stock.get('tea'), undefined)
    return 'done'
  })
  assert.equal(result, 'done')
  assert.deepEqual(
    [await stock.get('tea'), await orders.slice(), await store.counter('sold').get()],
    [1, ['tea', 'coffee'], 2],
  )
  assert.deepEqual([await store.type('kinds'), await store.sortedSet('ranking').score('tea')], ['set', 3])
})

test('a function that throws, and a write that fails, change nothing', async () => {
  const { store, stock, orders } = open()
  await orders.push('first')
  const thrown = store.transaction(tx => {
    tx.map('stock').set('tea', 1)
    throw new Error('sold out')
  })
  await assert.rejects(thrown, /sold out/)
  const failed = store.transaction(tx => {
    tx.map('stock').set('tea', 1)
    tx.map('orders').set('x', 1)
  })
  await assert.rejects(failed, { code: 'STORE_WRONG_TYPE' })
  assert.equal(await stock.size(), 0)
})

test('what others change meanwhile lets the function run again', async () => {
  const { store, stock } = open()
  await stock.set('tea', 0)
  let runs = 0
  const add = () =>
    store.transaction(async tx => {
      runs++
      const map = tx.map<number>('stock')
      const old = (await map.get('tea')) ?? 0
      await stock.get('nothing')
      map.set('tea', old + 1)
    })
  await Promise.all(Array.from({ length: 20 }, add))
  assert.equal(await stock.get('tea'), 20)
  assert.ok(runs > 20)
})

test('a transaction that meets others at each try is given up', async () => {
  const { store, stock } = open()
  let value = 0
  const doomed = store.transaction(async tx => {
    await tx.map('stock').get('tea')
    await stock.set('tea', value++)
  })
  await assert.rejects(doomed, { code: 'STORE_CONFLICT' })
  assert.equal(value, 100)
})

test('messages are sent if it succeeds', async () => {
  const { store } = open()
  const heard = store.topic<string>('news').subscribe()
  await heard.ready
  await assert.rejects(
    store.transaction(tx => {
      tx.topic('news').publish('no')
      throw new Error('no')
    }),
  )
  await store.transaction(tx => tx.topic('news').publish('yes'))
  assert.equal((await heard.next()).value, 'yes')
})

test('what would answer too late is refused, and so is a read of what was written', async () => {
  const { store, stock } = open()
  await stock.set('tea', 1)
  const refused = { code: 'STORE_ARGUMENT_INVALID' }
  const take = (tx: unknown) => (tx as Store).map('stock').take('tea')
  await assert.rejects(store.transaction(take), refused)
  await assert.rejects(
    store.transaction(tx => (tx as unknown as Store).list('orders').take()),
    refused,
  )
  const late = store.transaction(async tx => {
    tx.map('stock').set('tea', 2)
    await tx.map('stock').get('tea')
  })
  await assert.rejects(late, /read first, then write/)
  assert.equal(await stock.get('tea'), 1)
})

test('what goes on after the end is refused, not lost', async () => {
  const { store } = open()
  const map = await store.transaction(tx => tx.map('stock'))
  await assert.rejects(map.set('tea', 1), { code: 'STORE_ARGUMENT_INVALID' })
})

test('the keys of a store are listed by pattern, looked at, ended and deleted', async () => {
  const { store, stock } = open()
  await stock.set('tea', 1)
  await store.counter('a:1').increment()
  await store.counter('a:2').increment()
  assert.deepEqual(await Array.fromAsync(store.keys()), ['a:1', 'a:2', 'stock'])
  assert.deepEqual(await Array.fromAsync(store.keys('a:*')), ['a:1', 'a:2'])
  assert.deepEqual(
    [await store.type('stock'), await store.type('a:1'), await store.type('x')],
    ['hash', 'string', 'none'],
  )
  assert.equal(await store.ttl('stock'), Number.POSITIVE_INFINITY)
  assert.equal(await store.expire('stock', '1h'), true)
  assert.ok(((await store.ttl('stock')) ?? 0) > 3_590_000)
  assert.deepEqual([await store.expire('stock', null), await store.expire('stock', null)], [true, true])
  assert.equal(await store.expire('x', null), false)
  assert.equal(await store.delete('stock', 'a:1', 'x'), 2)
  assert.equal(await store.ttl('stock'), undefined)
  assert.deepEqual([(await store.info()).keys, (await store.info()).pid], [1, process.pid])
})
