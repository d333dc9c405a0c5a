import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { startWork } from '../../test/support/busy-machine.ts'
import { LeastRecentMap } from './least-recent.ts'

test('keeps the entries that were used last, like a list that is searched', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 5 }),
      fc.array(fc.constantFrom(...'abcdefgh'), { maxLength: 60 }),
      (max, keys) => {
        const map = new LeastRecentMap<string>(max)
        let model: string[] = []
        for (const key of keys) {
          assert.equal(map.get(key), model.includes(key) ? `value of ${key}` : undefined)
          assert.equal(
            map.obtain(key, made => `value of ${made}`),
            `value of ${key}`,
          )
          model = [...model.filter(other => other !== key), key].slice(-max)
        }
        assert.deepEqual(new Set(map.values()), new Set(model.map(key => `value of ${key}`)))
        assert.equal(map.size, model.length)
      },
    ),
  )
})

test('a new key in a full map costs no more than in an empty one, by and large', () => {
  const timeOf = (max: number) => {
    const map = new LeastRecentMap<number>(max)
    for (let i = 0; i < max; i++) map.obtain(`before ${i}`, () => i)
    const work = startWork()
    for (let i = 0; i < 20_000; i++) map.obtain(`k${i}`, () => i)
    return work()
  }
  timeOf(100)
  // With the order of a Map it was some hundred times as much.
  assert.ok(timeOf(100_000) < 30 * timeOf(100) + 50)
})
