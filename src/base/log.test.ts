import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createLog, formatJson, formatPretty, type LogFields, type LogRecord } from './log.ts'

const time = new Date(2026, 10, 21, 1, 20, 14, 7)
const plain = { color: false }

function record(fields: LogFields, level: LogRecord['level'] = 'info'): LogRecord {
  return { time, level, event: 'worker.ready', fields }
}

test('a log writes records of its level and above, with the time of the clock', () => {
  const records: LogRecord[] = []
  const log = createLog({ level: 'warn', write: r => records.push(r), clock: { now: () => 0, date: () => time } })
  log.debug('a')
  log.info('b')
  log.warn('c', { pid: 1 })
  log.error('d')
  assert.deepEqual(records, [
    { time, level: 'warn', event: 'c', fields: { pid: 1 } },
    { time, level: 'error', event: 'd', fields: {} },
  ])
})

test('a pretty record is time, level, event and fields on one line', () => {
  assert.equal(
    formatPretty(record({ pid: 4211, bootMs: 412, old: undefined, isFirst: true }), plain),
    '2026-11-21 01:20:14.007 info  worker.ready pid=4211 bootMs=412 isFirst=true',
  )
})

test('a pretty value is quoted when it could be read as something else', () => {
  const line = formatPretty(record({ a: 'two words', b: 'x=1', c: 'say "no"', d: '', e: 'Zürich', f: '/a:b' }), plain)
  assert.ok(line.endsWith(' a="two words" b="x=1" c="say \\"no\\"" d="" e=Zürich f=/a:b'), line)
})

test('colours are only there when they are asked for', () => {
  assert.ok(formatPretty(record({ pid: 1 }), { color: true }).includes('\x1b[1mworker.ready\x1b[0m'))
  assert.ok(!formatPretty(record({ pid: 1 }), plain).includes('\x1b'))
})

test('a stack stands indented below its pretty line', () => {
  const line = formatPretty(record({ stack: 'Error: no\n    at a (b.ts:1:2)\n', pid: 1 }, 'error'), plain)
  assert.equal(line, '2026-11-21 01:20:14.007 error worker.ready pid=1\n    Error: no\n        at a (b.ts:1:2)')
})

test('a JSON record has its own names first, and no field takes their place', () => {
  const line = formatJson(record({ pid: 4211, level: 'forged', gone: undefined }))
  assert.equal(line, `{"time":"${time.toISOString()}","level":"info","event":"worker.ready","pid":4211}`)
})

test('whatever a value holds, a record is one line without control characters', () => {
  const anyText = fc.string({ unit: 'binary' })
  fc.assert(
    fc.property(anyText, anyText, (a, b) => {
      const fields = { a, b }
      assert.doesNotMatch(formatPretty(record(fields), plain), /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      const json = formatJson(record(fields))
      assert.doesNotMatch(json, /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u)
      assert.equal(JSON.parse(json).a, a)
    }),
  )
})

test('a level that is set later holds from then on', () => {
  const events: string[] = []
  const log = createLog({ level: 'warn', write: record => events.push(record.event) })
  log.info('before')
  log.setLevel('debug')
  log.debug('after')
  assert.deepEqual(events, ['after'])
})

test('on a terminal, frames of Node and of packages are dimmed', () => {
  const stack = [
    'Error: no',
    '    at own (file:///srv/app/src/app.ts:1:2)',
    '    at pkg (/srv/app/node_modules/x/index.js:1:2)',
    '    at file:///srv/app/node_modules/x/index.js:1:2',
    '    at Module.load (node:internal/x:1:2)',
    '    at async node:internal/x:1:2',
  ]
  const lines = formatPretty(record({ stack: stack.join('\n') }, 'error'), { color: true })
    .split('\n')
    .slice(1)
  assert.deepEqual(
    lines.map(line => line.includes('\x1b[2m')),
    [false, false, true, true, true, true],
  )
})
