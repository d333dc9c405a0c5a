import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

const max = Number.MAX_SAFE_INTEGER

/** Whole numbers that all count. */
export function counterConformance(open: OpenEngine): void {
  test('counts up and down from 0', async t => {
    const { store } = await openSubject(open, t)
    const counter = store.counter('c')
    assert.equal(await counter.get(), 0)
    assert.equal(await counter.increment(), 1)
    assert.equal(await counter.increment(10), 11)
    assert.equal(await counter.decrement(), 10)
    assert.equal(await counter.decrement(15), -5)
    assert.equal(await counter.increment(0), -5)
    await counter.set(7)
    assert.equal(await counter.get(), 7)
    assert.equal(await counter.delete(), true)
    assert.equal(await counter.delete(), false)
    assert.equal(await counter.get(), 0)
  })

  test('no two who count at once get the same', async t => {
    const { store } = await openSubject(open, t)
    const counts = Array.from({ length: 200 }, (_, i) => i + 1)
    const got = await Promise.all(counts.map(() => store.counter('c').increment()))
    assert.deepEqual(got, counts)
  })

  test('the range is that of whole numbers, and its ends are not passed', async t => {
    const { store } = await openSubject(open, t)
    const counter = store.counter('c')
    await counter.set(max)
    await assert.rejects(counter.increment(), { code: 'STORE_NOT_A_NUMBER' })
    assert.equal(await counter.get(), max)
    await counter.set(-max)
    await assert.rejects(counter.decrement(), { code: 'STORE_NOT_A_NUMBER' })
    assert.equal(await counter.get(), -max)
    for (const wrong of [0.5, Number.NaN, max + 1, '1' as never]) {
      await assert.rejects(counter.increment(wrong), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(counter.decrement(wrong), { code: 'STORE_ARGUMENT_INVALID' })
      await assert.rejects(counter.set(wrong), { code: 'STORE_ARGUMENT_INVALID' })
    }
  })

  test('a time to live counts from the first increment', async t => {
    const { engine, store, pass } = await openSubject(open, t)
    const counter = store.counter('c')
    await counter.increment(1, { ttl: '1h' })
    assert.equal(await counter.increment(1, { ttl: '2h' }), 2)
    const left = (await engine.call(['pttl', 'c'])) as number
    assert.ok(left > 0 && left <= 3_600_000, String(left))
    await counter.delete()
    await counter.increment(1, { ttl: '60ms' })
    await pass(60)
    assert.equal(await counter.get(), 0)
    assert.equal(await counter.increment(1, { ttl: '1h' }), 1)
    await counter.set(5)
    await pass(60)
    assert.equal(await counter.get(), 5)
    await counter.set(6, { ttl: '60ms' })
    await pass(60)
    assert.equal(await counter.get(), 0)
  })

  test('peek sees what was awaited', async t => {
    const { store, engine } = await openSubject(open, t)
    const counter = store.counter('c')
    if (!engine.canReadNow) {
      assert.throws(() => counter.peek(), { code: 'STORE_UNSUPPORTED' })
      return
    }
    assert.equal(counter.peek(), 0)
    await counter.increment(3)
    assert.equal(counter.peek(), 3)
  })
}
