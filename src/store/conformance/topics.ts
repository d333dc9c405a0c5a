import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TopicListener } from '../engines/engine.ts'
import { Heard, type OpenEngine, openSubject } from './setup.ts'

function listener() {
  const heard = new Heard<string>()
  const message: TopicListener['message'] = (topic, bytes) => heard.add(`${topic} ${bytes.toString('latin1')}`)
  return { heard, message, gap: () => {} }
}

/** `engine.subscribe` and `publish`. */
export function topicConformance(open: OpenEngine): void {
  test('who listens hears what is sent from then on, in its order', async t => {
    const { engine } = await openSubject(open, t)
    await engine.call(['publish', 'news', 'missed'])
    const one = listener()
    await engine.subscribe('news', false, one)
    const texts = Array.from({ length: 100 }, (_, i) => String(i))
    await Promise.all(texts.map(text => engine.call(['publish', 'news', text])))
    assert.deepEqual(
      await one.heard.count(100),
      texts.map(text => `news ${text}`),
    )
  })

  test('a message is bytes', async t => {
    const { engine } = await openSubject(open, t)
    const one = listener()
    await engine.subscribe('news', false, one)
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, i) => i))
    await engine.call(['publish', 'news', bytes])
    await engine.call(['publish', 'news', ''])
    assert.deepEqual(await one.heard.count(2), [`news ${bytes.toString('latin1')}`, 'news '])
  })

  test('a pattern hears all topics that match', async t => {
    const { engine } = await openSubject(open, t)
    const one = listener()
    await engine.subscribe('chat:*', true, one)
    for (const topic of ['chat:1', 'chat', 'other', 'chat:', 'chat:*']) await engine.call(['publish', topic, 'x'])
    assert.deepEqual(await one.heard.count(3), ['chat:1 x', 'chat: x', 'chat:* x'])
  })

  test('all listeners of a topic hear it, each until it has ended', async t => {
    const { engine } = await openSubject(open, t)
    const [one, two] = [listener(), listener()]
    const stopOne = await engine.subscribe('news', false, one)
    const stopTwo = await engine.subscribe('news', false, two)
    await engine.call(['publish', 'news', 'a'])
    await Promise.all([one.heard.count(1), two.heard.count(1)])
    stopOne()
    stopOne()
    await engine.call(['publish', 'news', 'b'])
    assert.deepEqual(await two.heard.count(2), ['news a', 'news b'])
    stopTwo()
    await engine.call(['publish', 'news', 'c'])
    const three = listener()
    await engine.subscribe('news', false, three)
    await engine.call(['publish', 'news', 'd'])
    assert.deepEqual(await three.heard.count(1), ['news d'])
    assert.deepEqual([one.heard.items.length, two.heard.items.length], [1, 2])
  })

  test('publish tells how many connections hear it', async t => {
    const { engine } = await openSubject(open, t)
    assert.equal(await engine.call(['publish', 'news', 'x']), 0)
    await engine.subscribe('news', false, listener())
    assert.equal(await engine.call(['publish', 'news', 'x']), 1)
  })
}
