import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryEngine } from '../engines/memory.ts'
import { Store } from '../store.ts'
import type { StoreSet } from './set.ts'

function open() {
  const store = new Store(new MemoryEngine())
  return { store, set: store.set<unknown>('tags') }
}

async function all(set: StoreSet<unknown>): Promise<unknown[]> {
  return Array.fromAsync(set)
}

test('a set holds values of all kinds, each once', async () => {
  const { set } = open()
  assert.equal(await set.add('a', 1, '1', { a: [1] }, null, '', false, 'a'), 7)
  assert.equal(await set.add(), 0)
  assert.equal(await set.add({ a: [1] }, 2), 1)
  assert.equal(await set.has('1'), true)
  assert.equal(await set.has({ a: [2] }), false)
  assert.equal(set.peekHas(null), true)
  assert.equal(set.peekHas(true), false)
  assert.deepEqual(await set.hasMany([1, 3, false]), [true, false, true])
  assert.deepEqual(await set.hasMany([]), [])
  assert.equal(await set.size(), 8)
  assert.equal(await set.delete('a', 'b', 1), 2)
  assert.deepEqual(
    new Set((await all(set)).map(value => JSON.stringify(value))),
    new Set(['"1"', '{"a":[1]}', 'null', '""', 'false', '2']),
  )
  await set.clear()
  assert.equal(await set.size(), 0)
  assert.deepEqual(await all(set), [])
})

test('what the codec cannot hold is refused, and nothing is added', async () => {
  const { set } = open()
  await assert.rejects(set.add('a', undefined), { code: 'STORE_VALUE_INVALID' })
  await assert.rejects(set.has(Number.NaN), { code: 'STORE_VALUE_INVALID' })
  await assert.rejects(set.addMany(['a', new Date()]), { code: 'STORE_VALUE_INVALID' })
  assert.equal(await set.size(), 0)
})

test('calls that are not awaited are carried out in their order', async () => {
  const { set } = open()
  const replies = [set.add('a'), set.has('a'), set.delete('a'), set.has('a'), set.addMany(['a', 'b']), set.size()]
  assert.deepEqual(await Promise.all(replies), [1, true, 1, false, 2, 2])
})

test('iteration goes through more than a page, and through what is removed under its feet', async () => {
  const { set } = open()
  const numbers = Array.from({ length: 1300 }, (_, i) => i)
  assert.equal(await set.addMany(numbers), 1300)
  assert.deepEqual(new Set(await all(set)), new Set(numbers))
  const seen: unknown[] = []
  for await (const value of set) {
    seen.push(value)
    await set.delete(value)
  }
  assert.equal(seen.length, 1300)
  assert.equal(await set.size(), 0)
})

test('of several that pop at once each gets another value', async () => {
  const { set } = open()
  await set.add(1, 2, 3)
  const popped = await Promise.all([set.pop(), set.pop(), set.pop(), set.pop()])
  assert.deepEqual(popped.toSorted(), [1, 2, 3, undefined])
  await set.add(...Array.from({ length: 10 }, (_, i) => i))
  assert.equal((await set.popMany(4)).length, 4)
  assert.equal((await set.popMany(1000)).length, 6)
  assert.deepEqual(await set.popMany(3), [])
  for (const count of [-1, 0.5, 1001]) await assert.rejects(set.popMany(count), { code: 'STORE_ARGUMENT_INVALID' })
})

test('a value moves to the set of another name', async () => {
  const { store, set } = open()
  await set.add('a')
  assert.equal(await set.move('a', 'done'), true)
  assert.equal(await set.move('a', 'done'), false)
  assert.equal(await store.set('done').has('a'), true)
  await assert.rejects(set.move('a', ''), { code: 'STORE_KEY_INVALID' })
})

test('union, intersection and difference are those of JavaScript', async () => {
  const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 40 }))
  await fc.assert(
    fc.asyncProperty(numbers, numbers, numbers, async (first, second, third) => {
      const { store, set } = open()
      await set.addMany(first)
      await store.set('second').addMany(second)
      await store.set('third').addMany(third)
      const [one, two, three] = [new Set<unknown>(first), new Set<unknown>(second), new Set<unknown>(third)]
      assert.deepEqual(new Set(await set.union('second', 'third')), one.union(two).union(three))
      assert.deepEqual(new Set(await set.intersection('second', 'third')), one.intersection(two).intersection(three))
      assert.deepEqual(new Set(await set.difference('second', 'third')), one.difference(two).difference(three))
      assert.deepEqual(new Set(await set.difference('absent')), one)
      assert.deepEqual(await set.intersection('absent'), [])
    }),
    { numRuns: 40 },
  )
})

test('large sets are combined page by page', async () => {
  const { store, set } = open()
  await set.addMany(Array.from({ length: 1600 }, (_, i) => i))
  await store.set('odd').addMany(Array.from({ length: 800 }, (_, i) => 2 * i + 1))
  assert.equal((await set.union('odd')).length, 1600)
  assert.equal((await set.intersection('odd')).length, 800)
  assert.equal((await set.difference('odd')).length, 800)
})
