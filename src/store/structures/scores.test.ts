import assert from 'node:assert/strict'
import { test } from 'node:test'
import { scoredOf } from './scores.ts'

test('scores are read from RESP2, too', () => {
  const texts = ['a', '1.5', 'b', '-inf', 'c', 'inf'].map(text => Buffer.from(text))
  assert.deepEqual(scoredOf(texts), [
    ['a', 1.5],
    ['b', -Infinity],
    ['c', Infinity],
  ])
})
