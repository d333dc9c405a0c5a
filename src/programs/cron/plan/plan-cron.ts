/**
 * What a runner does about an event: the only place where its state changes. It is a function of the state, the event and the time; it
 * starts nothing itself, so that every order of times, ends, reloads and stops can be tested without a process.
 */
import type { CronEntry, CronState } from '../cron-state.ts'
import { admit, onEnded, onStarted } from './begin-runs.ts'
import { onConfigure } from './configure.ts'
import { takeDueSlot } from './due-slot.ts'
import { onDeadlines, onStop } from './end-runs.ts'
import { type AskedRun, type CronAction, type CronEvent, log, type Moment, stopping, type Turn } from './turn.ts'

// Nobody says that the date was changed, or that the machine has slept: so it is looked at again and again.
const lookEveryMs = 10_000
// A longer silence means that this process itself did not run.
const suspendedAfterMs = 2_500

/** Decides what to do about one event. Changes the state, and returns what is to be begun. */
export function planCron(state: CronState, event: CronEvent, { now, date }: Moment): CronAction[] {
  const turn: Turn = { state, now, date, actions: [] }
  if (now - state.lookAt > suspendedAfterMs) forgive(state, now - state.lookedAt)
  state.lookedAt = now
  react(turn, event)
  onDeadlines(turn)
  if (state.fires && !state.isStopping) for (const entry of state.entries.values()) fire(turn, entry)
  state.lookAt = nextLookAt(state, { now, date })
  return turn.actions
}

/** While this process was stopped, nobody was there to hear that a run was in time. */
function forgive({ runs }: CronState, gapMs: number): void {
  for (const run of runs.values()) {
    if (run.timeoutAt !== undefined) run.timeoutAt += gapMs
    if (run.killAt !== undefined) run.killAt += gapMs
  }
}

function react(turn: Turn, event: CronEvent): void {
  switch (event.type) {
    case 'look':
      return
    case 'configure':
      return onConfigure(turn, event)
    case 'run':
      return onRun(turn, event)
    case 'started':
      return onStarted(turn, event.id, event.pid)
    case 'ended':
      return onEnded(turn, event.id, event.end)
    case 'stop':
      return onStop(turn, event.isQuick)
  }
}

function onRun(turn: Turn, { name, args, ticket }: AskedRun): void {
  const { state, date, actions } = turn
  const refusal = state.isStopping ? stopping : admitAsked(state.entries.get(name))
  if (refusal !== undefined) actions.push({ do: 'tell', ticket, news: { type: 'refused', message: refusal } })

  function admitAsked(entry: CronEntry | undefined): string | undefined {
    if (!entry) return `${name} is not in the configuration.`
    return admit(turn, entry, { by: 'run', scheduledAt: date, args, ticket })
  }
}

/** Runs an entry whose time has come. */
function fire(turn: Turn, entry: CronEntry): void {
  const { date, actions } = turn
  const due = takeDueSlot(entry, date)
  if (!due) return
  actions.push({ do: 'save' })
  const slot = new Date(due.slot).toISOString()
  const { name } = entry.definition
  if (due.isMissed) {
    entry.counts.skipped += 1
    return log(turn, 'warn', 'cron.missed', { name, slot, lateMs: date - due.slot })
  }
  const refusal = admit(turn, entry, { by: 'schedule', scheduledAt: due.slot, args: [], ticket: 0 })
  if (refusal !== undefined) skip(turn, entry, slot, refusal)
}

/** Said once a run: of what comes each second and takes an hour, nobody wants 3,600 lines. */
function skip(turn: Turn, entry: CronEntry, slot: string, reason: string): void {
  entry.counts.skipped += 1
  entry.skippedMeanwhile += 1
  if (entry.skippedMeanwhile > 1) return
  log(turn, 'warn', 'cron.skipped', { name: entry.definition.name, slot, reason })
}

function nextLookAt({ entries, runs, fires, isStopping }: CronState, { now, date }: Moment): number {
  const waits = [lookEveryMs]
  if (fires && !isStopping) for (const { next } of entries.values()) if (next !== undefined) waits.push(next - date)
  for (const { timeoutAt, killAt } of runs.values()) {
    if (timeoutAt !== undefined) waits.push(timeoutAt - now)
    if (killAt !== undefined) waits.push(killAt - now)
  }
  return now + Math.max(1, Math.min(...waits))
}
