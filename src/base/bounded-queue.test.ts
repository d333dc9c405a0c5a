import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedQueue } from './bounded-queue.ts'

test('a full queue refuses the newest item and keeps the others in order', () => {
  const queue = new BoundedQueue<number>(2)
  assert.deepEqual([queue.push(1), queue.push(2), queue.push(3)], [true, true, false])
  assert.deepEqual([queue.shift(), queue.shift(), queue.shift()], [1, 2, undefined])
})

test('a queue in use for long stays in order', () => {
  const queue = new BoundedQueue<number>(300)
  for (let i = 0; i < 200; i++) queue.push(i)
  for (let i = 200; i < 5000; i++) {
    queue.push(i)
    assert.equal(queue.shift(), i - 200)
  }
  assert.equal(queue.length, 200)
  assert.deepEqual(queue.toArray().slice(0, 2), [4800, 4801])
})
