import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { OutputLine } from './history.ts'
import { type OnLine, Subscriber } from './subscriber.ts'

function line(text: string): OutputLine {
  return { time: 0, source: 'web:0', stream: 'stdout', text }
}

function subscribe(onLine: OnLine<OutputLine>) {
  return new Subscriber({ onLine, gap: missed => line(`${missed} missed`) })
}

test('a quick subscriber gets each line in the same turn', () => {
  const texts: string[] = []
  const subscriber = subscribe(({ text }) => texts.push(text))
  subscriber.offer(line('a'))
  subscriber.offer(line('b'))
  assert.deepEqual(texts, ['a', 'b'])
})

test('a slow subscriber misses lines beyond 1000 and is told how many', async () => {
  const texts: string[] = []
  const gate = Promise.withResolvers<void>()
  const told = Promise.withResolvers<void>()
  const subscriber = subscribe(({ text }) => {
    texts.push(text)
    if (text.endsWith('missed')) told.resolve()
    return gate.promise
  })
  for (let i = 0; i < 5000; i++) subscriber.offer(line(String(i)))
  assert.deepEqual(texts, ['0'])
  gate.resolve()
  await told.promise
  assert.equal(texts.length, 1 + 1000 + 1)
  assert.equal(texts.at(-1), '3999 missed')
})

test('a subscriber that throws is not called again', () => {
  let calls = 0
  const subscriber = subscribe(() => {
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
  const subscriber = subscribe(({ text }) => {
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
