import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { MemoryEngine } from '../engines/memory.ts'
import { Store } from '../store.ts'
import { scoredOf } from './scores.ts'
import type { RangeOptions, ScoreBounds } from './sorted-set.ts'

type Row = [member: string, score: number]

function open() {
  return new Store(new MemoryEngine()).sortedSet('board')
}

test('members have a score, which is set under conditions and added to', async () => {
  const board = open()
  assert.equal(await board.add('ada', 10), true)
  assert.equal(await board.add('ada', 10), false)
  assert.equal(await board.add('ada', 12, { ifAbsent: true }), false)
  assert.equal(await board.add('bob', 1, { ifPresent: true }), false)
  assert.equal(await board.add('ada', 9, { ifHigher: true }), false)
  assert.equal(await board.add('ada', 11, { ifHigher: true }), true)
  assert.equal(await board.add('ada', 8, { ifLower: true, ifPresent: true }), true)
  assert.equal(await board.increment('ada', 0.5), 8.5)
  assert.equal(await board.increment('cleo'), 1)
  assert.equal(await board.score('ada'), 8.5)
  assert.equal(await board.score('bob'), undefined)
  assert.deepEqual(await board.scores(['cleo', 'bob', 'ada']), [1, undefined, 8.5])
  assert.deepEqual(await board.scores([]), [])
  assert.equal(board.peekScore('ada'), 8.5)
  assert.equal(board.peekScore('bob'), undefined)
  assert.equal(await board.has('ada'), true)
  assert.equal(await board.size(), 2)
  assert.equal(await board.delete('ada', 'bob'), 1)
  assert.equal(await board.delete(), 0)
  await board.clear()
  assert.equal(await board.size(), 0)
})

test('a score is any number but NaN, and comes back as it is', async () => {
  const board = open()
  const scores = [Infinity, -Infinity, 0.1, 1e300, -5e-324, 2 ** 53, 123456789.123]
  assert.equal(await board.addMany(scores.map((score, i) => [`m${i}`, score])), scores.length)
  assert.deepEqual(await board.scores(scores.map((_, i) => `m${i}`)), scores)
  await board.add('zero', -0)
  assert.equal(await board.score('zero'), 0)
  await assert.rejects(board.add('x', Number.NaN), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.add('x', '1' as never), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.increment('m0', -Infinity), { code: 'STORE_NOT_A_NUMBER' })
  await assert.rejects(board.count({ min: Number.NaN }), { code: 'STORE_ARGUMENT_INVALID' })
})

test('unfit arguments are refused before anything is added', async () => {
  const board = open()
  await assert.rejects(
    board.addMany([
      ['a', 1],
      ['', 2],
    ]),
    { code: 'STORE_KEY_INVALID' },
  )
  await assert.rejects(board.add('a', 1, { ifAbsent: true, ifPresent: true }), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.add('a', 1, { ifHigher: true, ifLower: true }), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.range({ offset: -1 }), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.rangeByScore({ limit: 0.5 }), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.rangeByLex({ limit: -1 }), { code: 'STORE_ARGUMENT_INVALID' })
  await assert.rejects(board.popMin(1001), { code: 'STORE_ARGUMENT_INVALID' })
  assert.equal(await board.size(), 0)
})

test('calls that are not awaited are carried out in their order', async () => {
  const board = open()
  const replies = [board.add('a', 1), board.increment('a'), board.rank('a'), board.popMin(), board.size()]
  assert.deepEqual(await Promise.all(replies), [true, 2, 0, ['a', 2], 0])
})

test('ranks and ranges count from either end', async () => {
  const board = open()
  await board.addMany([
    ['c', 3],
    ['a', 1],
    ['b', 2],
    ['b2', 2],
  ])
  assert.equal(await board.rank('b2'), 2)
  assert.equal(await board.rank('c', { reverse: true }), 0)
  assert.equal(await board.rank('x'), undefined)
  assert.equal(board.peekRank('b'), 1)
  assert.equal(board.peekRank('b', { reverse: true }), 2)
  assert.equal(board.peekRank('x'), undefined)
  assert.deepEqual(await board.range({ limit: 2, reverse: true }), [
    ['c', 3],
    ['b2', 2],
  ])
  assert.deepEqual(await board.range({ offset: 3 }), [['c', 3]])
  assert.deepEqual(await board.range({ limit: 0 }), [])
  assert.deepEqual(await board.popMax(2), [
    ['c', 3],
    ['b2', 2],
  ])
  assert.deepEqual(await board.popMin(), ['a', 1])
  assert.deepEqual(await board.popMax(), ['b', 2])
  assert.equal(await board.popMax(), undefined)
  assert.deepEqual(await board.popMin(3), [])
})

const rows = fc.uniqueArray(fc.tuple(fc.nat(99).map(String), fc.integer({ min: -4, max: 4 })), {
  selector: ([member]) => member,
  maxLength: 60,
})
const bounds = fc.record(
  {
    min: fc.integer({ min: -5, max: 5 }),
    max: fc.integer({ min: -5, max: 5 }),
    exclusive: fc.constantFrom('min' as const, 'max' as const, 'both' as const),
    offset: fc.nat(20),
    limit: fc.nat(20),
    reverse: fc.boolean(),
  },
  { requiredKeys: [] },
)

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
  return entries.toSorted(([one, first], [other, second]) => first - second || (one < other ? -1 : 1))
}

test('ranges by score are those of a sorted array', async () => {
  await fc.assert(
    fc.asyncProperty(rows, bounds, async (entries, options) => {
      const board = open()
      await board.addMany(entries)
      const { inside, slice } = expectedRange(entries, options)
      assert.deepEqual(await board.rangeByScore(options), slice)
      assert.equal(await board.count(options), inside.length)
      assert.equal(await board.deleteByScore(options), inside.length)
      assert.equal(await board.size(), entries.length - inside.length)
    }),
    { numRuns: 100 },
  )
})

test('ranges, iteration and deletion go through more than a page', async () => {
  const board = open()
  const entries = Array.from({ length: 2600 }, (_, i): Row => [`m${i}`, i % 40])
  await board.addMany(entries)
  const all = sortedRows(entries)
  assert.deepEqual(await Array.fromAsync(board), all)
  assert.deepEqual(await Array.fromAsync(board.entries({ reverse: true })), all.toReversed())
  assert.deepEqual(await board.range({ offset: 100 }), all.slice(100))
  assert.deepEqual(await board.range({ offset: 7, limit: 1200, reverse: true }), all.toReversed().slice(7, 1207))
  for (const reverse of [false, true]) {
    for (const exclusive of ['min', 'max', 'both', undefined] as const) {
      const options = { min: 3, max: 30, offset: 600, reverse, ...(exclusive ? { exclusive } : {}) }
      assert.deepEqual(await board.rangeByScore(options), expectedRange(entries, options).slice)
    }
  }
  assert.equal(await board.deleteByScore({ max: 20, exclusive: 'max' }), 1300)
  assert.deepEqual(await board.range(), all.slice(1300))
})

test('members of one score are found by their texts', async () => {
  const board = open()
  const names = Array.from({ length: 1200 }, (_, i) => `n${String(i).padStart(4, '0')}`)
  await board.addMany(names.map(name => [name, 0]))
  assert.deepEqual(await board.rangeByLex(), names)
  assert.deepEqual(await board.rangeByLex({ reverse: true, offset: 2 }), names.toReversed().slice(2))
  assert.deepEqual(await board.rangeByLex({ min: 'n0003', max: 'n0006', exclusive: 'max' }), names.slice(3, 6))
  assert.deepEqual(await board.rangeByLex({ min: 'n1', limit: 2 }), names.slice(1000, 1002))
  const reversed = await board.rangeByLex({ min: 'n0100', max: 'n0900', exclusive: 'both', reverse: true })
  assert.deepEqual(reversed, names.slice(101, 900).toReversed())
})

test('scores are read from RESP2, too', () => {
  const texts = ['a', '1.5', 'b', '-inf', 'c', 'inf'].map(text => Buffer.from(text))
  assert.deepEqual(scoredOf(texts), [
    ['a', 1.5],
    ['b', -Infinity],
    ['c', Infinity],
  ])
})
