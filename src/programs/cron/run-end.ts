/** How a run has ended, and what that means. */
import type { CronResult } from '../../ipc/status.ts'
import type { CronRun } from './cron-state.ts'

export interface RunEnd {
  /** On the clock that never goes back. */
  readonly endedAt: number
  readonly code: number | null
  readonly signal: string | null
  /** What it has said about it: its error, or the last line of its stderr. */
  readonly said: string | undefined
  /** Why it could not be started, if it could not. */
  readonly startFailure?: string
}

export function resultOf(run: CronRun, end: RunEnd): CronResult {
  const { rules, doom, startedAt, startedDate, by } = run
  const isSuccess = end.code !== null && rules.successExitCodes.includes(end.code)
  const ok = isSuccess && doom?.isFailure !== true
  return {
    startedAt: new Date(startedDate).toISOString(),
    durationMs: Math.round(end.endedAt - startedAt),
    ok,
    code: end.code ?? undefined,
    signal: end.signal ?? undefined,
    reason: ok ? undefined : (doom?.reason ?? reasonOf(end)),
    by,
  }
}

function reasonOf({ code, signal, said, startFailure }: RunEnd): string {
  if (startFailure !== undefined) return startFailure
  const how = signal === null ? `exited with code ${code}` : `killed by ${signal}`
  return said === undefined ? how : `${how}: ${said}`
}
