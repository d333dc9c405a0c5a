import assert from 'node:assert/strict'
import { test } from 'node:test'
import { createFormat } from './logs.ts'
import { colored, plain } from './terminal.ts'

const line = { time: '2026-01-01T00:00:00.123Z', source: 'web:0', stream: 'stdout', message: 'hello' }

test('a line has its time and its source, and the sources stand in one column', () => {
  const format = createFormat(plain)
  assert.match(format({ ...line, source: 'web:10' }), /^\d{4}-\d\d-\d\d \d\d:\d\d:\d\d\.123 web:10 \| hello$/)
  assert.match(format(line), / web:0 {2}\| hello$/)
})

test("a record of Saola's own log has its time once", () => {
  const message = '2026-01-01 01:00:00.123 info  worker.ready pid=1'
  const format = createFormat(plain)
  assert.match(format({ ...line, source: 'saola', stream: 'log', message }), / saola \| info {2}worker\.ready pid=1$/)
  assert.match(format({ ...line, stream: 'log', message: '    at a (b.ts:1:2)' }), / \| {5}at a \(b\.ts:1:2\)$/)
})

test('on a terminal, stderr has a red bar', () => {
  assert.match(createFormat(colored)({ ...line, stream: 'stderr' }), /\x1b\[31m\|/)
})
