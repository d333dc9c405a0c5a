import assert from 'node:assert/strict'
import { test } from 'node:test'
import { addLongDoubles, formatLongDouble, type LongDouble, longDoubleOf } from './long-double.ts'

test('sums have the digits that 64 bits of mantissa give', () => {
  assert.equal(sum('0.1', '0.2'), '0.3')
  assert.equal(sum('3.0e3', '200'), '3200')
  assert.equal(sum('-1.5', '1.5'), '0')
  assert.equal(sum('5.0e3', '0x10'), '5016')
  // As redis-server 7.0.15 on x86-64 answers: the 65th bit is lost.
  assert.equal(sum('9223372036854775807', '1'), '9223372036854775808')
  assert.equal(sum('18446744073709551615', '2'), '18446744073709551616')
  assert.equal(sum('1e-18', '0'), '0')
  assert.equal(sum('6e-18', '0'), '0.00000000000000001')
})

test('what is no number, or too large to be held, is not read', () => {
  for (const text of ['', ' 1', '1 ', 'x', '.', 'e5', '1e', 'nan', '1e5000', '1e-5000', '1'.repeat(6000)]) {
    assert.equal(longDoubleOf(text), undefined, text)
  }
  assert.equal(longDoubleOf('-Infinity'), '-inf')
  const largest = longDoubleOf('1e4932') as LongDouble
  assert.equal(addLongDoubles(largest, largest), undefined)
})

function sum(one: string, other: string): string {
  return formatLongDouble(
    addLongDoubles(longDoubleOf(one) as LongDouble, longDoubleOf(other) as LongDouble) as LongDouble,
  )
}
