import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type Address, formatAddress, localAuthority, parseAddress } from './address.ts'

const port = fc.integer({ min: 0, max: 65_535 })
const host = fc.oneof(fc.ipV4(), fc.ipV6(), fc.domain(), fc.constant('localhost'), fc.constant(''))
const anyAddress: fc.Arbitrary<Address> = fc.oneof(
  fc.record({ kind: fc.constant('tcp' as const), host, port }, { noNullPrototype: true }),
  fc.record(
    { kind: fc.constant('unix' as const), path: fc.stringMatching(/^\/?[a-z. #%]{1,20}$/) },
    { noNullPrototype: true },
  ),
  fc.record({ kind: fc.constant('fd' as const), fd: fc.nat({ max: 1_000_000 }) }, { noNullPrototype: true }),
  fc.record(
    { kind: fc.constant('systemd' as const), name: fc.stringMatching(/^[a-z.@-]{1,20}$/) },
    { noNullPrototype: true },
  ),
)

describe('listen addresses', () => {
  it('are read in every form that the documentation has', () => {
    assert.deepEqual(parseAddress('127.0.0.1:8000'), { kind: 'tcp', host: '127.0.0.1', port: 8000 })
    assert.deepEqual(parseAddress(':8000'), { kind: 'tcp', host: '', port: 8000 })
    assert.deepEqual(parseAddress('8000'), { kind: 'tcp', host: '', port: 8000 })
    assert.deepEqual(parseAddress('[::1]:8000'), { kind: 'tcp', host: '::1', port: 8000 })
    assert.deepEqual(parseAddress('[fe80::1%eth0]:80'), { kind: 'tcp', host: 'fe80::1%eth0', port: 80 })
    assert.deepEqual(parseAddress('unix:/run/shop.sock'), { kind: 'unix', path: '/run/shop.sock' })
    assert.deepEqual(parseAddress('unix:///run/shop.sock'), { kind: 'unix', path: '/run/shop.sock' })
    assert.deepEqual(parseAddress('unix:run/shop.sock'), { kind: 'unix', path: 'run/shop.sock' })
    assert.deepEqual(parseAddress('fd://3'), { kind: 'fd', fd: 3 })
    assert.deepEqual(parseAddress('systemd:web'), { kind: 'systemd', name: 'web' })
  })

  it('that are none are refused with the forms that there are', () => {
    const wrong = [
      '',
      'localhost',
      '1.2.3.4:',
      ':65536',
      'a:b',
      '::1:80',
      '[::1]',
      'http://x:80',
      'unix:',
      'fd://x',
      'a b:1',
    ]
    for (const text of wrong) {
      assert.throws(() => parseAddress(text), { code: 'ERR_ADDRESS_INVALID', message: /^expected .*, got "/ }, text)
    }
  })

  it('come back as they were written', () => {
    fc.assert(
      fc.property(anyAddress, address => {
        assert.deepEqual(parseAddress(formatAddress(address)), address)
      }),
    )
  })
})

describe('localAuthority', () => {
  it('names every interface localhost, and leaves one interface as it is', () => {
    for (const label of ['0.0.0.0:8000', '[::]:8000', ':8000']) assert.equal(localAuthority(label), 'localhost:8000')
    for (const label of ['127.0.0.1:8000', '[::1]:8000', 'shop.example:80']) assert.equal(localAuthority(label), label)
  })

  it('knows none for what has no port', () => {
    for (const label of ['unix:/run/shop.sock', 'fd://3', 'systemd:web']) assert.equal(localAuthority(label), undefined)
  })
})
