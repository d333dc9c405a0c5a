import assert from 'node:assert/strict'
import { test } from 'node:test'
import { status } from '../../test/support/metrics-look.ts'
import { openHealthAnswers } from './health-answers.ts'

test('any number of probes costs the supervisor four answers a second', async () => {
  let now = 0
  let asked = 0
  const count = async () => {
    asked++
    return status
  }
  const health = openHealthAnswers(count, { workers: 1 }, () => now)
  for (; now < 1_000; now++) {
    assert.equal((await health.liveness()).isWell, true)
    assert.equal((await health.readiness()).isWell, true)
  }
  assert.equal(asked, 4)
})

test('a supervisor that does not answer is not alive, and is asked four times a second, too', async t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  let asked = 0
  const health = openHealthAnswers(
    () => {
      asked++
      return new Promise(() => {})
    },
    { workers: 1 },
    () => 0,
  )
  const answers = [health.liveness(), health.readiness()]
  t.mock.timers.tick(1_000)
  for (const answer of await Promise.all(answers))
    assert.deepEqual(answer, { isWell: false, text: 'the supervisor does not answer: no answer within 1000 ms\n' })
  assert.equal((await health.liveness()).isWell, false)
  assert.equal(asked, 1)
})

test('what is wrong is not kept for longer than what is right', async () => {
  let now = 0
  let isBroken = true
  const ask = async () => {
    if (isBroken) throw new Error('refused')
    return status
  }
  const health = openHealthAnswers(ask, { workers: 1 }, () => now)
  assert.equal((await health.liveness()).isWell, false)
  isBroken = false
  now = 250
  assert.equal((await health.liveness()).isWell, true)
})
