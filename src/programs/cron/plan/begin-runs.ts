/** How runs begin, as the `overlap` of their entry lets them, and what follows from their end. */
import type { CronResult } from '../../../ipc/status.ts'
import { type CronEntry, type CronRun, type RunOrder, runsOf, successOf } from '../cron-state.ts'
import { type RunEnd, resultOf } from '../run-end.ts'
import { log, type Turn } from './turn.ts'

/** Of one entry with `overlap: "allow"`. */
export const runsMax = 16

/** Begins a run, or lets it wait. Returns why it may do neither. */
export function admit(turn: Turn, entry: CronEntry, order: RunOrder): string | undefined {
  const { name, overlap } = entry.definition
  const [first, ...others] = runsOf(turn.state, name)
  if (!first) return begin(turn, entry, order)
  if (overlap === 'skip') return `${name} runs already (pid ${first.pid}), and its overlap is "skip".`
  if (overlap === 'allow') {
    return others.length + 1 < runsMax ? begin(turn, entry, order) : `${runsMax} runs of ${name} are under way.`
  }
  if (entry.waiting) return `${name} runs (pid ${first.pid}), and another run waits for its end already.`
  entry.waiting = order
  turn.actions.push({ do: 'tell', ticket: order.ticket, news: { type: 'waiting' } })
  return undefined
}

function begin({ state, now, date, actions }: Turn, entry: CronEntry, order: RunOrder): undefined {
  const { definition } = entry
  const { timeoutMs } = definition
  const run: CronRun = {
    ...order,
    id: ++state.runsBegun,
    rules: definition,
    startedAt: now,
    startedDate: date,
    pid: undefined,
    timeoutAt: timeoutMs > 0 ? now + timeoutMs : undefined,
    killAt: undefined,
    doom: undefined,
  }
  state.runs.set(run.id, run)
  entry.counts.runs += 1
  actions.push({ do: 'start', run, definition })
}

export function onStarted(turn: Turn, id: number, pid: number): void {
  const run = turn.state.runs.get(id)
  if (!run) return
  run.pid = pid
  const { by, ticket, scheduledAt, rules } = run
  const slot = by === 'schedule' ? new Date(scheduledAt).toISOString() : undefined
  log(turn, 'info', 'cron.started', { name: rules.name, pid, by, slot })
  turn.actions.push({ do: 'tell', ticket, news: { type: 'started', pid } }, { do: 'save' })
}

export function onEnded(turn: Turn, id: number, end: RunEnd): void {
  const { state, actions } = turn
  const run = state.runs.get(id)
  if (!run) return
  state.runs.delete(id)
  const { name } = run.rules
  const entry = state.entries.get(name)
  const result = resultOf(run, end)
  logEnd(turn, run, result, entry?.skippedMeanwhile)
  actions.push({ do: 'tell', ticket: run.ticket, news: { type: 'ended', result } }, { do: 'save' })
  if (entry) settle(turn, entry, result)
  else if (runsOf(state, name).length === 0) actions.push({ do: 'forget', name })
}

function settle(turn: Turn, entry: CronEntry, result: CronResult): void {
  entry.last = result
  entry.lastSuccessAt = successOf(result) ?? entry.lastSuccessAt
  entry.skippedMeanwhile = 0
  if (!result.ok) entry.counts.failures += 1
  const { waiting } = entry
  if (!waiting || turn.state.isStopping) return
  entry.waiting = undefined
  begin(turn, entry, waiting)
}

function logEnd(turn: Turn, { pid, rules, doom }: CronRun, result: CronResult, skipped = 0): void {
  const { ok, durationMs, code, signal, reason } = result
  const fields = { name: rules.name, pid, durationMs, code, signal, skipped: skipped || undefined }
  if (ok) log(turn, 'info', 'cron.done', fields)
  else if (doom && !doom.isFailure) log(turn, 'warn', 'cron.stopped', fields)
  else log(turn, 'error', 'cron.failed', { ...fields, reason })
}
