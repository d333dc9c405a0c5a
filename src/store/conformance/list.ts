import assert from 'node:assert/strict'
import { test } from 'node:test'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

/** Elements in an order, as in an array. What blocks is in list-take.ts, and any mixture of calls in list-model.ts. */
export function listConformance(open: OpenEngine): void {
  test('values are pushed and popped at both ends, in the order that an array gives them', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<number>('l')
    assert.equal(await list.push(3, 4), 2)
    assert.equal(await list.unshift(1, 2), 4)
    assert.deepEqual([await list.push(), await list.unshift()], [4, 4])
    assert.deepEqual(await list.toArray(), [1, 2, 3, 4])
    assert.equal(await list.shift(), 1)
    assert.equal(await list.pop(), 4)
    assert.equal(await list.length(), 2)
    await list.clear()
    assert.deepEqual([await list.pop(), await list.shift(), await list.length()], [undefined, undefined, 0])
  })

  test('a list that is absent is one without elements, and one without elements is no key', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<number>('l')
    assert.deepEqual([await list.length(), await list.at(0), await list.slice()], [0, undefined, []])
    assert.deepEqual([await list.indexOf(1), await list.lastIndexOf(1), await list.includes(1)], [-1, -1, false])
    assert.deepEqual([await list.remove(1), await list.splice(0), await list.toArray()], [0, [], []])
    assert.deepEqual([await list.push(), await list.splice(3, 4)], [0, []])
    await list.clear()
    await list.reverse()
    await list.sort()
    assert.equal(await store.type('l'), 'none')
    await list.insert(5, 1)
    assert.equal(await store.type('l'), 'list')
    await list.splice(0)
    assert.equal(await store.type('l'), 'none')
    await list.push(1)
    await list.remove(1)
    assert.equal(await store.type('l'), 'none')
  })

  test('every value that a codec holds is an element like the others', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    const values = [0, '', false, null, [], {}, -0, 1e21, 'wörld 😀\0', '\ud800', [null], { '': [{}] }]
    await list.push(...values)
    assert.deepEqual(await list.slice(), values)
    assert.deepEqual(await listOf(list), values)
    for (const [i, value] of values.entries()) {
      assert.deepEqual(await list.at(i), value)
      assert.equal(await list.indexOf(value), i)
    }
    assert.equal(await list.remove(null), 1)
    for (const value of values.filter(value => value !== null)) assert.deepEqual(await list.shift(), value)
  })

  test('what the codec cannot hold is refused, and nothing is changed', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    await list.push('a')
    const refused = { code: 'STORE_VALUE_INVALID' }
    await assert.rejects(list.push('b', undefined), refused)
    await assert.rejects(list.unshift(undefined), refused)
    await assert.rejects(list.set(0, new Date()), refused)
    await assert.rejects(list.insert(0, Number.NaN), refused)
    await assert.rejects(list.splice(0, 1, undefined), refused)
    await assert.rejects(list.remove(undefined), refused)
    await assert.rejects(list.indexOf(undefined), refused)
    await assert.rejects(list.lastIndexOf(undefined), refused)
    await assert.rejects(list.includes(undefined), refused)
    assert.deepEqual(await list.slice(), ['a'])
  })

  test('an index counts from the end below 0; an element that is absent cannot be set', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const absent = { code: 'STORE_ARGUMENT_INVALID' }
    await assert.rejects(list.set(0, 'x'), absent)
    await list.push('a', 'b', 'c')
    assert.deepEqual([await list.at(-0), await list.at(-1), await list.at(-3)], ['a', 'c', 'a'])
    assert.deepEqual([await list.at(3), await list.at(-4)], [undefined, undefined])
    const [max, min] = [Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER]
    assert.deepEqual([await list.at(max), await list.at(min)], [undefined, undefined])
    assert.deepEqual(await list.slice(min, max), ['a', 'b', 'c'])
    assert.deepEqual([await list.slice(0, min), await list.slice(max), await list.slice(0, -0)], [[], [], []])
    assert.deepEqual(await list.splice(max, max), [])
    assert.deepEqual(await list.splice(0, min), [])
    await list.set(-1, 'z')
    await list.set(0, 'y')
    assert.deepEqual(await list.slice(), ['y', 'b', 'z'])
    for (const index of [3, -4, max]) await assert.rejects(list.set(index, 'x'), absent)
  })

  test('an index and a count are whole numbers', async t => {
    const { store, engine } = await openSubject(open, t)
    const list = store.list<string>('l')
    await list.push('a')
    for (const wrong of [0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53, '0', null] as number[]) {
      const refused = { code: 'STORE_ARGUMENT_INVALID' }
      await assert.rejects(list.at(wrong), refused)
      await assert.rejects(list.set(wrong, 'x'), refused)
      await assert.rejects(list.slice(wrong), refused)
      await assert.rejects(list.slice(0, wrong), refused)
      await assert.rejects(list.splice(wrong), refused)
      await assert.rejects(list.splice(0, wrong), refused)
      await assert.rejects(list.insert(wrong, 'x'), refused)
      await assert.rejects(list.remove('a', wrong), refused)
      if (engine.canReadNow) assert.throws(() => list.peekAt(wrong), refused)
    }
    assert.deepEqual(await list.slice(), ['a'])
  })

  test('a slice and a splice are those of arrays', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<number>('l')
    const array = [0, 1, 2, 3, 4, 5]
    await list.push(...array)
    assert.deepEqual(await list.slice(-2), [4, 5])
    assert.deepEqual(await list.slice(1, -1), [1, 2, 3, 4])
    assert.deepEqual([await list.slice(4, 2), await list.slice(9), await list.slice(-9, 1)], [[], [], [0]])
    assert.deepEqual(await list.splice(1, 2, 10, 11, 12), array.splice(1, 2, 10, 11, 12))
    assert.deepEqual(await list.splice(-1, 1), array.splice(-1, 1))
    assert.deepEqual(await list.splice(2, 0, 20), array.splice(2, 0, 20))
    assert.deepEqual(await list.splice(0, -1, 30), array.splice(0, -1, 30))
    assert.deepEqual(await list.slice(), array)
    await list.insert(-1, 40, 41)
    await list.insert(99, 50)
    array.splice(-1, 0, 40, 41)
    array.push(50)
    await list.insert(0)
    assert.deepEqual(await list.slice(), array)
    assert.deepEqual(await list.splice(3), array.splice(3))
  })

  test('values are found and removed by what they hold', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    await list.push({ a: 1 }, 'x', { a: 1 }, '1', 1, 'x', 'x')
    assert.equal(await list.indexOf({ a: 1 }), 0)
    assert.equal(await list.lastIndexOf({ a: 1 }), 2)
    assert.deepEqual([await list.indexOf(1), await list.indexOf('1')], [4, 3])
    assert.deepEqual([await list.includes('x'), await list.includes('none')], [true, false])
    assert.equal(await list.remove({ a: 1 }, -1), 1)
    assert.equal(await list.remove('x', 2), 2)
    assert.deepEqual(await list.slice(), [{ a: 1 }, '1', 1, 'x'])
    assert.equal(await list.remove({ a: 1 }), 1)
    assert.equal(await list.remove('x', -5), 1)
    assert.equal(await list.remove('none'), 0)
    assert.deepEqual(await list.slice(), ['1', 1])
  })

  test('numbers are sorted by their value and before texts, which go by their bytes', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    await list.push(10, 'b', 9, 'a', -1.5, 'ä', 1e21, 'B', 5e-324)
    await list.sort()
    assert.deepEqual(await list.slice(), [-1.5, 5e-324, 9, 10, 1e21, 'B', 'a', 'b', 'ä'])
    await list.sort({ descending: true })
    assert.deepEqual(await list.slice(), ['ä', 'b', 'a', 'B', 1e21, 10, 9, 5e-324, -1.5])
    await list.reverse()
    assert.equal(await list.at(0), -1.5)
    await list.sort({ numeric: false })
    assert.deepEqual(await list.slice(), ['B', 'a', 'b', 'ä', -1.5, 10, 1e21, 5e-324, 9])
    const bytes = store.list<Uint8Array>('bytes', { codec: 'bytes' })
    await bytes.push(...['9', '10', '-1'].map(text => Buffer.from(text)))
    await bytes.sort()
    assert.deepEqual((await bytes.slice()).map(String), ['-1', '10', '9'])
  })

  test('calls that are not awaited are carried out in their order', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    const replies = [list.push(1), list.push(2), list.splice(1, 1, 'two'), list.shift(), list.slice(), list.includes(1)]
    assert.deepEqual(await Promise.all(replies), [1, 2, [2], 1, ['two'], false])
    const numbers = Array.from({ length: 500 }, (_, i) => i)
    await list.clear()
    await Promise.all(numbers.map(i => list.push(i)))
    assert.deepEqual(await list.slice(), numbers)
    assert.deepEqual(await Promise.all(numbers.map(() => list.shift())), numbers)
  })

  test('what two processes push at once is all there, each in its order, and what both pop comes once', async t => {
    const { store, other } = await openSubject(open, t)
    const lists = [store.list<string>('l'), other().list<string>('l')]
    const numbers = Array.from({ length: 200 }, (_, i) => i)
    await Promise.all(lists.flatMap((list, who) => numbers.map(i => list.push(`${who}-${i}`))))
    const all = await store.list<string>('l').slice()
    for (const who of [0, 1]) {
      assert.deepEqual(
        all.filter(value => value.startsWith(`${who}-`)),
        numbers.map(i => `${who}-${i}`),
      )
    }
    const popped = await Promise.all(lists.flatMap(list => numbers.map(() => list.shift())))
    assert.deepEqual(popped.toSorted(), all.toSorted())
  })

  test('iteration sees what was there all the time, whatever is pushed and popped meanwhile', async t => {
    const { store, differs } = await openSubject(open, t)
    const list = store.list<unknown>('l')
    const numbers = Array.from({ length: 1500 }, (_, i) => i)
    await list.push(...numbers)
    const seen: unknown[] = []
    for await (const value of list) {
      seen.push(value)
      if (value !== 100) continue
      await list.shift()
      await list.unshift('new')
      await list.splice(700, 1)
      await list.push('last')
    }
    const changed = [...numbers.filter(i => i !== 700), 'last']
    assert.deepEqual(seen, differs('lists are copied') ? numbers : changed)
  })

  test('an element may be very long', async t => {
    const { store } = await openSubject(open, t)
    const list = store.list<string>('l')
    const long = 'ä'.repeat(1_000_000)
    await list.push('a', long, 'b')
    assert.ok((await list.at(1)) === long)
    assert.equal(await list.indexOf(long), 1)
    assert.ok((await list.splice(1, 1))[0] === long)
    assert.deepEqual(await list.slice(), ['a', 'b'])
  })

  test('an element above the limit is refused, with all that come with it', async t => {
    const { store } = await openSubject(open, t, { valueBytesMax: 1000 })
    const list = store.list<string>('l')
    await list.push('x'.repeat(998))
    const tooLarge = { code: 'STORE_VALUE_TOO_LARGE' }
    await assert.rejects(list.push('a', 'x'.repeat(999)), tooLarge)
    await assert.rejects(list.set(0, 'x'.repeat(999)), tooLarge)
    await assert.rejects(list.insert(0, 'x'.repeat(999)), tooLarge)
    assert.equal(await list.length(), 1)
    assert.equal((await list.at(0))?.length, 998)
  })

  test('a key that holds something else is refused, and stays as it is', async t => {
    const { store, engine } = await openSubject(open, t)
    await store.counter('l').increment(7)
    const list = store.list<number>('l')
    const wrongType = { code: 'STORE_WRONG_TYPE' }
    await assert.rejects(list.push(1), wrongType)
    await assert.rejects(list.unshift(1), wrongType)
    await assert.rejects(list.pop(), wrongType)
    await assert.rejects(list.shift(), wrongType)
    await assert.rejects(list.at(0), wrongType)
    await assert.rejects(list.set(0, 1), wrongType)
    await assert.rejects(list.slice(), wrongType)
    await assert.rejects(list.splice(0), wrongType)
    await assert.rejects(list.insert(0, 1), wrongType)
    await assert.rejects(list.remove(1), wrongType)
    await assert.rejects(list.indexOf(1), wrongType)
    await assert.rejects(list.length(), wrongType)
    await assert.rejects(list.reverse(), wrongType)
    await assert.rejects(list.sort(), wrongType)
    await assert.rejects(list.toArray(), wrongType)
    await assert.rejects(list.take(), wrongType)
    if (engine.canReadNow) assert.throws(() => list.peekAt(0), wrongType)
    assert.equal(await store.counter('l').get(), 7)
  })

  test('peekAt sees what was awaited', async t => {
    const { store, engine } = await openSubject(open, t)
    const list = store.list<string>('l')
    if (!engine.canReadNow) {
      assert.throws(() => list.peekAt(0), { code: 'STORE_UNSUPPORTED' })
      return
    }
    assert.equal(list.peekAt(0), undefined)
    await list.push('a', 'b')
    assert.deepEqual([list.peekAt(0), list.peekAt(-1), list.peekAt(2)], ['a', 'b', undefined])
    await list.insert(1, 'between')
    assert.deepEqual([list.peekAt(1), list.peekAt(-1)], ['between', 'b'])
  })
}
