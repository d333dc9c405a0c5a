import assert from 'node:assert/strict'
import { test } from 'node:test'
import { singleFlight } from './single-flight.ts'

test('a work is done once for all who ask meanwhile, and for a while after', async () => {
  let now = 0
  let works = 0
  const ask = singleFlight(async () => ++works, { keepMs: 250, now: () => now })
  assert.deepEqual(await Promise.all([ask(), ask(), ask()]), [1, 1, 1])
  now = 249
  assert.equal(await ask(), 1)
  now = 250
  assert.equal(await ask(), 2)
})

test('with nothing to keep it is done anew for who comes after it', async () => {
  let works = 0
  const ask = singleFlight(async () => ++works, { keepMs: 0, now: () => 0 })
  assert.deepEqual(await Promise.all([ask(), ask()]), [1, 1])
  assert.equal(await ask(), 2)
})

test('a failure is told to all who wait for it, and not kept', async () => {
  let works = 0
  const work = async () => {
    if (++works === 1) throw new Error('broken')
    return works
  }
  const ask = singleFlight(work, { keepMs: 250, now: () => 0 })
  const results = await Promise.allSettled([ask(), ask()])
  assert.deepEqual(
    results.map(({ status }) => status),
    ['rejected', 'rejected'],
  )
  assert.equal(await ask(), 2)
})
