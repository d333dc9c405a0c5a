import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LineBuffer } from './line-buffer.ts'

const block = Buffer.alloc(1_000, 'a line of ten\n')

/** How many blocks are taken from a source before one is refused. */
function fill(buffer: LineBuffer, source: string): number {
  let count = 0
  while (buffer.add(block, source) === 0) count++
  return count
}

test('who prints without pause fills seven eighths of the buffer, and others find room', () => {
  const buffer = new LineBuffer(1_128 * 80)
  assert.equal(fill(buffer, 'flood'), 70)
  assert.equal(buffer.hasRoom(block.length, 'flood'), false)
  assert.equal(buffer.add('a line of another\n', 'neighbour'), 0)
  assert.ok(fill(buffer, 'second flood') > 5)
  assert.equal(buffer.add('one more\n', 'neighbour'), 0)
})

test('what was taken out makes room for who had printed it', () => {
  const buffer = new LineBuffer(1_128 * 80)
  fill(buffer, 'flood')
  assert.equal(buffer.take().length, 70_000)
  // It is still in memory, and nothing of it waits.
  assert.equal(fill(buffer, 'flood'), 9)
  buffer.settle()
  assert.equal(fill(buffer, 'flood'), 61)
  assert.ok(buffer.clear() > 70)
  assert.equal(fill(buffer, 'flood'), 70)
})
