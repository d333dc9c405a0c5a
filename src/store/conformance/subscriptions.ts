import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenEngine, openSubject } from './setup.ts'

/** Messages as they are iterated over. What engines do with them is in topics.ts. */
export function subscriptionConformance(open: OpenEngine): void {
  test('a message reaches who listens, in its order, and nobody else', async t => {
    const { store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
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

  test('a loop ends with break, and with the signal, which drops what waits', async t => {
    const { store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
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

  test('who waits for a message is released by the signal, and when the store is closed', async t => {
    const { store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
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

  test('a reader that is too slow gets what is buffered, then an error, and then nothing', async t => {
    const { store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
    const slow = topic.subscribe({ bufferMax: 2 })
    await slow.ready
    for (const message of [1, 2, 3]) await topic.publish(message)
    assert.equal(await topic.publish(4), 0)
    assert.deepEqual([(await slow.next()).value, (await slow.next()).value], [1, 2])
    await assert.rejects(slow.next(), { code: 'STORE_SUBSCRIBER_SLOW' })
    assert.equal((await slow.next()).done, true)
    assert.throws(() => topic.subscribe({ bufferMax: 0 }), { code: 'STORE_ARGUMENT_INVALID' })
  })

  test('a message of another codec ends the subscription', async t => {
    const { engine, store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
    const heard = topic.subscribe()
    await heard.ready
    await engine.call(['publish', 'news', '{'])
    await assert.rejects(heard.next(), { code: 'STORE_VALUE_UNREADABLE' })
    assert.equal(await topic.publish(1), 0)
  })

  test('a pattern hears all topics that match', async t => {
    const { store } = await openSubject(open, t)
    const all = store.topics<number>('room:*')
    await all.ready
    await store.topic('room:1').publish(1)
    await store.topic('hall').publish(2)
    await store.topic('room:2').publish(3)
    assert.deepEqual((await all.next()).value, { topic: 'room:1', message: 1 })
    assert.deepEqual((await all.next()).value, { topic: 'room:2', message: 3 })
    await all.return()
  })

  test('a message of another process is heard, and what it wrote before is seen', async t => {
    const { store, other } = await openSubject(open, t)
    const [second, heard] = [other(), store.topic<number>('news').subscribe()]
    await heard.ready
    for (let i = 0; i < 20; i++) {
      void second.map('m').set('a', i)
      void second.topic<number>('news').publish(i)
      assert.equal((await heard.next()).value, i)
      assert.equal(await store.map('m').get('a'), i)
    }
    await heard.return()
  })

  test('what the codec cannot hold is refused, and not sent', async t => {
    const { store } = await openSubject(open, t)
    const topic = store.topic<unknown>('news')
    const heard = topic.subscribe()
    await heard.ready
    for (const value of [undefined, new Date(), { a: undefined }]) {
      await assert.rejects(topic.publish(value), { code: 'STORE_VALUE_INVALID' })
    }
    await topic.publish(null)
    assert.equal((await heard.next()).value, null)
    assert.throws(() => store.topic(''), { code: 'STORE_KEY_INVALID' })
    await heard.return()
  })
}
