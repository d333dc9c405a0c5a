import assert from 'node:assert/strict'
import { test } from 'node:test'
import { DashboardLinks } from './dashboard-links.ts'

function fakeClock() {
  let now = 0
  return {
    now: () => now,
    date: () => new Date(now),
    advance: (ms: number) => {
      now += ms
    },
  }
}

test('a link signs in once', () => {
  const links = new DashboardLinks(fakeClock())
  const { token } = links.make()
  assert.equal(Buffer.from(token, 'base64url').length, 32)
  assert.equal(links.redeem('another'), false)
  assert.equal(links.redeem(token), true)
  assert.equal(links.redeem(token), false)
})

test('a link is too old after a day', () => {
  const clock = fakeClock()
  const links = new DashboardLinks(clock)
  const [early, late] = [links.make(), links.make()]
  clock.advance(86_400_000 - 1)
  assert.equal(links.redeem(early.token), true)
  clock.advance(1)
  assert.equal(links.redeem(late.token), false)
})

test('of many links the latest hundred are right', () => {
  const links = new DashboardLinks(fakeClock())
  const tokens = Array.from({ length: 150 }, () => links.make().token)
  assert.equal(tokens.filter(token => links.redeem(token)).length, 100)
  assert.equal(links.redeem(tokens.at(-1) ?? ''), false)
})

test('a thousand ended sessions are remembered', () => {
  const links = new DashboardLinks(fakeClock())
  for (let index = 0; index < 1_500; index++) links.signOut(String(index))
  assert.equal(links.signedOut.length, 1_000)
  assert.equal(links.signedOut.at(-1), '1499')
})
