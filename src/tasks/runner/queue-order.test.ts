import assert from 'node:assert/strict'
import { test } from 'node:test'
import { drawOrder } from './queue-order.ts'

/** The same numbers each time (mulberry32). */
function numbers(seed: number): () => number {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
}

test('a queue of weight 3 comes first three times as often as one of weight 1, and all are in each order', () => {
  const random = numbers(1)
  const first = { mail: 0, default: 0 }
  for (let i = 0; i < 4_000; i++) {
    const order = drawOrder(['mail', 'default'], { mail: 3 }, random)
    assert.deepEqual([...order].sort(), ['default', 'mail'])
    first[order[0] as keyof typeof first]++
  }
  assert.ok(Math.abs(first.mail / 4_000 - 0.75) < 0.02, String(first.mail))
})
