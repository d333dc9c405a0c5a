import type { ProbeLimits, ProbeResult } from './probe-result.ts'
import type { Time } from './time.ts'

export interface HealthWatch {
  /** Asks once. */
  check(limits: ProbeLimits): Promise<ProbeResult>
  /** Between two checks. */
  readonly everyMs: number
  /** For one check. */
  readonly timeoutMs: number
  /** So many in a row are too many. */
  readonly failuresMax: number
  readonly signal: AbortSignal
  readonly time: Time
  /** A number from 0 to 1. */
  random(): number
}

/**
 * Checks for as long as it goes well. Why it does not, once it has failed too often in a row; undefined when nobody wants to
 * know any more.
 */
export async function watchHealth(watch: HealthWatch): Promise<string | undefined> {
  const { check, everyMs, timeoutMs, failuresMax, signal, time, random } = watch
  let failures = 0
  // Programs that were started together must not all be asked in the same moment for ever.
  await time.pause(everyMs * (0.5 + random() / 2), signal)
  while (!signal.aborted) {
    const result = await check({ timeoutMs, signal })
    if (signal.aborted) return undefined
    failures = result.ok ? 0 : failures + 1
    if (!result.ok && failures >= failuresMax) {
      return failures === 1 ? result.reason : `${result.reason} (${failures} checks in a row)`
    }
    await time.pause(everyMs, signal)
  }
  return undefined
}
