import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fairShare } from './fair-share.ts'

test('a worker that is alone shares with nobody', () => {
  assert.equal(fairShare([]), undefined)
  assert.equal(fairShare([500]), undefined)
})

test('the share is the average and some slack, so that at least one worker is always below it', () => {
  assert.equal(fairShare([0, 0]), 4)
  assert.equal(fairShare([100, 0]), 54)
  assert.equal(fairShare([1_000, 2_000, 3_000]), 2_120)
})
