import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { PasswordGuard } from './password-guard.ts'

function guard() {
  const lines: Record<string, unknown>[] = []
  const clock = { now: 0 }
  const made = new PasswordGuard('secret', { log: (_event, fields) => lines.push(fields), now: () => clock.now })
  const check = (password: string, address = '10.0.0.1:5', user = 'default') =>
    made.check(user, Buffer.from(password), address)
  return { lines, clock, check }
}

describe('a password', () => {
  it('is right as a whole only, and for the only user', () => {
    const { check } = guard()
    assert.equal(check('secret').isRight, true)
    for (const wrong of ['', 'secre', 'secrets', 'SECRET', 'secret\0']) assert.equal(check(wrong).isRight, false, wrong)
    assert.equal(check('secret', '10.0.0.1:5', 'admin').isRight, false)
  })

  it('that is wrong again and again is answered later and later, whatever connection it comes over', () => {
    const { check, clock } = guard()
    const delays = Array.from({ length: 10 }, (_, i) => check('x', `10.0.0.1:${i}`).delayMs)
    assert.deepEqual(delays, [50, 100, 200, 400, 800, 1600, 3000, 3000, 3000, 3000])
    assert.equal(check('x', '10.0.0.2:1').delayMs, 50)
    clock.now += 60_000
    assert.equal(check('x').delayMs, 50)
  })

  it('that is wrong counts for the whole network of an IPv6 address', () => {
    const { check } = guard()
    const from = ['[2001:db8:0:7::1]:1', '[2001:db8::7:a:b:c:d]:1', '[2001:db8:0:7:1:2:3:4]:9', '[2001:db8:0:8::1]:1']
    assert.deepEqual(
      from.map(address => check('x', address).delayMs),
      [50, 100, 200, 50],
    )
  })

  it('that is wrong is told once a minute, with the address', () => {
    const { check, lines, clock } = guard()
    for (let i = 0; i < 50; i++) check('x')
    assert.deepEqual(lines, [{ address: '10.0.0.1:5', count: 1 }])
    clock.now += 60_000
    check('x')
    assert.equal(lines.length, 2)
  })

  it('of many senders does not fill the memory', () => {
    const { check } = guard()
    check('x', '9.9.9.9:1')
    for (let i = 0; i < 5_000; i++) check('x', `10.${i >> 8}.${i & 255}.1:1`)
    // It has been forgotten: there is room for a thousand.
    assert.equal(check('x', '9.9.9.9:1').delayMs, 50)
  })
})
