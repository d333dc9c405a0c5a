import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createNameTable } from './name-table.ts'

const table = createNameTable([
  ['shop.example', 'shop'],
  ['*.shop.example', 'wild'],
  ['www.shop.example', 'www'],
  ['WWW.shop.example', 'second'],
  ['2001:db8:0:0::1', 'v6'],
  ['10.0.0.1', 'v4'],
])

const cases = {
  'shop.example': 'shop',
  'SHOP.Example.': 'shop',
  'api.shop.example': 'wild',
  'www.shop.example': 'www',
  'a.b.shop.example': undefined,
  '.shop.example': undefined,
  'xshop.example': undefined,
  '10.0.0.1': 'v4',
  '[2001:DB8::1]': 'v6',
  '2001:db8::0001': 'v6',
  __proto__: undefined,
  '': undefined,
}

for (const [name, expected] of Object.entries(cases)) {
  test(`${JSON.stringify(name)} is ${expected ?? 'nobody'}`, () => assert.equal(table.find(name), expected))
}

test('a wildcard of an address is none', () => {
  assert.equal(createNameTable([['*.0.0.1', 'x']]).find('10.0.0.1'), undefined)
})

test('no name, however odd, makes it throw or find a foreign entry', () => {
  const odd = fc.oneof(
    fc.string({ unit: 'binary' }),
    fc.string({ unit: fc.constantFrom('.', '*', '[', ']', ':', 'a') }),
  )
  fc.assert(fc.property(odd, name => table.find(name) === undefined || /^[^.]+\.shop\.example\.?$/i.test(name)))
})
