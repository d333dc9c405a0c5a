import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutputLine } from './history.ts'
import { Subscriber } from './subscriber.ts'

function line(text: string): OutputLine {
  return { time: 0, source: 'web:0', stream: 'stdout', text }
}

test('a quick subscriber gets each line in the same turn', () => {
  const texts: string[] = []
  const subscriber = new Subscriber(({ text }) => texts.push(text))
  subscriber.offer(line('a'))
  subscriber.offer(line('b'))
  assert.deepEqual(texts, ['a', 'b'])
})

test('a slow subscriber misses lines beyond 1000 and is told how many', async () => {
  const texts: string[] = []
  const gate = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  const subscriber = new Subscriber(({ text }) => {
    texts.push(text)
    if (text.startsWith('log.gap')) told.resolve()
    return gate.promise
  })
  for (let i = 0; i < 5000; i++) subscriber.offer(line(String(i)))
  assert.deepEqual(texts, ['0'])
  gate.resolve()
  await told.promise
  assert.equal(texts.length, 1 + 1000 + 1)
  assert.equal(texts.at(-1), 'log.gap lines=3999 reason="the reader is too slow"')
})

test('a subscriber that throws is not called again', () => {
  let calls = 0
  const subscriber = new Subscriber(() => {
    calls++
    throw new Error('gone')
  })
  subscriber.offer(line('a'))
  subscriber.offer(line('b'))
  assert.equal(calls, 1)
  assert.ok(subscriber.isEnded)
})

test('a subscriber that has ended gets nothing of what was waiting', async () => {
  const texts: string[] = []
  const gate = Promise.withResolvers<void>()
  const subscriber = new Subscriber(({ text }) => {
    texts.push(text)
    return gate.promise
  })
  subscriber.offer(line('a'))
  subscriber.offer(line('b'))
  subscriber.end()
  gate.resolve()
  await new Promise(setImmediate)
  assert.deepEqual(texts, ['a'])
})
