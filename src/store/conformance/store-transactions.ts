import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Store } from '../store.ts'
import type { Transaction } from '../structures/transaction.ts'
import { type OpenEngine, openSubject } from './setup.ts'

/** `store.transaction`: several structures together. What engines do is in transactions.ts. */
export function storeTransactionConformance(open: OpenEngine): void {
  test('writes to several structures are carried out together, at the end', async t => {
    const { store } = await openSubject(open, t)
    const stock = store.map<number>('{shop}stock')
    const orders = store.list<string>('{shop}orders')
    const result = await store.transaction(async tx => {
      await tx.map<number>('{shop}stock').set('tea', 1)
      tx.list<string>('{shop}orders').push('tea', 'coffee')
      tx.counter('{shop}sold').increment(2)
      tx.set<string>('{shop}kinds').add('tea')
      await tx.sortedSet('{shop}ranking').increment('tea', 3)
      assert.equal(await stock.get('tea'), undefined)
      return 'done'
    })
    assert.equal(result, 'done')
    assert.deepEqual(
      [await stock.get('tea'), await orders.slice(), await store.counter('{shop}sold').get()],
      [1, ['tea', 'coffee'], 2],
    )
    assert.deepEqual([await store.type('{shop}kinds'), await store.sortedSet('{shop}ranking').score('tea')], ['set', 3])
  })

  test('a function that throws, and a write that fails, change nothing', async t => {
    const { store } = await openSubject(open, t)
    const stock = store.map<number>('{shop}stock')
    const orders = store.list<string>('{shop}orders')
    await orders.push('first')
    const thrown = store.transaction(tx => {
      tx.map('{shop}stock').set('tea', 1)
      throw new Error('sold out')
    })
    await assert.rejects(thrown, /sold out/)
    const failed = store.transaction(tx => {
      tx.map('{shop}stock').set('tea', 1)
      tx.map('{shop}orders').set('x', 1)
    })
    await assert.rejects(failed, { code: 'STORE_WRONG_TYPE' })
    assert.equal(await stock.size(), 0)
  })

  test('what others change meanwhile lets the function run again', async t => {
    const { store } = await openSubject(open, t)
    const stock = store.map<number>('stock')
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

  test('a transaction that meets others at each try is given up', async t => {
    const { store } = await openSubject(open, t)
    const stock = store.map<number>('stock')
    let value = 0
    const doomed = store.transaction(async tx => {
      await tx.map('stock').get('tea')
      await stock.set('tea', value++)
    })
    await assert.rejects(doomed, { code: 'STORE_CONFLICT' })
    assert.equal(value, 100)
  })

  test('messages are sent if it succeeds', async t => {
    const { store } = await openSubject(open, t)
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

  test('what would answer too late is refused, and so is a read of what was written', async t => {
    const { store } = await openSubject(open, t)
    const stock = store.map<number>('stock')
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

  test('what goes on after the end is refused, not lost', async t => {
    const { store } = await openSubject(open, t)
    const map = await store.transaction(tx => tx.map('stock'))
    await assert.rejects(map.set('tea', 1), { code: 'STORE_ARGUMENT_INVALID' })
  })

  test('a write whose value is refused refuses the whole, though nobody awaits it', async t => {
    const { store } = await openSubject(open, t)
    const refused = { code: 'STORE_VALUE_INVALID' }
    const writes: ((tx: Transaction) => unknown)[] = [
      tx => tx.map('bad').set('a', undefined),
      tx => tx.list('bad').push(1, new Date()),
      tx => tx.set('bad').add(Number.NaN),
      tx => tx.topic('bad').publish(undefined),
    ]
    for (const write of writes) {
      const mixed = store.transaction(tx => {
        tx.counter('before').increment()
        write(tx)
        tx.counter('after').increment()
      })
      await assert.rejects(mixed, refused)
    }
    const counted = store.transaction(tx => {
      tx.counter('before').increment()
      tx.counter('after').decrement(0.5)
    })
    await assert.rejects(counted, { code: 'STORE_ARGUMENT_INVALID' })
    assert.deepEqual([await store.counter('before').get(), await store.counter('after').get()], [0, 0])
  })

  test('whatever fails in it and is awaited by nobody refuses the whole', async t => {
    const { store } = await openSubject(open, t)
    const failing: ((tx: Store) => unknown)[] = [
      tx => tx.list('a').pop(),
      tx => tx.list('a').take(),
      tx => tx.map('a').take('x'),
      tx => tx.map('a').update('x', () => 1),
      tx => tx.map('a').get(''),
      tx => tx.counter('written').get(),
      tx => tx.set('a').pop(),
      tx => tx.sortedSet('a').popMin(),
    ]
    for (const fail of failing) {
      const mixed = store.transaction(tx => {
        tx.counter('written').increment()
        fail(tx as unknown as Store)
      })
      await assert.rejects(mixed, { code: /^STORE_(?:ARGUMENT|KEY)_INVALID$/ }, String(fail))
      const awaited = store.transaction(async tx => {
        tx.counter('written').increment()
        await fail(tx as unknown as Store)
      })
      await assert.rejects(awaited, { code: /^STORE_(?:ARGUMENT|KEY)_INVALID$/ }, String(fail))
    }
    assert.equal(await store.counter('written').get(), 0)
  })

  test('a read that fails, and that the function has looked at, is its own affair', async t => {
    const { store, engine } = await openSubject(open, t)
    await engine.call(['hset', '{s}m', 'a', 'no json'])
    await store.transaction(async tx => {
      const read = await tx
        .map('{s}m')
        .get('a')
        .catch(() => 'unreadable')
      const [other] = await Promise.allSettled([tx.map('{s}m').get('a')])
      tx.counter('{s}c').increment()
      assert.deepEqual([read, other.status], ['unreadable', 'rejected'])
    })
    assert.equal(await store.counter('{s}c').get(), 1)
  })

  test('a schema that answers later is waited for, though nobody awaits the write', async t => {
    const { store } = await openSubject(open, t)
    const validate = async (value: unknown) =>
      typeof value === 'number' ? { value } : { issues: [{ message: 'no number' }] }
    const schema = { '~standard': { version: 1, vendor: 'test', validate } } as const
    await store.transaction(tx => {
      tx.map<number>('m', { schema }).set('a', 1)
    })
    assert.equal(await store.map('m').get('a'), 1)
    const refused = store.transaction(tx => {
      tx.map<number>('m', { schema }).set('a', 'text' as never)
      tx.counter('c').increment()
    })
    await assert.rejects(refused, { code: 'STORE_VALUE_INVALID' })
    assert.deepEqual([await store.map('m').get('a'), await store.counter('c').get()], [1, 0])
  })
}
