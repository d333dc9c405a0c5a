import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UpstreamHealth } from './upstream-health.ts'

function stage({ maxFails = 3, failTimeoutMs = 10_000 } = {}) {
  const time = { now: 100_000 }
  const changes: string[] = []
  const health = new UpstreamHealth({
    maxFails,
    failTimeoutMs,
    clock: { now: () => time.now },
    onChange: (isUp, reason) => changes.push(`${isUp ? 'up' : 'down'} ${reason}`),
  })
  const fail = (count: number) => {
    for (let i = 0; i < count; i++) {
      health.begin()
      health.fail('reset')
    }
  }
  return { health, time, changes, fail }
}

test('so many failures in a row take an upstream down, once', () => {
  const { health, changes, fail } = stage()
  fail(2)
  assert.equal(health.canTake, true)
  fail(5)
  assert.equal(health.canTake, false)
  assert.deepEqual(changes, ['down reset'])
})

test('an answer between them, or too long a time, begins the count anew', () => {
  const { health, time, changes, fail } = stage()
  fail(2)
  health.succeed()
  fail(2)
  time.now += 10_001
  fail(2)
  assert.equal(health.canTake, true)
  assert.deepEqual(changes, [])
})

test('after the pause a single request decides', () => {
  const { health, time, changes, fail } = stage()
  fail(3)
  time.now += 9_999
  assert.equal(health.canTake, false)
  time.now += 1
  assert.equal(health.canTake, true)
  assert.equal(health.begin(), true)
  assert.equal(health.canTake, false)
  health.fail('reset')
  assert.equal(health.canTake, false)
  time.now += 10_000
  health.begin()
  health.endProbe()
  assert.equal(health.canTake, true)
  health.begin()
  health.succeed()
  assert.equal(health.begin(), false)
  assert.deepEqual(changes, ['down reset', 'up answered'])
})

test('a request that decides nothing for as long as the pause blocks no other one', () => {
  const { health, time, fail } = stage()
  fail(3)
  time.now += 10_000
  health.begin()
  time.now += 9_999
  assert.deepEqual([health.canTake, health.canBeLastResort], [false, false])
  time.now += 1
  assert.deepEqual([health.canTake, health.canBeLastResort], [true, true])
  health.begin()
  assert.deepEqual([health.canTake, health.canBeLastResort], [false, false])
  health.succeed()
  assert.equal(health.canTake, true)
})

test('a late answer to an older request says that it is up, too', () => {
  const { health, fail } = stage()
  fail(3)
  health.succeed()
  assert.equal(health.canTake, true)
})

test('as the last resort it is asked every second', () => {
  const { health, time, fail } = stage()
  fail(3)
  assert.equal(health.canBeLastResort, false)
  time.now += 1_000
  assert.equal(health.canBeLastResort, true)
  health.begin()
  assert.equal(health.canBeLastResort, false)
  health.fail('reset')
  time.now += 999
  assert.equal(health.canBeLastResort, false)
})

test('what the checks say counts alone, and an event comes only when the whole changes', () => {
  const { health, time, changes, fail } = stage()
  health.setChecked(false, 'check: status 500')
  fail(3)
  time.now += 60_000
  assert.equal(health.canTake, false)
  assert.equal(health.canBeLastResort, false)
  health.setChecked(true, 'check: healthy')
  assert.equal(health.canTake, true)
  assert.deepEqual(changes, ['down check: status 500', 'up check: healthy'])
})

test('maxFails 0 never takes it down', () => {
  const { health, changes, fail } = stage({ maxFails: 0 })
  fail(100)
  assert.equal(health.canTake, true)
  assert.deepEqual(changes, [])
})
