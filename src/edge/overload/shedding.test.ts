import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { nextShare, shareFor } from './shedding.ts'

const targetMs = 30

test('nothing is refused as long as the event loop is in time', () => {
  fc.assert(
    fc.property(fc.double({ min: 0, max: targetMs, noNaN: true }), delay => nextShare(0, delay, targetMs) === 0),
  )
})

test('the share rises with the excess, leaves some to come through, and falls to nothing', () => {
  assert.ok(nextShare(0, 90, targetMs) > nextShare(0, 40, targetMs))
  let share = 0
  for (let turn = 0; turn < 100; turn++) share = nextShare(share, 1000, targetMs)
  assert.ok(share > 0.9 && share < 1)
  let turns = 0
  for (; share > 0; turns++) share = nextShare(share, 0, targetMs)
  // Smoothly: over a second or two.
  assert.ok(turns > 5 && turns < 30, `${turns}`)
})

test('the share that is refused settles at what is too much', () => {
  // The loop is as late as there is more to do than can be done: three times as much.
  let share = 0
  const load = () => 3 * (1 - share)
  for (let turn = 0; turn < 500; turn++) share = nextShare(share, load() > 1 ? 60 * load() : 5, targetMs)
  assert.ok(load() > 0.6 && load() < 1.5, `${load()}`)
})

test('those with a session are refused last', () => {
  const of = (share: number, hasSession: boolean) => shareFor(share, { hasSession, knowsSessions: true })
  assert.deepEqual([of(0.4, true), of(0.4, false)], [0, 0.8])
  assert.deepEqual([of(0.75, true), of(0.75, false)], [0.5, 1])
  assert.equal(shareFor(0.4, { hasSession: false, knowsSessions: false }), 0.4)
})
