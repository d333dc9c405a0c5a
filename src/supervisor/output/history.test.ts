import assert from 'node:assert/strict'
import { test } from 'node:test'
import { History } from './history.ts'

function line(text: string) {
  return { time: 0, source: 'web:0', stream: 'stdout', text } as const
}

test('a history keeps the last lines, as many as it may', () => {
  const history = new History({ linesMax: 2, bytesMax: 10_000 })
  for (const text of ['a', 'b', 'c']) history.add(line(text))
  assert.deepEqual(history.toArray(), [line('b'), line('c')])
})

test('a history is bounded in bytes, and a line that is larger than all of it is left out', () => {
  const history = new History({ linesMax: 100, bytesMax: 1000 })
  for (let i = 0; i < 100; i++) history.add(line('x'.repeat(36)))
  assert.equal(history.toArray().length, 10)
  history.add(line('y'.repeat(2000)))
  assert.equal(history.toArray().length, 10)
})

test('a history without lines keeps nothing', () => {
  const history = new History({ linesMax: 0, bytesMax: 1000 })
  history.add(line('a'))
  assert.deepEqual(history.toArray(), [])
})
