import type { CronStatus } from '../../ipc/status.ts'
import { type CronState, runsOf } from './cron-state.ts'

/** The entries as they are now, for people and programs that look. */
export function buildCronStatus(state: CronState): CronStatus[] {
  return [...state.entries.values()].map(({ definition, next, waiting, last, lastSuccessAt, counts }) => {
    const { name, schedule, timeZone } = definition
    return {
      name,
      schedule,
      timeZone,
      next: state.fires && next !== undefined ? new Date(next).toISOString() : undefined,
      running: runsOf(state, name).map(({ pid, startedDate, by }) => {
        return { pid, startedAt: new Date(startedDate).toISOString(), by }
      }),
      isWaiting: waiting !== undefined,
      last,
      lastSuccessAt,
      ...counts,
    }
  })
}
