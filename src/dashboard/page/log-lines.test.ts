import assert from 'node:assert/strict'
import { test } from 'node:test'
import { appendLines, filterLines, gapLine, readLine } from './log-lines.ts'

function read(message: string, stream = 'stdout') {
  return readLine(1, { time: '2026-03-04T14:03:22.120Z', source: 'web:0', stream, message })
}

test("a line of Saola's own log is its event, and its fields behind it", () => {
  const line = read(
    '{"time":"2026-03-04T14:03:22.120Z","level":"warn","event":"log.dropped","source":"web:0","lines":12}',
  )
  assert.deepEqual([line.level, line.text, line.fields], ['warn', 'log.dropped', 'source=web:0 lines=12'])
})

test("a line of Saola's own log for people is read like one of JSON, and only when it is its own", () => {
  const message = '2026-11-22 00:15:00.007 error cron.failed name=often reason="exited with code 1"'
  const line = readLine(1, { time: '2026-11-22T00:15:00.007Z', source: 'saola', stream: 'log', message })
  assert.deepEqual(
    [line.level, line.text, line.fields],
    ['error', 'cron.failed', 'name=often reason="exited with code 1"'],
  )
  assert.equal(read(message).text, message)
})

test('a record of an application is its message, with levels that are numbers or have other names', () => {
  const line = read('{"level":50,"msg":"no such order","order":{"id":7},"why":"it was \\"lost\\""}')
  assert.deepEqual(
    [line.level, line.text, line.fields],
    ['error', 'no such order', 'order={"id":7} why="it was \\"lost\\""'],
  )
  assert.equal(read('{"level":"warning","message":"x"}').level, 'warn')
  assert.equal(read('{"level":"constructor","message":"x"}').level, 'info')
})

test('what is no record is shown as it came, without colours, and what was written to stderr is a warning', () => {
  const line = read('\u001b[31mError: boom\u001b[0m', 'stderr')
  assert.deepEqual([line.level, line.text, line.fields], ['warn', 'Error: boom', ''])
  for (const message of ['{"a":1', '{}', '{"level":30}', '[1]', '{not json}']) assert.equal(read(message).text, message)
})

test('a filter takes lines with all words, of a level and above, and leaves gaps where they are', () => {
  const lines = [read('GET /orders'), read('{"level":"error","msg":"GET failed"}'), gapLine(3, 42, 0)]
  const filtered = (text: string, least: 'debug' | 'error') =>
    filterLines(lines, { text, least }).map(({ text }) => text)
  const gap = '42 lines were left out: they came too fast.'
  assert.deepEqual(filtered('get web:0', 'debug'), ['GET /orders', 'GET failed', gap])
  assert.deepEqual(filtered('get orders', 'debug'), ['GET /orders', gap])
  assert.deepEqual(filtered('', 'error'), ['GET failed', gap])
  const record = read('{"msg":"run","name":"often"}')
  assert.deepEqual(filterLines([record], { text: 'name=often', least: 'debug' }), [record])
  assert.equal(filterLines(lines, { text: ' ', least: 'debug' }), lines)
})

test('only the latest lines are kept', () => {
  const lines = Array.from({ length: 6 }, (_, id) => gapLine(id, 1, 0))
  const ids = appendLines(lines.slice(0, 4), lines.slice(4), 5).map(({ id }) => id)
  assert.deepEqual(ids, [1, 2, 3, 4, 5])
  assert.equal(appendLines(lines, lines, 3).length, 3)
})
