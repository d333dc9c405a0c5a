import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linePattern } from './line-pattern.ts'

test('a text is looked for as it is', () => {
  const holds = linePattern('ready. [1]')
  assert.deepEqual(['now ready. [1]!', 'ready! 1', ''].map(holds), [true, false, false])
})

test('a text between slashes is a pattern, with its flags', () => {
  const holds = linePattern('/^listening on \\d+$/i')
  assert.deepEqual(['Listening on 80', 'listening on', 'xlistening on 80'].map(holds), [true, false, false])
  assert.equal(linePattern('/')('a/b'), true)
  assert.equal(linePattern('/run/x.sock')('at /run/x.sock'), true)
})

test('a pattern says the same of the same line each time', () => {
  const holds = linePattern('/a/g')
  assert.deepEqual(['a', 'a', 'a'].map(holds), [true, true, true])
})

test('a pattern that is none is refused with the reason', () => {
  assert.throws(() => linePattern('/(/'), {
    code: 'ERR_CONFIG_INVALID',
    message: 'expected a text or a pattern, got "/(/" (Unterminated group)',
  })
  assert.throws(() => linePattern('/a/q'), /got "\/a\/q" \(.*flags.*\)$/)
})

test('only the beginning of a line is looked at', () => {
  assert.equal(linePattern('end')(`${'x'.repeat(20_000)}end`), false)
  assert.equal(linePattern('/end$/')(`${'x'.repeat(20_000)}end`), false)
})
