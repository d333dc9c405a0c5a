import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { StoreSet } from '../structures/set.ts'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

/** Values without order, each once. */
export function setConformance(open: OpenEngine): void {
  test('a set holds values of all kinds, each once', async t => {
    const { store } = await openSubject(open, t)
    const set = store.set<unknown>('s')
    const values = [0, -0, '', '0', false, null, [], {}, [null], { a: [1] }, 1e21, 'é', 'e\u0301', '😀\0', '\ud800']
    assert.equal(await set.add(...values, '', null, 0), values.length)
    assert.deepEqual([await set.add(), await set.add({ a: [1] }), await set.add({ a: [2] })], [0, 0, 1])
    for (const value of values) assert.equal(await set.has(value), true)
    assert.equal(await set.has('no'), false)
    assert.deepEqual(await set.hasMany([false, 3, '', null]), [true, false, true, true])
    assert.deepEqual(await set.hasMany([]), [])
    assert.equal(await set.size(), values.length + 1)
    assert.deepEqual(textsOf(await listOf(set)), textsOf([...values, { a: [2] }]))
    assert.deepEqual(textsOf(await listOf(set.values())), textsOf([...values, { a: [2] }]))
    assert.equal(await set.delete('', 'absent', 0, 0), 2)
    assert.deepEqual([await set.has(0), await set.has(-0), await set.delete()], [false, true, 0])
    await set.clear()
    assert.deepEqual([await set.size(), await listOf(set)], [0, []])
  })

  test('a set that is absent is one without values, and one without values is no key', async t => {
    const { store } = await openSubject(open, t)
    const set = store.set('s')
    assert.deepEqual([await set.has(1), await set.hasMany([1]), await set.size()], [false, [false], 0])
    assert.deepEqual([await set.pop(), await set.popMany(3), await set.delete(1)], [undefined, [], 0])
    assert.deepEqual([await set.move(1, '{s}other'), await set.union(), await set.difference('x')], [false, [], []])
    assert.deepEqual([await set.add(), await set.addMany([])], [0, 0])
    await set.clear()
    assert.equal(await store.type('s'), 'none')
    await set.add(1)
    assert.equal(await store.type('s'), 'set')
    await set.delete(1)
    assert.equal(await store.type('s'), 'none')
    await set.add(1)
    await set.pop()
    assert.equal(await store.type('s'), 'none')
  })

  test('what the codec cannot hold is refused, and nothing is added', async t => {
    const { store, engine } = await openSubject(open, t)
    const set = store.set<unknown>('s')
    const refused = { code: 'STORE_VALUE_INVALID' }
    await assert.rejects(set.add('a', undefined), refused)
    await assert.rejects(set.addMany(['a', new Date()]), refused)
    await assert.rejects(set.has(Number.NaN), refused)
    await assert.rejects(set.hasMany(['a', undefined]), refused)
    await assert.rejects(set.delete(undefined), refused)
    await assert.rejects(set.move(undefined, 'b'), refused)
    if (engine.canReadNow) assert.throws(() => set.peekHas(undefined), refused)
    assert.equal(await set.size(), 0)
  })

  test('a value above the limit is refused, with all that come with it', async t => {
    const { store } = await openSubject(open, t, { valueBytesMax: 1000 })
    const set = store.set<string>('s')
    await assert.rejects(set.add('a', 'x'.repeat(999)), { code: 'STORE_VALUE_TOO_LARGE' })
    assert.equal(await set.add('x'.repeat(998)), 1)
    assert.equal(await set.size(), 1)
  })

  test('a value may be very long', async t => {
    const { store } = await openSubject(open, t)
    const set = store.set<string>('s')
    const long = 'ä'.repeat(500_000)
    assert.deepEqual([await set.add(long), await set.add(long), await set.has(long)], [1, 0, true])
    assert.equal(await set.has(`${long}a`), false)
    assert.ok((await set.pop()) === long)
  })

  test('calls that are not awaited are carried out in their order', async t => {
    const { store } = await openSubject(open, t)
    const set = store.set<string>('s')
    const replies = [set.add('a'), set.has('a'), set.delete('a'), set.has('a'), set.addMany(['a', 'b']), set.size()]
    assert.deepEqual(await Promise.all(replies), [1, true, 1, false, 2, 2])
  })

  test('of all who add the same at once, in two processes, one hears that it is new', async t => {
    const { store, other } = await openSubject(open, t)
    const sets = [store.set<number>('s'), other().set<number>('s')]
    const counts = await Promise.all(Array.from({ length: 100 }, (_, i) => (sets[i % 2] ?? assert.fail()).add(i >> 2)))
    assert.equal(
      counts.reduce((sum, count) => sum + count),
      25,
    )
    assert.equal(await store.set('s').size(), 25)
  })

  test('of several that pop at once each gets another value', async t => {
    const { store, other } = await openSubject(open, t)
    const set = store.set<number>('s')
    await set.add(1, 2, 3)
    const others = other().set<number>('s')
    const popped = await Promise.all([set.pop(), others.pop(), set.pop(), others.pop()])
    assert.deepEqual(popped.toSorted(), [1, 2, 3, undefined])
    await set.add(...Array.from({ length: 10 }, (_, i) => i))
    assert.equal((await set.popMany(4)).length, 4)
    assert.deepEqual(await set.popMany(0), [])
    assert.equal((await set.popMany(1000)).length, 6)
    assert.deepEqual(await set.popMany(3), [])
    for (const count of [-1, 0.5, 1001, Number.NaN, '1' as never]) {
      await assert.rejects(set.popMany(count), { code: 'STORE_ARGUMENT_INVALID' })
    }
  })

  test('a value moves to the set of another name, at one moment', async t => {
    const { store } = await openSubject(open, t)
    const [set, done] = [store.set<string>('{s}'), store.set<string>('{s}done')]
    await set.add('a', 'b')
    const moved = [set.move('a', '{s}done'), set.has('a'), done.has('a'), set.move('a', '{s}done')]
    assert.deepEqual(await Promise.all(moved), [true, false, true, false])
    await done.add('b')
    assert.deepEqual([await set.move('b', '{s}done'), await done.size(), await store.type('{s}')], [true, 2, 'none'])
    assert.deepEqual([await done.move('a', '{s}done'), await done.size()], [true, 2])
    await assert.rejects(done.move('a', ''), { code: 'STORE_KEY_INVALID' })
    await store.counter('{s}c').increment()
    await assert.rejects(done.move('a', '{s}c'), { code: 'STORE_WRONG_TYPE' })
    assert.equal(await done.has('a'), true)
  })

  test('union, intersection and difference are those of JavaScript', async t => {
    const { store, runs } = await openSubject(open, t)
    const numbers = fc.uniqueArray(fc.integer({ min: 0, max: 40 }))
    let run = 0
    const property = fc.asyncProperty(numbers, numbers, numbers, async (first, second, third) => {
      const [a, b, c] = ['a', 'b', 'c'].map(name => `${name}${run}`) as [string, string, string]
      run++
      await store.set(a).addMany(first)
      await store.set(b).addMany(second)
      await store.set(c).addMany(third)
      const [one, two, three] = [new Set<unknown>(first), new Set<unknown>(second), new Set<unknown>(third)]
      const set = store.set<unknown>(a)
      assert.deepEqual(new Set(await set.union(b, c)), one.union(two).union(three))
      assert.deepEqual(new Set(await set.intersection(b, c)), one.intersection(two).intersection(three))
      assert.deepEqual(new Set(await set.difference(b, c)), one.difference(two).difference(three))
      assert.deepEqual(new Set(await set.difference('absent')), one)
      assert.deepEqual([await set.intersection('absent'), await set.difference(a)], [[], []])
      assert.equal((await set.union(a, a)).length, one.size)
    })
    await fc.assert(property, { numRuns: Math.ceil(runs / 4) })
  })

  test('large sets are iterated and combined page by page, whatever is removed meanwhile', async t => {
    const { store } = await openSubject(open, t)
    const set = store.set<number>('s')
    const numbers = Array.from({ length: 1600 }, (_, i) => i)
    assert.equal(await set.addMany([...numbers, 1, 2]), 1600)
    await store.set('odd').addMany(numbers.slice(0, 800).map(i => 2 * i + 1))
    assert.deepEqual(new Set(await set.union('odd')), new Set(numbers))
    assert.deepEqual(new Set(await set.intersection('odd')), new Set(numbers.filter(i => i % 2 === 1)))
    assert.deepEqual(new Set(await set.difference('odd')), new Set(numbers.filter(i => i % 2 === 0)))
    const seen: number[] = []
    for await (const value of set) {
      seen.push(value)
      // Others go, and new ones come, while it goes on.
      if (seen.length % 100 !== 0) continue
      await set.delete(...seen.filter(i => i % 2 === 0))
      await set.add(10_000 + seen.length)
    }
    const constant = numbers.filter(i => i % 2 === 1)
    assert.equal(new Set(seen).size, seen.length)
    assert.deepEqual(
      numbers.filter(i => !seen.includes(i)),
      [],
    )
    assert.ok((await set.hasMany(constant)).every(Boolean))
  })

  test('a set does what a Set does', async t => {
    const { store, runs } = await openSubject(open, t)
    const value = fc.oneof(fc.nat(6), fc.constantFrom<unknown>('', 'a', '0', false, null))
    type Act = (set: StoreSet<unknown>, model: Set<unknown>) => Promise<[unknown, unknown]>
    const act = fc.oneof(
      fc.array(value, { maxLength: 4 }).map(
        (values): Act =>
          async (set, model) => {
            const before = model.size
            for (const one of values) model.add(one)
            return [await set.add(...values), model.size - before]
          },
      ),
      fc.array(value, { maxLength: 3 }).map(
        (values): Act =>
          async (set, model) => {
            const gone = values.filter(one => model.delete(one)).length
            return [await set.delete(...values), gone]
          },
      ),
      value.map(
        (one): Act =>
          async (set, model) => [await set.has(one), model.has(one)],
      ),
      fc.constant<Act>(async (set, model) => {
        const popped = await set.pop()
        return [popped !== undefined, popped !== undefined && model.delete(popped)]
      }),
      fc.nat(3).map(
        (count): Act =>
          async (set, model) => {
            const popped = await set.popMany(count)
            const expected = Math.min(count, model.size)
            return [popped.filter(one => model.delete(one)).length, expected]
          },
      ),
      fc.constant<Act>(async (set, model) => [await set.clear(), model.clear()]),
    )
    let run = 0
    const property = fc.asyncProperty(fc.array(act, { maxLength: 25 }), async acts => {
      const [set, model] = [store.set<unknown>(`s${run++}`), new Set<unknown>()]
      for (const one of acts) {
        const [got, expected] = await one(set, model)
        assert.deepEqual(got, expected)
        assert.deepEqual(new Set(await listOf(set)), model)
        assert.equal(await set.size(), model.size)
      }
    })
    await fc.assert(property, { numRuns: runs })
  })

  test('a key that holds something else is refused, and stays as it is', async t => {
    const { store, engine } = await openSubject(open, t)
    await store.counter('s').increment(7)
    const set = store.set<number>('s')
    const wrongType = { code: 'STORE_WRONG_TYPE' }
    await assert.rejects(set.add(1), wrongType)
    await assert.rejects(set.addMany([1]), wrongType)
    await assert.rejects(set.delete(1), wrongType)
    await assert.rejects(set.has(1), wrongType)
    await assert.rejects(set.hasMany([1]), wrongType)
    await assert.rejects(set.pop(), wrongType)
    await assert.rejects(set.popMany(1), wrongType)
    await assert.rejects(set.move(1, '{s}x'), wrongType)
    await assert.rejects(set.size(), wrongType)
    await assert.rejects(listOf(set), wrongType)
    await assert.rejects(set.union(), wrongType)
    await assert.rejects(store.set('x').intersection('s'), wrongType)
    await assert.rejects(store.set('x').union('s'), wrongType)
    await assert.rejects(store.set('x').difference(''), { code: 'STORE_KEY_INVALID' })
    if (engine.canReadNow) assert.throws(() => set.peekHas(1), wrongType)
    assert.equal(await store.counter('s').get(), 7)
  })

  test('peekHas sees what was awaited', async t => {
    const { store, engine } = await openSubject(open, t)
    const set = store.set<string>('s')
    if (!engine.canReadNow) {
      assert.throws(() => set.peekHas('a'), { code: 'STORE_UNSUPPORTED' })
      return
    }
    assert.equal(set.peekHas('a'), false)
    await set.add('a')
    assert.equal(set.peekHas('a'), true)
    await set.delete('a')
    assert.equal(set.peekHas('a'), false)
  })
}

/** In an order, and with -0 told from 0. */
function textsOf(values: readonly unknown[]): string[] {
  return values.map(value => (Object.is(value, -0) ? '-0' : JSON.stringify(value))).toSorted()
}
