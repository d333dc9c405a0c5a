import assert from 'node:assert/strict'
import { test } from 'node:test'
import { childStatus } from '../../test/support/tree-status.ts'
import { RequestRates } from './request-rates.ts'

test('requests a second are measured from count to count, whenever one looks', () => {
  const rates = new RequestRates()
  rates.update([childStatus({ requests: 100, beatAgeMs: 900 })], 10_000)
  assert.equal(rates.of(childStatus()), undefined)
  // Counted one second after the last count, and seen 0.2 s after the last look.
  rates.update([childStatus({ requests: 600, beatAgeMs: 100 })], 10_200)
  assert.equal(rates.of(childStatus()), 500)
})

test('a worker that has told no figures yet has no rate', () => {
  const rates = new RequestRates()
  for (const now of [0, 1_000]) rates.update([childStatus({ rssBytes: 0, beatAgeMs: 0 })], now)
  assert.equal(rates.of(childStatus()), undefined)
})

test('a look that finds no new count keeps the rate', () => {
  const rates = new RequestRates()
  rates.update([childStatus({ requests: 0, beatAgeMs: 0 })], 0)
  rates.update([childStatus({ requests: 50, beatAgeMs: 0 })], 1_000)
  rates.update([childStatus({ requests: 50, beatAgeMs: 803 })], 1_800)
  assert.equal(rates.of(childStatus()), 50)
})

test('a worker that is blocked answers nothing, and one that was replaced begins anew', () => {
  const rates = new RequestRates()
  rates.update([childStatus({ requests: 0, beatAgeMs: 0 })], 0)
  rates.update([childStatus({ requests: 50, beatAgeMs: 0 })], 1_000)
  assert.equal(rates.of(childStatus({ beatAgeMs: 4_000 })), 0)
  rates.update([childStatus({ requests: 3, beatAgeMs: 0, pid: 77 })], 2_000)
  assert.equal(rates.of(childStatus({ pid: 77 })), undefined)
  assert.equal(rates.of(childStatus()), undefined)
})
