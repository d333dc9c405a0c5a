import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { PassMark } from './entry.ts'
import { MemoryCache } from './memory.ts'

const bytesMax = 1_000_000

function markOf(key: string): PassMark {
  return { type: 'pass', key, host: 'localhost', path: key, startedAt: 0, until: 1, reason: 'private' }
}

test('notes of long addresses stay within the budget of bytes', () => {
  const memory = new MemoryCache(bytesMax)
  for (let i = 0; i < 1_000; i++) {
    const key = `${i} `.padEnd(8_000, 'x')
    if (i % 2 === 0) memory.mark(key, markOf(key))
    else memory.learn(key, ['accept'])
    assert.ok(memory.bytes <= bytesMax)
  }
  assert.ok(memory.size > 0)
  assert.ok(memory.size * 8_000 <= bytesMax, `${memory.size} addresses of 8,000 letters`)
})

test('what is learnt of an address makes what was kept without it superfluous', () => {
  const memory = new MemoryCache(bytesMax)
  memory.mark('/', markOf('/'))
  memory.learn('/', ['accept'])
  const slot = memory.get('/')
  assert.deepEqual([slot?.vary, slot?.pass], [['accept'], undefined])
  memory.learn('/', ['accept'])
  assert.equal(memory.get('/'), slot)
})
