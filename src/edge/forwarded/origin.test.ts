import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { readOrigin } from './origin.ts'
import { createTrust, parseForwardedAddress } from './trust.ts'

const trust = createTrust(['loopback', '10.0.0.0/8', '2001:db8:1::/48'])
const peer = { address: '127.0.0.1', isTrusted: true }

function read(...raw: string[]) {
  const { address, scheme, host } = readOrigin(raw, peer, trust)
  return [address, scheme, host?.name]
}

test('a header may have the name of a property that every object has', () => {
  for (const name of ['constructor', 'Constructor', 'valueOf', '__proto__', 'hasOwnProperty']) {
    assert.deepEqual(read(name, 'x', 'X-Forwarded-For', '192.0.2.1'), ['192.0.2.1', undefined, undefined], name)
  }
})

test('addresses are read in every form that a proxy writes', () => {
  for (const [text, address] of [
    ['192.0.2.1', '192.0.2.1'],
    [' 192.0.2.1:4711 ', '192.0.2.1'],
    ['"192.0.2.1:4711"', '192.0.2.1'],
    ['::ffff:192.0.2.1', '192.0.2.1'],
    ['[::FFFF:192.0.2.1]:80', '192.0.2.1'],
    ['::ffff:c000:201', '192.0.2.1'],
    ['2001:DB8::1', '2001:db8::1'],
    ['[2001:db8::1]:80', '2001:db8::1'],
    ['fe80::1%eth0', 'fe80::1'],
    ['', undefined],
    ['unknown', undefined],
    ['_hidden', undefined],
    ['192.0.2', undefined],
    ['192.0.2.256', undefined],
    ['0192.0.2.1', undefined],
    ['192.0.2.1:', undefined],
    ['192.0.2.1, 10.0.0.1', undefined],
    ['[2001:db8::1', undefined],
    ['::1:80:x', undefined],
    ['1'.repeat(1000), undefined],
  ] as const) {
    assert.equal(parseForwardedAddress(text), address, text)
  }
})

test('the client is the nearest that is not trusted', () => {
  for (const [list, client] of [
    ['192.0.2.1', '192.0.2.1'],
    ['6.6.6.6, 192.0.2.1, 10.0.0.1', '192.0.2.1'],
    ['192.0.2.1,10.0.0.1,::ffff:10.0.0.2', '192.0.2.1'],
    ['10.0.0.1, 10.0.0.2', '10.0.0.1'],
    ['6.6.6.6, nonsense', '127.0.0.1'],
    ['6.6.6.6, nonsense, 10.0.0.1', '10.0.0.1'],
    ['6.6.6.6, ', '127.0.0.1'],
    [Array.from({ length: 100 }, () => '10.0.0.1').join(), '10.0.0.1'],
    [`6.6.6.6, ${Array.from({ length: 100 }, () => '10.0.0.1').join()}`, '10.0.0.1'],
  ] as const) {
    assert.deepEqual(read('X-Forwarded-For', list), [client, undefined, undefined], list)
  }
})

test('scheme and host are those of the client, where the lists are as long', () => {
  const addresses = ['X-Forwarded-For', '6.6.6.6, 192.0.2.1, 10.0.0.1']
  assert.deepEqual(read(...addresses, 'X-Forwarded-Proto', 'HTTPS'), ['192.0.2.1', 'https', undefined])
  assert.deepEqual(read(...addresses, 'X-Forwarded-Proto', 'http, https, http'), ['192.0.2.1', 'https', undefined])
  assert.deepEqual(read(...addresses, 'X-Forwarded-Proto', 'https, http'), ['192.0.2.1', 'http', undefined])
  assert.deepEqual(read(...addresses, 'X-Forwarded-Proto', 'gopher'), ['192.0.2.1', undefined, undefined])
  assert.deepEqual(read('X-Forwarded-Host', 'evil, Example.com:443'), ['127.0.0.1', undefined, 'example.com'])
  assert.deepEqual(read('X-Forwarded-Host', 'a/b'), ['127.0.0.1', undefined, undefined])
})

test('Forwarded counts where X-Forwarded-* is not there', () => {
  const forwarded = [
    'Forwarded',
    'for=6.6.6.6;host=evil, For="[2001:db8::7]:1";Proto=https;Host="a.example", for=10.0.0.1',
  ]
  assert.deepEqual(read(...forwarded), ['2001:db8::7', 'https', 'a.example'])
  assert.deepEqual(read(...forwarded, 'X-Forwarded-For', '192.0.2.1'), ['192.0.2.1', undefined, undefined])
  assert.deepEqual(read('Forwarded', 'for=unknown'), ['127.0.0.1', undefined, undefined])
  assert.deepEqual(read('Forwarded', ';;=;for'), ['127.0.0.1', undefined, undefined])
})

test('no list that a client invents makes it a trusted address', () => {
  const element = fc.oneof(fc.ipV4(), fc.ipV6(), fc.string(), fc.constant('10.0.0.1'))
  fc.assert(
    fc.property(fc.array(element, { maxLength: 20 }), fc.ipV4(), (invented, client) => {
      fc.pre(!trust.has(client))
      // The one trusted proxy has added, at the right, whom it was asked by.
      assert.equal(read('X-Forwarded-For', [...invented, client].join(', '))[0], client)
    }),
  )
})
