import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { SteppedTime } from '../../test/support/stepped-time.ts'
import type { ProbeLimits, ProbeResult } from './probe-result.ts'
import { untilReady } from './until-ready.ts'
import { watchHealth } from './watch-health.ts'

const refused: ProbeResult = { ok: false, reason: 'connection refused' }
const good: ProbeResult = { ok: true }

/** Gives these answers in turn, and the last one from then on. */
function answering(time: SteppedTime, ...answers: readonly ProbeResult[]) {
  const asked: number[] = []
  const limits: number[] = []
  const ask = ({ timeoutMs }: ProbeLimits): Promise<ProbeResult> => {
    asked.push(time.now())
    limits.push(timeoutMs)
    return Promise.resolve(answers[Math.min(asked.length, answers.length) - 1] ?? refused)
  }
  return { asked, limits, ask }
}

describe('waiting for a program to be ready', () => {
  function wait(time: SteppedTime, answers: readonly ProbeResult[], timeoutMs = 1_000) {
    const { asked, limits, ask } = answering(time, ...answers)
    const stop = new AbortController()
    const reasons: string[] = []
    const options = { attempt: ask, everyMs: 250, timeoutMs, signal: stop.signal, time }
    const outcome = untilReady({ ...options, onFailure: reason => reasons.push(reason) })
    return { asked, limits, reasons, stop, outcome }
  }

  it('asks at once, and then in its rhythm until the answer is yes', async () => {
    const time = new SteppedTime()
    const { asked, outcome } = wait(time, [refused, refused, good])
    await time.pass(10_000)
    assert.equal(await outcome, true)
    assert.deepEqual(asked, [0, 250, 500])
  })

  it('tells each reason once, and none at once', async () => {
    const time = new SteppedTime()
    const late: ProbeResult = { ok: false, reason: 'no answer' }
    // One each 250 ms, the fifth after a second.
    const { reasons, outcome } = wait(time, [late, late, late, late, refused, refused, late, refused], 2_000)
    await time.pass(10_000)
    assert.equal(await outcome, false)
    assert.deepEqual(reasons, ['connection refused', 'no answer', 'connection refused'])
  })

  it('gives up when its time is over, and lets no attempt take longer', async () => {
    const time = new SteppedTime()
    const { asked, limits, outcome } = wait(time, [refused], 600)
    await time.pass(10_000)
    assert.equal(await outcome, false)
    assert.deepEqual(
      [asked, limits],
      [
        [0, 250, 500],
        [600, 350, 100],
      ],
    )
    const long = wait(time, [good], 60_000)
    assert.equal(await long.outcome, true)
    assert.deepEqual(long.limits, [5_000])
  })

  it('ends at once when nobody waits any more', async () => {
    const time = new SteppedTime()
    const { asked, stop, outcome } = wait(time, [refused])
    await time.pass(100)
    stop.abort()
    assert.equal(await outcome, false)
    assert.deepEqual(asked, [0])
  })
})

describe('watching the health of a program', () => {
  function watch(time: SteppedTime, answers: readonly ProbeResult[], failuresMax = 3) {
    const { asked, limits, ask } = answering(time, ...answers)
    const stop = new AbortController()
    const options = { check: ask, everyMs: 10_000, timeoutMs: 5_000, failuresMax, signal: stop.signal, time }
    return { asked, limits, stop, outcome: watchHealth({ ...options, random: () => 0.5 }) }
  }

  it('ends with the reason when it has failed too often in a row', async () => {
    const time = new SteppedTime()
    const { asked, limits, outcome } = watch(time, [refused, refused, good, refused])
    await time.pass(100_000)
    assert.equal(await outcome, 'connection refused (3 checks in a row)')
    assert.deepEqual(asked, [7_500, 17_500, 27_500, 37_500, 47_500, 57_500])
    assert.deepEqual(new Set(limits), new Set([5_000]))
  })

  it('may end with the first failure', async () => {
    const time = new SteppedTime()
    const { outcome } = watch(time, [refused], 1)
    await time.pass(10_000)
    assert.equal(await outcome, 'connection refused')
  })

  it('goes on for as long as it goes well, and ends when nobody wants to know', async () => {
    const time = new SteppedTime()
    const { asked, stop, outcome } = watch(time, [good])
    await time.pass(1_000_000)
    assert.equal(asked.length, 100)
    stop.abort()
    assert.equal(await outcome, undefined)
  })
})
