import assert from 'node:assert/strict'
import { test } from 'node:test'
import { startWork } from '../../../test/support/busy-machine.ts'
import { formatJson } from './format-json.ts'

test('JSON is shown with a part in a line, and every part stays as it was written', () => {
  const value = { a: [1, { b: 'x, {y}: [z] \\"' }], c: [], d: {}, e: null, '': 'ü' }
  assert.equal(formatJson(JSON.stringify(value)), JSON.stringify(value, undefined, 2))
  assert.equal(formatJson('{"n":12345678901234567890,"n":1e2}'), '{\n  "n": 12345678901234567890,\n  "n": 1e2\n}')
  for (const plain of ['1', '"a:b"', 'null', '[]', 'a  b', '"cut  off']) assert.equal(formatJson(plain), plain)
})

test('a megabyte of brackets takes no longer than a megabyte of anything', () => {
  const workMs = startWork()
  formatJson(`${'['.repeat(500)}${'"\\\\",'.repeat(10_000)}1${']'.repeat(500)}`)
  assert.ok(workMs() < 1_000)
})
