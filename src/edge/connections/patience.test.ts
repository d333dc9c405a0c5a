import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { createPatience, spend } from './patience.ts'

/** When it is over, in milliseconds, for a client of whose bytes so many come each second; undefined: not in an hour. */
function endOf(patience: ReturnType<typeof createPatience>, bytesAt: (second: number) => number): number | undefined {
  let creditMs = patience.fullMs
  for (let second = 1; second <= 3600; second++) {
    creditMs = spend(patience, creditMs, 1000, bytesAt(second))
    if (creditMs === 0) return second * 1000
  }
  return undefined
}

const patience = createPatience(60_000, 500)

test('one that stands still is cut after the idle timeout', () => {
  assert.equal(
    endOf(patience, () => 0),
    60_000,
  )
})

test('an honest client of 10 KB/s is never cut, also when its bytes come in lumps of half a minute', () => {
  assert.equal(
    endOf(patience, () => 10_000),
    undefined,
  )
  assert.equal(
    endOf(patience, second => (second % 30 === 0 ? 300_000 : 0)),
    undefined,
  )
})

test('whoever keeps the least rate is never cut, however unevenly, if no gap is as long as the idle timeout', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 29 }), { minLength: 1, maxLength: 50 }), gaps => {
      const bytes: number[] = []
      for (const gap of gaps) bytes.push(...Array<number>(gap - 1).fill(0), gap * 500)
      assert.equal(
        endOf(patience, second => bytes[(second - 1) % bytes.length] ?? 0),
        undefined,
      )
    }),
  )
})

test('a byte now and then buys next to nothing', () => {
  const end = endOf(patience, () => 1)
  assert.ok(end !== undefined && end < 62_000, `${end}`)
  const half = endOf(patience, () => 250)
  assert.ok(half !== undefined && half <= 121_000, `${half}`)
})

test('without a least rate any progress is enough', () => {
  const patient = createPatience(60_000, 0)
  assert.equal(
    endOf(patient, second => (second % 59 === 0 ? 1 : 0)),
    undefined,
  )
  assert.equal(
    endOf(patient, () => 0),
    60_000,
  )
})

test('nobody saves up more than the idle timeout', () => {
  assert.equal(spend(patience, 60_000, 1000, 1e12), 60_000)
})
