import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ServerError } from '../../base/errors.ts'
import { parseIni } from './ini.ts'

function values(text: string, section = 'a'): Record<string, string> {
  const found = parseIni([{ file: 'x.conf', text }]).find(({ name }) => name === section)
  return Object.fromEntries([...(found?.entries.values() ?? [])].map(({ key, value }) => [key, value]))
}

test("values are read as Python's RawConfigParser reads them for supervisord", () => {
  assert.deepEqual(
    values(`
; a comment
# another
[a]   ; behind a blank
Key = value ; said about it
colon: x=y
url=http://host:80/a;b#c
hash = a # b
empty =
percent = 100%%
`),
    { key: 'value', colon: 'x=y', url: 'http://host:80/a;b#c', hash: 'a', empty: '', percent: '100%%' },
  )
})

test('what is set in further than its key continues the value, across comments and empty lines', () => {
  assert.deepEqual(
    values(`[a]
command = one
    two ; a comment
    ; a whole line of it

    three
  key = of the value before
other = x`),
    { command: 'one\ntwo\n\nthree\nkey = of the value before', other: 'x' },
  )
  assert.deepEqual(values('  [a]\n  b = 1\n  c = 2\n    d = 3\n'), { b: '1', c: '2\nd = 3' })
})

test('a section that comes again adds to the first, and the last value counts', () => {
  const sections = parseIni([
    { file: 'x.conf', text: '[a]\nb=1\nc=1\n[b]\n[a]\nb=2' },
    { file: 'y.conf', text: '[a]\nc=3' },
  ])
  assert.deepEqual(
    sections.map(({ name, entries }) => [
      name,
      [...entries.values()].map(({ value, file, line }) => [value, file, line]),
    ]),
    [
      [
        'a',
        [
          ['2', 'x.conf', 6],
          ['3', 'y.conf', 2],
        ],
      ],
      ['b', []],
    ],
  )
})

test('every line that is none is named', () => {
  assert.throws(
    () => parseIni([{ file: 'x.conf', text: 'b=1\n[a]\nnothing\n=2\nc=3' }]),
    (error: ServerError) => {
      assert.equal(error.code, 'ERR_IMPORT_UNREADABLE')
      assert.deepEqual(error.problems, [
        'x.conf:1 expected a [section] first, got "b=1".',
        'x.conf:3 expected key=value, got "nothing".',
        'x.conf:4 expected key=value, got "=2".',
      ])
      return true
    },
  )
})
