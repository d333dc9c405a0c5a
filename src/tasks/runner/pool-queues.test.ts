import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PoolKind, RunnableTask } from '../runnable-task.ts'
import { queuesOf } from './pool-queues.ts'

const task = (id: string, queue: string, pool: PoolKind): RunnableTask => ({
  id,
  queue,
  pool,
  execute: async () => undefined,
  retryDelay: () => null,
})
const all = [task('send', 'mail', 'io'), task('read', 'default', 'io'), task('resize', 'images', 'cpu')]
const none = { queues: undefined, otherQueues: [] }

test('a pool has the queues of the tasks of its kind, but for those that another pool lists', () => {
  assert.deepEqual(queuesOf({ ...none, kind: 'io' }, all), ['mail', 'default'])
  assert.deepEqual(queuesOf({ ...none, kind: 'cpu' }, all), ['images'])
  assert.deepEqual(queuesOf({ ...none, kind: 'io', otherQueues: ['mail'] }, all), ['default'])
  assert.deepEqual(queuesOf({ kind: 'io', queues: ['mail'], otherQueues: ['mail'] }, all), ['mail'])
})

test('a queue with tasks of both kinds is refused, unless a pool lists it', () => {
  const mixed = [...all, task('hash', 'mail', 'cpu')]
  assert.throws(
    () => queuesOf({ ...none, kind: 'io' }, mixed),
    /The queue "mail" cannot be of two pools: send .* and hash/,
  )
  assert.deepEqual(queuesOf({ ...none, kind: 'io', otherQueues: ['mail'] }, mixed), ['default'])
})
