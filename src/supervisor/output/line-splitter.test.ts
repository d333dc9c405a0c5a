import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { cutMark, LineSplitter } from './line-splitter.ts'

function split(splitter: LineSplitter, chunks: readonly (Buffer | string)[]): string[] {
  const blocks = chunks.map(chunk => splitter.push(Buffer.from(chunk)))
  return [...blocks, splitter.end()].map(String).filter(block => block !== '')
}

test('a chunk gives its whole lines at once and keeps the rest', () => {
  assert.deepEqual(split(new LineSplitter(), ['one\ntwo\nth', 'r', 'ee\n', '\n']), ['one\ntwo\n', 'three\n', '\n'])
})

test('the rest without a newline is delivered at the end', () => {
  assert.deepEqual(split(new LineSplitter(), ['one\ntw', 'o']), ['one\n', 'two\n'])
})

test('whatever the chunks, bytes and lines stay the same', () => {
  const chunks = fc.array(fc.uint8Array({ maxLength: 20 }).map(bytes => Buffer.from(bytes.map(b => (b < 40 ? 10 : b)))))
  fc.assert(
    fc.property(chunks, parts => {
      const splitter = new LineSplitter()
      const blocks = parts.map(part => splitter.push(part))
      for (const block of blocks) assert.ok(block.length === 0 || block.at(-1) === 10)
      const rest = splitter.end()
      const all = Buffer.concat([...blocks, rest])
      assert.deepEqual(rest.length > 0 ? all.subarray(0, -1) : all, Buffer.concat(parts))
    }),
  )
})

test('a line over the limit is cut into marked pieces', () => {
  const splitter = new LineSplitter({ lineBytesMax: 4 })
  assert.equal(split(splitter, ['abcdefghij\nk\n']).join(''), `abcd${cutMark}efgh${cutMark}ij\nk\n`)
  assert.equal(split(splitter, ['ab', 'cd', 'e', 'fg\n']).join(''), `abcd${cutMark}efg\n`)
})

test('a line of exactly the limit is not cut', () => {
  assert.deepEqual(split(new LineSplitter({ lineBytesMax: 4 }), ['abcd\nefgh\n', 'ab', 'cd', '\n']), [
    'abcd\nefgh\n',
    'abcd\n',
  ])
})

test('a cut never goes through a character', () => {
  const text = 'aé€😀'.repeat(20)
  for (const lineBytesMax of [4, 5, 6, 7, 8, 9]) {
    const out = split(
      new LineSplitter({ lineBytesMax }),
      [...Buffer.from(`${text}\n`)].map(byte => Buffer.of(byte)),
    )
    assert.equal(out.join('').replaceAll(cutMark, ''), `${text}\n`)
  }
})

test('bytes that are no UTF-8 are cut all the same', () => {
  const splitter = new LineSplitter({ lineBytesMax: 8 })
  const out = splitter.push(Buffer.alloc(20, 0x80))
  assert.equal(out.length, 16 + 2 * cutMark.length)
  assert.equal(splitter.end().length, 5)
})
