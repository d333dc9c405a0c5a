/** How runs are ended that do not end by themselves. */
import { formatDuration } from '../../../base/units.ts'
import type { CronEntry, CronRun } from '../cron-state.ts'
import { log, stopping, type Turn } from './turn.ts'

/** The end of the tree. */
export function onStop(turn: Turn, isQuick: boolean): void {
  const { state, actions } = turn
  // The tree serves until they have ended: an operator who looks should see what it waits for.
  if (!state.isStopping && state.runs.size > 0) log(turn, 'info', 'cron.stopping', { runs: state.runs.size })
  state.isStopping = true
  for (const entry of state.entries.values()) dropWaiting(turn, entry, stopping)
  for (const run of state.runs.values()) {
    run.doom ??= { reason: 'stopped with the tree', isFailure: false }
    if (isQuick) actions.push({ do: 'signal', run, signal: 'SIGKILL' })
    else askToEnd(turn, run)
  }
}

export function onDeadlines(turn: Turn): void {
  const { state, now, actions } = turn
  for (const run of state.runs.values()) {
    const { name, timeoutMs, stopTimeoutMs } = run.rules
    if (run.timeoutAt !== undefined && run.timeoutAt <= now) {
      run.doom ??= { reason: `timed out after ${formatDuration(timeoutMs)}`, isFailure: true }
      log(turn, 'warn', 'cron.timeout', { name, pid: run.pid, timeoutMs })
      askToEnd(turn, run)
    }
    if (run.killAt !== undefined && run.killAt <= now) {
      run.killAt = Number.POSITIVE_INFINITY
      log(turn, 'warn', 'cron.killed', { name, pid: run.pid, stopTimeoutMs })
      actions.push({ do: 'signal', run, signal: 'SIGKILL' })
    }
  }
}

/** Once: what has been asked has its `stopTimeout`, whoever asks again. */
export function askToEnd({ now, actions }: Turn, run: CronRun): void {
  if (run.killAt !== undefined) return
  const { stopSignal, stopTimeoutMs } = run.rules
  run.timeoutAt = undefined
  run.killAt = now + stopTimeoutMs
  actions.push({ do: 'signal', run, signal: stopSignal })
}

export function dropWaiting({ actions }: Turn, entry: CronEntry, message: string): void {
  if (entry.waiting) actions.push({ do: 'tell', ticket: entry.waiting.ticket, news: { type: 'refused', message } })
  entry.waiting = undefined
}
