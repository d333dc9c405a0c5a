import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { isLoopback } from '../../base/loopback.ts'
import { parseNetwork } from '../../base/network-list.ts'
import { exposure } from '../protection.ts'
import { AllowList } from './allow-list.ts'

describe('the list of who may connect', () => {
  const cases: readonly (readonly [
    networks: readonly string[],
    allowed: readonly string[],
    forbidden: readonly string[],
  ])[] = [
    [[], ['1.2.3.4', '::1'], []],
    [
      ['10.0.0.0/8'],
      ['10.1.2.3', '::ffff:10.1.2.3', '::FFFF:10.1.2.3', '::ffff:a01:203'],
      ['11.0.0.1', '::1', '::ffff:11.0.0.1', '', 'a'],
    ],
    [['10.0.0.7'], ['10.0.0.7', '::ffff:10.0.0.7'], ['10.0.0.8']],
    [['::ffff:10.0.0.0/104'], ['10.255.0.1', '::ffff:10.255.0.1'], ['11.0.0.1']],
    [['2001:db8::/32'], ['2001:db8:1::5', '2001:DB8::1%eth0'], ['2001:db9::1', '32.1.13.184']],
    [
      ['::1', '127.0.0.0/8'],
      ['::1', '127.9.9.9'],
      ['::2', '128.0.0.1'],
    ],
    [['0.0.0.0/0'], ['8.8.8.8', '::ffff:8.8.8.8'], ['2001:db8::1']],
  ]
  for (const [networks, allowed, forbidden] of cases) {
    it(`with ${networks.join(' and ') || 'nothing in it'}`, () => {
      const list = new AllowList(networks)
      for (const address of allowed) assert.equal(list.allows(address), true, address)
      for (const address of forbidden) assert.equal(list.allows(address), false, address)
    })
  }

  it('takes nothing that is no network', () => {
    for (const text of [
      '',
      'a',
      '10.0.0.0/33',
      '::/129',
      '10.0.0/8',
      '10.0.0.0/',
      '::ffff:10.0.0.0/8',
      'fe80::1%eth0',
      '/8',
    ]) {
      assert.throws(() => parseNetwork(text), /expected an address or a network/, text)
    }
  })
})

describe('protected mode', () => {
  const tcp = (host: string) => ({ kind: 'tcp', host, port: 9980 }) as const

  it('knows what other machines reach', () => {
    for (const host of ['127.0.0.1', '127.5.5.5', '::1', 'localhost', '::ffff:127.0.0.1', '::ffff:7f00:1']) {
      assert.equal(isLoopback(host), true, host)
    }
    for (const host of ['', '0.0.0.0', '::', '10.0.0.1', 'example.org', '128.0.0.1', '::ffff:128.0.0.1']) {
      assert.equal(isLoopback(host), false, host)
    }
  })

  it('says what to set', () => {
    assert.equal(exposure(tcp('127.0.0.1'), { hasPassword: false, hasTls: false }), undefined)
    assert.equal(exposure({ kind: 'unix', path: '/x' }, { hasPassword: false, hasTls: false }), undefined)
    assert.equal(exposure(tcp(''), { hasPassword: true, hasTls: true }), undefined)
    const nothing = exposure(tcp('0.0.0.0'), { hasPassword: false, hasTls: false })
    assert.match(
      nothing ?? '',
      /set store\.password, and store\.tls\.cert and store\.tls\.key, or listen on 127\.0\.0\.1/,
    )
    assert.match(exposure(tcp('10.0.0.1'), { hasPassword: false, hasTls: true }) ?? '', /set store\.password, or/)
    assert.match(exposure(tcp('10.0.0.1'), { hasPassword: true, hasTls: false }) ?? '', /set store\.tls\.cert and/)
  })
})
