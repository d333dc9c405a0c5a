import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { History, type HistoryLimits } from './history.ts'

const origin = { time: 0, source: 'web:0', stream: 'stdout' } as const

/** What a history keeps of these blocks, each with its newlines, and of the last `lines` of it. */
function keptOf(blocks: readonly string[], limits: HistoryLimits, lines?: number): string[] {
  const history = new History(limits)
  for (const block of blocks) history.add({ ...origin, bytes: Buffer.from(block) })
  return history.toArray(lines).map(({ text, ...rest }) => {
    assert.deepEqual(rest, origin)
    return text
  })
}

test('a history keeps the last lines, as many as it may, however many came at once', () => {
  const limits = { linesMax: 3, bytesMax: 10_000 }
  assert.deepEqual(keptOf(['a\n', 'b\n', 'c\n', 'd\n'], limits), ['b', 'c', 'd'])
  assert.deepEqual(keptOf(['a\nb\n', 'c\nd\n'], limits), ['b', 'c', 'd'])
  assert.deepEqual(keptOf(['a\n', 'b\nc\nd\n\ne\n'], limits), ['d', '', 'e'])
  assert.deepEqual(keptOf(['a\nb\n', 'c\n'], limits, 2), ['b', 'c'])
})

test('a history in use for long keeps as many lines as at its beginning', () => {
  const blocks = Array.from({ length: 1_000 }, (_, index) => `${index}\n${'and more\n'.repeat(index % 7)}`)
  assert.deepEqual(keptOf(blocks, { linesMax: 50, bytesMax: 100_000 }), blocks.join('').split('\n').slice(-51, -1))
})

test('a history is bounded in bytes, and a line that is larger than all of it is left out', () => {
  const limits = { linesMax: 100, bytesMax: 1_000 }
  const line = `${'x'.repeat(71)}\n`
  assert.equal(keptOf(Array(100).fill(line), limits).length, 5)
  assert.equal(keptOf([line.repeat(100)], limits).length, 12)
  assert.equal(keptOf([line, `${'y'.repeat(2_000)}\n`], limits).length, 1)
})

test('a history without lines keeps nothing', () => {
  assert.deepEqual(keptOf(['a\n'], { linesMax: 0, bytesMax: 1_000 }), [])
})

test('a history holds no memory but that of its lines, though others write small buffers, too', () => {
  setFlagsFromString('--expose-gc')
  const collect = runInNewContext('gc') as () => void
  const history = new History({ linesMax: 1_000, bytesMax: 256 * 1024 })
  collect()
  const before = process.memoryUsage().arrayBuffers
  for (let i = 0; i < 1_000; i++) {
    history.add({ ...origin, bytes: Buffer.from('a line\n') })
    // What is used up at once takes up the rest of a pool that Node shares among small buffers.
    for (let j = 0; j < 20; j++) Buffer.from('x'.repeat(4_000))
  }
  collect()
  assert.equal(history.toArray().length, 1_000)
  const keptBytes = process.memoryUsage().arrayBuffers - before
  assert.ok(keptBytes < 1024 ** 2, `${keptBytes} bytes for 1,000 short lines`)
})
