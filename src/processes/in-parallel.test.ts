import assert from 'node:assert/strict'
import { test } from 'node:test'
import { inGroups, inParallel } from './in-parallel.ts'

async function* weights(...items: readonly number[]): AsyncGenerator<number> {
  yield* items
}

/** How many were under way at most, and what they weighed together. */
async function peakOf(items: readonly number[], countMax: number, weightMax: number) {
  const running: number[] = []
  const peak = { count: 0, weight: 0 }
  const begun: number[] = []
  await inParallel(weights(...items), { countMax, weightMax, weightOf: weight => weight }, async weight => {
    running.push(weight)
    begun.push(weight)
    peak.count = Math.max(peak.count, running.length)
    const all = running.reduce((sum, one) => sum + one, 0)
    peak.weight = Math.max(peak.weight, all)
    await new Promise(setImmediate)
    running.splice(running.indexOf(weight), 1)
  })
  assert.deepEqual([begun, running], [items, []])
  return peak
}

test('as many are under way as are allowed, by number and by weight', async () => {
  assert.deepEqual(await peakOf(Array(20).fill(1), 4, 100), { count: 4, weight: 4 })
  assert.deepEqual(await peakOf(Array(20).fill(10), 100, 35), { count: 3, weight: 30 })
})

test('one that is too heavy is done alone', async () => {
  const infinite = Number.POSITIVE_INFINITY
  assert.deepEqual(await peakOf([1, infinite, infinite, 1], 10, 50), { count: 1, weight: infinite })
  assert.deepEqual(await peakOf([], 10, 50), { count: 0, weight: 0 })
})

test('after a failure nothing more is begun, and what was under way has ended when it is told', async () => {
  const begun: number[] = []
  const ended: number[] = []
  const work = async (item: number) => {
    begun.push(item)
    await new Promise(setImmediate)
    if (item === 2) throw new Error('two')
    await new Promise(setImmediate)
    ended.push(item)
  }
  const options = { countMax: 3, weightMax: 10, weightOf: () => 1 }
  await assert.rejects(inParallel(weights(1, 2, 3, 4, 5, 6), options, work), { message: 'two' })
  assert.deepEqual(
    [begun, ended],
    [
      [1, 2, 3],
      [1, 3],
    ],
  )
  async function* broken() {
    yield 7
    throw new Error('no more')
  }
  await assert.rejects(inParallel(broken(), options, work), { message: 'no more' })
  assert.deepEqual(ended, [1, 3, 7])
})

test('groups are as large as they may be', async () => {
  assert.deepEqual(await Array.fromAsync(inGroups(weights(1, 2, 3, 4, 5), 2)), [[1, 2], [3, 4], [5]])
  assert.deepEqual(await Array.fromAsync(inGroups(weights(), 2)), [])
})
