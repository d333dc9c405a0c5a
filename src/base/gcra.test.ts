import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { isTokenRateExact, returnTokens, settledAfterUs, type TokenDebt, type TokenRate, takeTokens } from './gcra.ts'

const rates: fc.Arbitrary<TokenRate> = fc
  .record({
    count: fc.integer({ min: 1, max: 1_000_000 }),
    periodUs: fc.constantFrom(1e6, 60e6, 3600e6, 86_400e6),
    burst: fc.integer({ min: 1, max: 50_000 }),
  })
  .filter(isTokenRateExact)

const takes = fc.array(
  fc.record({ afterUs: fc.integer({ min: 0, max: 5_000_000 }), needed: fc.nat(200), ahead: fc.nat(50) }),
  { maxLength: 60 },
)

test('in any time no more is given than the burst and the rate allow', () => {
  fc.assert(
    fc.property(rates, takes, fc.integer({ min: 1, max: 8 }), (rate, steps, sharers) => {
      let debt: TokenDebt | undefined
      let nowUs = 1_763_720_000_000_000
      const given: { at: number; tokens: number }[] = []
      for (const { afterUs, needed, ahead } of steps) {
        nowUs += afterUs
        const taken = takeTokens(rate, debt, { nowUs, needed, ahead, sharers })
        debt = taken.debt
        given.push({ at: nowUs, tokens: taken.granted })
        assert.ok(taken.left >= 0 && taken.granted <= needed + ahead)
        assert.equal(taken.left === 0, taken.waitUs > 0)
      }
      for (let from = 0; from < given.length; from++) {
        let sum = 0n
        for (let to = from; to < given.length; to++) {
          sum += BigInt(given[to]?.tokens ?? 0)
          const elapsed = BigInt((given[to]?.at ?? 0) - (given[from]?.at ?? 0))
          const periodUs = BigInt(rate.periodUs)
          assert.ok(sum * periodUs <= BigInt(rate.burst) * periodUs + elapsed * BigInt(rate.count))
        }
      }
    }),
  )
})

test('a token is there exactly when the wait is over, and all of them when nothing is owed', () => {
  fc.assert(
    fc.property(rates, fc.nat(60_000), (rate, needed) => {
      const taken = takeTokens(rate, undefined, { nowUs: 0, needed: rate.burst + needed })
      assert.equal(taken.granted, rate.burst)
      const early = takeTokens(rate, taken.debt, { nowUs: taken.waitUs - 1, needed: 1 })
      assert.equal(early.granted, 0)
      assert.equal(takeTokens(rate, taken.debt, { nowUs: taken.waitUs, needed: 1 }).granted, 1)
      const nowUs = settledAfterUs(rate, taken.debt)
      assert.equal(takeTokens(rate, taken.debt, { nowUs, needed: rate.burst }).granted, rate.burst)
    }),
  )
})

test('a clock that is set back neither gives nor takes', () => {
  const rate = { count: 1, periodUs: 1e6, burst: 3 }
  const { debt } = takeTokens(rate, undefined, { nowUs: 9e6, needed: 3 })
  const back = takeTokens(rate, debt, { nowUs: 1e6, needed: 1 })
  assert.deepEqual([back.granted, back.waitUs], [0, 1e6])
  assert.equal(takeTokens(rate, back.debt, { nowUs: 2e6, needed: 1 }).granted, 1)
})

test('what is given back can be taken again, and no more than there can be', () => {
  const rate = { count: 1, periodUs: 1e6, burst: 5 }
  const { debt } = takeTokens(rate, undefined, { nowUs: 0, needed: 5 })
  assert.equal(takeTokens(rate, returnTokens(rate, debt, 0, 2), { nowUs: 0, needed: 9 }).granted, 2)
  assert.equal(takeTokens(rate, returnTokens(rate, debt, 0, 50), { nowUs: 0, needed: 9 }).granted, 5)
})
