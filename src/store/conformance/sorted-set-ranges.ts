import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import type { AddOptions, RangeOptions, ScoreBounds, SortedSet } from '../structures/sorted-set.ts'
import { listOf, type OpenEngine, openSubject } from './setup.ts'

type Row = [member: string, score: number]

const rows = fc.uniqueArray(fc.tuple(fc.nat(99).map(String), fc.integer({ min: -4, max: 4 })), {
  selector: ([member]) => member,
  maxLength: 60,
})
const exclusive = fc.constantFrom('min' as const, 'max' as const, 'both' as const)
const position = { offset: fc.nat(20), limit: fc.nat(20), reverse: fc.boolean() }
const bound = fc.oneof(fc.integer({ min: -5, max: 5 }), fc.constantFrom(Infinity, -Infinity))
const scoreRange = fc.record({ min: bound, max: bound, exclusive, ...position }, { requiredKeys: [] })
const text = fc.string({ minLength: 1, maxLength: 3, unit: fc.constantFrom('a', 'b', '\0', 'ÿ', '😀', '\uffff') })
const lexRange = fc.record({ min: text, max: text, exclusive, ...position }, { requiredKeys: [] })

/** Ranks and ranges, which are those of a sorted array. */
export function sortedSetRangeConformance(open: OpenEngine): void {
  test('ranks and ranges count from either end', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    await board.addMany([
      ['c', 3],
      ['a', 1],
      ['b', 2],
      ['b2', 2],
    ])
    assert.deepEqual([await board.rank('a'), await board.rank('b2'), await board.rank('x')], [0, 2, undefined])
    assert.equal(await board.rank('c', { reverse: true }), 0)
    assert.equal(await board.rank('x', { reverse: true }), undefined)
    assert.deepEqual(await board.range({ limit: 2, reverse: true }), [
      ['c', 3],
      ['b2', 2],
    ])
    assert.deepEqual([await board.range({ offset: 3 }), await board.range({ offset: 4 })], [[['c', 3]], []])
    assert.deepEqual([await board.range({ limit: 0 }), await board.range({ offset: 9, limit: 1 })], [[], []])
    assert.deepEqual(await board.rangeByScore({ min: 2, limit: 2 }), [
      ['b', 2],
      ['b2', 2],
    ])
    assert.deepEqual(await board.rangeByScore({ min: 3, max: 1 }), [])
    assert.deepEqual(await board.rangeByScore({ min: 2, max: 2, exclusive: 'min' }), [])
    assert.deepEqual([await board.count({ max: 2, exclusive: 'max' }), await board.count()], [1, 4])
  })

  test('unfit bounds are refused', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    await board.add('a', 1)
    const refused = { code: 'STORE_ARGUMENT_INVALID' }
    for (const wrong of [-1, 0.5, Number.NaN, Infinity, '1', null] as number[]) {
      for (const options of [{ offset: wrong }, { limit: wrong }]) {
        await assert.rejects(board.range(options), refused)
        await assert.rejects(board.rangeByScore(options), refused)
        await assert.rejects(board.rangeByLex(options), refused)
      }
    }
    for (const wrong of [Number.NaN, '1', null] as number[]) {
      for (const bounds of [{ min: wrong }, { max: wrong }]) {
        await assert.rejects(board.rangeByScore(bounds), refused)
        await assert.rejects(board.count(bounds), refused)
        await assert.rejects(board.deleteByScore(bounds), refused)
      }
    }
    for (const wrong of [1, null, '\ud800'] as string[]) {
      await assert.rejects(board.rangeByLex({ min: wrong }), refused)
      await assert.rejects(board.rangeByLex({ max: wrong }), refused)
    }
    for (const wrong of ['mim', true, null] as never[]) {
      await assert.rejects(board.rangeByScore({ exclusive: wrong }), refused)
      await assert.rejects(board.rangeByLex({ exclusive: wrong }), refused)
      await assert.rejects(board.count({ exclusive: wrong }), refused)
      await assert.rejects(board.deleteByScore({ exclusive: wrong }), refused)
    }
    assert.equal(await board.size(), 1)
  })

  test('ranges by score are those of a sorted array', async t => {
    const { store, runs } = await openSubject(open, t)
    let run = 0
    const property = fc.asyncProperty(rows, scoreRange, async (entries, options) => {
      const board = store.sortedSet(`z${run++}`)
      await board.addMany(entries)
      const { inside, slice } = expectedRange(entries, options)
      assert.deepEqual(await board.rangeByScore(options), slice)
      assert.equal(await board.count(options), inside.length)
      assert.equal(await board.deleteByScore(options), inside.length)
      assert.equal(await board.size(), entries.length - inside.length)
    })
    await fc.assert(property, { numRuns: runs })
  })

  test('ranges by text are those of a sorted array', async t => {
    const { store, runs } = await openSubject(open, t)
    let run = 0
    const property = fc.asyncProperty(fc.uniqueArray(text), lexRange, async (members, options) => {
      const board = store.sortedSet(`z${run++}`)
      await board.addMany(members.map(member => [member, 5]))
      const { min, max, exclusive, offset = 0, limit, reverse } = options
      const [isMinOut, isMaxOut] = [
        exclusive === 'min' || exclusive === 'both',
        exclusive === 'max' || exclusive === 'both',
      ]
      const inside = members
        .filter(one => min === undefined || (isMinOut ? compare(one, min) > 0 : compare(one, min) >= 0))
        .filter(one => max === undefined || (isMaxOut ? compare(one, max) < 0 : compare(one, max) <= 0))
        .toSorted(compare)
      const ordered = reverse ? inside.toReversed() : inside
      const slice = ordered.slice(offset, limit === undefined ? undefined : offset + limit)
      assert.deepEqual(await board.rangeByLex(options), slice)
    })
    await fc.assert(property, { numRuns: runs })
  })

  test('a sorted set does what a sorted array does', async t => {
    const { store, runs } = await openSubject(open, t)
    let run = 0
    const property = fc.asyncProperty(fc.array(act, { maxLength: 30 }), async acts => {
      const [board, model] = [store.sortedSet(`z${run++}`), new Map<string, number>()]
      for (const one of acts) {
        const [got, expected] = await one(board, model)
        assert.deepEqual(got, expected)
        const sorted = sortedRows([...model])
        assert.deepEqual(await board.range(), sorted)
        assert.equal(await board.size(), sorted.length)
      }
    })
    await fc.assert(property, { numRuns: runs })
  })

  test('ranges, iteration and deletion go through more than a page', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const entries = Array.from({ length: 2600 }, (_, i): Row => [`m${i}`, i % 40])
    assert.equal(await board.addMany(entries), 2600)
    const all = sortedRows(entries)
    assert.deepEqual(await listOf(board), all)
    assert.deepEqual(await listOf(board.entries({ reverse: true })), all.toReversed())
    assert.deepEqual(await board.range({ offset: 100 }), all.slice(100))
    assert.deepEqual(await board.range({ offset: 7, limit: 1200, reverse: true }), all.toReversed().slice(7, 1207))
    assert.equal(
      await board.rank('m2599'),
      all.findIndex(([member]) => member === 'm2599'),
    )
    for (const reverse of [false, true]) {
      for (const exclusive of ['min', 'max', 'both', undefined] as const) {
        const options = { min: 3, max: 30, offset: 600, reverse, ...(exclusive ? { exclusive } : {}) }
        assert.deepEqual(await board.rangeByScore(options), expectedRange(entries, options).slice)
      }
    }
    assert.equal(await board.deleteByScore({ max: 20, exclusive: 'max' }), 1300)
    assert.deepEqual(await board.range(), all.slice(1300))
    assert.deepEqual(await board.popMax(1000), all.toReversed().slice(0, 1000))
  })

  test('members of one score are found by their texts, over any number', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const names = Array.from({ length: 1200 }, (_, i) => `n${String(i).padStart(4, '0')}`)
    await board.addMany(names.map(name => [name, 0]))
    assert.deepEqual(await board.rangeByLex(), names)
    assert.deepEqual(await board.rangeByLex({ reverse: true, offset: 2 }), names.toReversed().slice(2))
    assert.deepEqual(await board.rangeByLex({ min: 'n0003', max: 'n0006', exclusive: 'max' }), names.slice(3, 6))
    assert.deepEqual(await board.rangeByLex({ min: 'n1', limit: 2 }), names.slice(1000, 1002))
    const reversed = await board.rangeByLex({ min: 'n0100', max: 'n0900', exclusive: 'both', reverse: true })
    assert.deepEqual(reversed, names.slice(101, 900).toReversed())
  })

  test('iteration sees exactly once what stays as it is, whatever others change', async t => {
    const { store } = await openSubject(open, t)
    const board = store.sortedSet('z')
    const entries = Array.from({ length: 1500 }, (_, i): Row => [`m${i}`, i % 7])
    await board.addMany(entries)
    const seen: string[] = []
    for await (const [member] of board) {
      seen.push(member)
      if (seen.length % 300 !== 5) continue
      await board.delete(member, 'm1499')
      await board.addMany([
        ['first', -1],
        [`new${seen.length}`, 3],
      ])
    }
    assert.equal(new Set(seen).size, seen.length)
    const gone = new Set(['m1499', ...seen.filter((_, i) => i % 300 === 4)])
    const constant = entries.map(([member]) => member).filter(member => !gone.has(member))
    assert.deepEqual(
      constant.filter(member => !seen.includes(member)),
      [],
    )
  })
}

type Act = (board: SortedSet, model: Map<string, number>) => Promise<[unknown, unknown]>

const member = fc.constantFrom('a', 'b', 'c', 'd', 'ä', '😀')
const score = fc.oneof(fc.integer({ min: -3, max: 3 }), fc.constantFrom(0.5, 1e21, Infinity))
const conditions = fc.constantFrom({}, { ifAbsent: true }, { ifPresent: true }, { ifHigher: true }, { ifLower: true })

const act: fc.Arbitrary<Act> = fc.oneof(
  fc.tuple(member, score, conditions).map(
    ([name, given, options]): Act =>
      async (board, model) => {
        return [await board.add(name, given, options), addTo(model, name, given, options)]
      },
  ),
  fc.tuple(member, fc.integer({ min: -3, max: 3 })).map(
    ([name, by]): Act =>
      async (board, model) => {
        model.set(name, (model.get(name) ?? 0) + by)
        return [await board.increment(name, by), model.get(name)]
      },
  ),
  fc.array(member, { maxLength: 3 }).map(
    (names): Act =>
      async (board, model) => {
        return [await board.delete(...names), names.filter(name => model.delete(name)).length]
      },
  ),
  fc.tuple(member, fc.boolean()).map(
    ([name, reverse]): Act =>
      async (board, model) => {
        const sorted = sortedRows([...model]).map(([one]) => one)
        const index = (reverse ? sorted.toReversed() : sorted).indexOf(name)
        return [await board.rank(name, { reverse }), index < 0 ? undefined : index]
      },
  ),
  fc.nat(3).map(
    (count): Act =>
      async (board, model) => {
        const lowest = sortedRows([...model]).slice(0, count)
        for (const [name] of lowest) model.delete(name)
        return [await board.popMin(count), lowest]
      },
  ),
  fc.constant<Act>(async (board, model) => {
    const highest = sortedRows([...model]).at(-1)
    if (highest) model.delete(highest[0])
    return [await board.popMax(), highest]
  }),
  fc.tuple(fc.nat(3), fc.nat(3), fc.boolean()).map(
    ([offset, limit, reverse]): Act =>
      async (board, model) => {
        const sorted = sortedRows([...model])
        const expected = (reverse ? sorted.toReversed() : sorted).slice(offset, offset + limit)
        return [await board.range({ offset, limit, reverse }), expected]
      },
  ),
)

/** Whether anything has changed. */
function addTo(model: Map<string, number>, name: string, score: number, options: AddOptions): boolean {
  const before = model.get(name)
  if (before === undefined ? options.ifPresent : options.ifAbsent) return false
  if (before !== undefined && options.ifHigher && score <= before) return false
  if (before !== undefined && options.ifLower && score >= before) return false
  model.set(name, score)
  return before !== score
}

function expectedRange(entries: readonly Row[], options: RangeOptions & ScoreBounds) {
  const { min = -Infinity, max = Infinity, exclusive, offset = 0, limit, reverse } = options
  const inside = sortedRows(entries).filter(
    ([, score]) =>
      (exclusive === 'min' || exclusive === 'both' ? score > min : score >= min) &&
      (exclusive === 'max' || exclusive === 'both' ? score < max : score <= max),
  )
  const ordered = reverse ? inside.toReversed() : inside
  return { inside, slice: ordered.slice(offset, limit === undefined ? undefined : offset + limit) }
}

function sortedRows(entries: readonly Row[]): Row[] {
  return entries.toSorted(([one, first], [other, second]) => (first === second ? compare(one, other) : first - second))
}

function compare(one: string, other: string): number {
  return Buffer.compare(Buffer.from(one), Buffer.from(other))
}
