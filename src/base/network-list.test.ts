import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NetworkList, parseNetworks, plainAddress } from './network-list.ts'

test('a name stands for its networks', () => {
  const list = new NetworkList(['loopback', 'private'])
  for (const address of ['127.0.0.1', '::1', '::ffff:10.1.1.1', '172.31.0.1', '192.168.1.1', 'fd00::1']) {
    assert.equal(list.has(address), true, address)
  }
  for (const address of ['172.32.0.1', '8.8.8.8', '2001:db8::1', '', 'loopback', '0.0.0.0', '::']) {
    assert.equal(list.has(address), false, address)
  }
})

test('an IPv4 address in IPv6 form is the IPv4 address, however it is written', () => {
  const forms = [
    '::ffff:10.1.2.3',
    '::FFFF:a01:203',
    '0:0:0:0:0:ffff:10.1.2.3',
    '0::ffff:10.1.2.3',
    '::0:ffff:0a01:0203',
  ]
  for (const form of forms) assert.equal(plainAddress(form), '10.1.2.3', form)
  for (const other of ['2001:db8::ffff:a01:203', '::ffff:a01', '::fffff:a01:203', 'ffff::']) {
    assert.equal(plainAddress(other), other)
  }
})

test('an empty list has nobody, and what is no network is refused', () => {
  assert.equal(new NetworkList([]).has('127.0.0.1'), false)
  for (const text of ['public', 'constructor', 'Loopback'])
    assert.throws(() => parseNetworks(text), /expected an address/)
})
