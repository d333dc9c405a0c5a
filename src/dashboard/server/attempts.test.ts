import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Attempts } from './attempts.ts'

test('ten wrong attempts are taken, and then one in ten seconds', () => {
  let now = 0
  const attempts = new Attempts(() => now)
  for (let times = 0; times < 10; times++) assert.equal(attempts.begin('10.0.0.1'), 0)
  assert.equal(attempts.begin('10.0.0.1'), 10)
  assert.equal(attempts.begin('10.0.0.2'), 0, 'others are not kept out')
  now = 10_000
  assert.equal(attempts.begin('10.0.0.1'), 0)
  assert.equal(attempts.begin('10.0.0.1'), 10)
})

test('right ones do not count', () => {
  const attempts = new Attempts(() => 0)
  for (let times = 0; times < 100; times++) {
    assert.equal(attempts.begin('unix'), 0)
    attempts.forgive('unix')
  }
})

test('who has a network of IPv6 has one address', () => {
  const attempts = new Attempts(() => 0)
  for (let times = 0; times < 10; times++) assert.equal(attempts.begin(`2001:db8::${times}`), 0)
  assert.equal(attempts.begin('2001:db8:0:0:1:2:3:4'), 10)
  assert.equal(attempts.begin('2001:db8:0:1::1'), 0)
  assert.equal(attempts.begin('::ffff:10.0.0.1'), 0)
})
