import type { ProbeLimits, ProbeResult } from './probe-result.ts'
import type { Time } from './time.ts'

/** One attempt that hangs must not keep the next one from finding it ready. */
const attemptMsMax = 5_000

/** Nobody is ready at once: until then there is nothing to tell. */
export const patienceMs = 1_000

export interface ReadyWait {
  /** Asks once. */
  attempt(limits: ProbeLimits): Promise<ProbeResult>
  /** Between two attempts. */
  readonly everyMs: number
  /** It is not asked for longer. */
  readonly timeoutMs: number
  readonly signal: AbortSignal
  readonly time: Time
  /** Why attempts fail, when that is news. */
  onFailure?(reason: string): void
}

/** Asks until the answer is yes, or the time is over. Whether it was yes. */
export async function untilReady({
  attempt,
  everyMs,
  timeoutMs,
  signal,
  time,
  onFailure,
}: ReadyWait): Promise<boolean> {
  const begunAt = time.now()
  const endsAt = begunAt + timeoutMs
  let told: string | undefined
  while (!signal.aborted) {
    const leftMs = endsAt - time.now()
    if (leftMs <= 0) return false
    const result = await attempt({ timeoutMs: Math.min(leftMs, attemptMsMax), signal })
    if (signal.aborted) return false
    if (result.ok) return true
    if (result.reason !== told && time.now() - begunAt >= patienceMs) {
      told = result.reason
      onFailure?.(told)
    }
    await time.pause(Math.min(everyMs, Math.max(0, endsAt - time.now())), signal)
  }
  return false
}
