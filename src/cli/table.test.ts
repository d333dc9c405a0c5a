import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cut, formatTable } from './table.ts'
import { colored } from './terminal.ts'

const columns = [{ title: 'NAME' }, { title: 'PID', align: 'right' }, { title: 'LAST EXIT' }] as const

test('a column is as wide as its widest cell, and numbers stand at the right', () => {
  const rows = [
    ['web:0', '4211', ''],
    ['legacy-worker:12', '7', 'killed by SIGKILL'],
  ]
  assert.deepEqual(formatTable({ columns, rows }), [
    'NAME               PID  LAST EXIT',
    'web:0             4211',
    'legacy-worker:12     7  killed by SIGKILL',
  ])
})

test('no line is longer than the terminal: what stands at the right is cut, and says so', () => {
  const rows = [['web:0', '4211', 'blocked 30.0s in parseCsv']]
  assert.deepEqual(formatTable({ columns, rows, width: 24 }), ['NAME    PID  LAST EXIT', 'web:0  4211  blocked 30…'])
  for (let width = 1; width < 60; width++) {
    for (const line of formatTable({ columns, rows, width })) assert.ok(line.length <= width, `${width}: ${line}`)
  }
})

test('colours count for nothing in the width of a column', () => {
  const rows = [
    [{ text: 'web:0', style: 'red' } as const, '1', 'x'],
    ['web:10', '2', 'y'],
  ]
  const [, first, second] = formatTable({ columns, rows, paint: colored })
  assert.equal(first, '\x1b[31mweb:0 \x1b[39m    1  x')
  assert.equal(second, 'web:10    2  y')
})

test('a table without rows has its titles', () => {
  assert.deepEqual(formatTable({ columns, rows: [] }), ['NAME  PID  LAST EXIT'])
})

test('a text that fits is left as it is', () => {
  assert.deepEqual([cut('abc', 3), cut('abcd', 3), cut('abcd', 0)], ['abc', 'ab…', ''])
})
