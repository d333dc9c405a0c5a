import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Engine, TopicListener } from '../engines/engine.ts'
import { MemoryEngine } from '../engines/memory.ts'
import { Store } from '../store.ts'
import { Topic } from './topic.ts'

function open() {
  const engine = new MemoryEngine()
  const store = new Store(engine)
  return { engine, store, topic: store.topic<unknown>('news') }
}

test('a message reaches who listens, in its order, and nobody else', async () => {
  const { topic } = open()
  assert.equal(await topic.publish('missed'), 0)
  const heard = topic.subscribe()
  await heard.ready
  assert.equal(await topic.publish({ a: 1 }), 1)
  topic.publish(2)
  topic.publish(null)
  const values = [await heard.next(), await heard.next(), await heard.next()].map(({ value }) => value)
  assert.deepEqual(values, [{ a: 1 }, 2, null])
  await heard.return()
  assert.equal(await topic.publish('missed'), 0)
})

test('a loop ends with break, and with the signal, which drops what waits', async () => {
  const { topic } = open()
  const controller = new AbortController()
  const broken = topic.subscribe()
  const aborted = topic.subscribe({ signal: controller.signal })
  await topic.publish('a')
  await topic.publish('b')
  for await (const message of broken) {
    assert.equal(message, 'a')
    break
  }
  const seen: unknown[] = []
  for await (const message of aborted) {
    seen.push(message)
    controller.abort()
  }
  assert.deepEqual(seen, ['a'])
  assert.equal(await topic.publish('c'), 0)
  assert.deepEqual(await topic.subscribe({ signal: controller.signal }).next(), { value: undefined, done: true })
})

test('who waits for a message is released by the signal, and when the store is closed', async () => {
  const { store, topic } = open()
  const controller = new AbortController()
  const waiting = topic.subscribe({ signal: controller.signal }).next()
  const other = store.topics('*').next()
  const watching = store.watch('x').next()
  controller.abort()
  assert.equal((await waiting).done, true)
  await store.close()
  assert.equal((await other).done, true)
  assert.equal((await watching).done, true)
  await assert.rejects(topic.publish(1), { code: 'STORE_CLOSED' })
})

test('a reader that is too slow gets what is buffered, then an error, and then nothing', async () => {
  const { topic } = open()
  const slow = topic.subscribe({ bufferMax: 2 })
  await slow.ready
  for (const message of [1, 2, 3]) await topic.publish(message)
  assert.equal(await topic.publish(4), 0)
  assert.deepEqual([(await slow.next()).value, (await slow.next()).value], [1, 2])
  await assert.rejects(slow.next(), { code: 'STORE_SUBSCRIBER_SLOW' })
  assert.equal((await slow.next()).done, true)
  assert.throws(() => topic.subscribe({ bufferMax: 0 }), { code: 'STORE_ARGUMENT_INVALID' })
})

test('a message of another codec ends the subscription', async () => {
  const { engine, topic } = open()
  const heard = topic.subscribe()
  await heard.ready
  await engine.call(['publish', 'news', '{'])
  await assert.rejects(heard.next(), { code: 'STORE_VALUE_UNREADABLE' })
  assert.equal(await topic.publish(1), 0)
})

test('a pattern hears all topics that match', async () => {
  const { store } = open()
  const all = store.topics<number>('room:*')
  await all.ready
  await store.topic('room:1').publish(1)
  await store.topic('hall').publish(2)
  await store.topic('room:2').publish(3)
  assert.deepEqual((await all.next()).value, { topic: 'room:1', message: 1 })
  assert.deepEqual((await all.next()).value, { topic: 'room:2', message: 3 })
  await all.return()
})

test('a gap is told, and a subscription that fails rejects ready and next', async () => {
  const { engine } = open()
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
