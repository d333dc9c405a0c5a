import { readFileSync } from 'node:fs'
import { availableParallelism, loadavg } from 'node:os'
import type { TestContext } from 'node:test'

/**
 * So many milliseconds, and as many times more as there are processes that want to run for each core: for limits that say how
 * fast something is. Limits that only end what hangs are `waitTimeoutMs`.
 *
 * ```ts
 * assert.ok(longestMs < fairMs(1_000), `a write took ${longestMs} ms`)
 * ```
 */
export function fairMs(ms: number): number {
  const [load = 0] = loadavg()
  return ms * Math.max(1, Math.max(load, runnable()) / availableParallelism())
}

/** Now: the average of a minute knows nothing of a load that has just begun. Linux only. */
function runnable(): number {
  try {
    return Number(readFileSync('/proc/loadavg', 'latin1').split(/[ /]/)[3])
  } catch {
    return 0
  }
}

/**
 * Says how many milliseconds have passed since, as far as this process had its turns: a moment in which it stood still counts no more
 * than a turn. For what its own timers promise.
 */
export function startTurns(t: TestContext): () => number {
  const turnMs = 50
  let [passedMs, lastAt] = [0, performance.now()]
  const read = () => {
    const now = performance.now()
    passedMs += Math.min(now - lastAt, turnMs)
    lastAt = now
    return passedMs
  }
  const timer = setInterval(read, turnMs / 5)
  t.after(() => clearInterval(timer))
  return read
}

/** Keeps this thread from running, as a busy machine does. */
export function standStill(ms: number): void {
  Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, ms)
}

/** The one in the middle, which a single stall does not change; of an even number the larger of two. NaN of none. */
export function median(numbers: readonly number[]): number {
  return numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? Number.NaN
}

/** Says how many milliseconds this thread has worked since, however long it had to wait for its turn meanwhile. */
export function startWork(): () => number {
  const before = process.threadCpuUsage()
  return () => {
    const { user, system } = process.threadCpuUsage(before)
    return (user + system) / 1_000
  }
}
