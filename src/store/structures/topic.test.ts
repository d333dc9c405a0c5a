import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine, TopicListener } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { Topic } from './topic.ts'

test('a gap is told, and a subscription that fails rejects ready and next', async () => {
  const engine = new MemoryEngine()
  let listener: TopicListener | undefined
  let gaps = 0
  const subscribe = async (_channel: string, _isPattern: boolean, given: TopicListener) => {
    listener = given
    return () => {}
  }
  const fake = Object.assign(Object.create(engine), { subscribe }) as Engine
  const heard = new Topic(fake, 'news').subscribe({ onGap: () => gaps++ })
  await heard.ready
  listener?.gap()
  assert.equal(gaps, 1)
  const fails = Object.assign(Object.create(engine), {
    subscribe: async () => Promise.reject(new Error('away')),
  }) as Engine
  const failed = new Topic(fails, 'news').subscribe()
  await assert.rejects(failed.ready, /away/)
  await assert.rejects(failed.next(), /away/)
})
