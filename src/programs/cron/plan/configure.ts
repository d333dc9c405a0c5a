/** What a start or a reload changes. */
import type { CronDefinition, RunRules } from '../cron-definition.ts'
import { type CronEntry, type CronRun, createEntry, type LeftOverRun, runsOf, timetableOf } from '../cron-state.ts'
import { askToEnd, dropWaiting } from './end-runs.ts'
import { type Configure, log, type Turn } from './turn.ts'

export function onConfigure(turn: Turn, { definitions, remembered, leftOver = [] }: Configure): void {
  const { state, date, actions } = turn
  const names = new Set(definitions.map(({ name }) => name))
  for (const name of state.entries.keys()) if (!names.has(name)) remove(turn, name)
  for (const definition of definitions) {
    const { name } = definition
    const entry = state.entries.get(name)
    if (entry) change(entry, definition, date)
    else state.entries.set(name, createEntry(definition, date, remembered?.get(name)))
  }
  for (const run of leftOver) adopt(turn, run)
  actions.push({ do: 'save' })
}

/** What runs is left to end. */
function remove(turn: Turn, name: string): void {
  const { state, actions } = turn
  const entry = state.entries.get(name)
  if (entry) dropWaiting(turn, entry, `${name} was removed from the configuration.`)
  state.entries.delete(name)
  if (runsOf(state, name).length === 0) actions.push({ do: 'forget', name })
}

/** Another schedule counts from now on: its slots until now are not made good. */
function change(entry: CronEntry, definition: CronDefinition, date: number): void {
  const { schedule, timeZone } = entry.definition
  entry.definition = definition
  if (schedule === definition.schedule && timeZone === definition.timeZone) return
  entry.timetable = timetableOf(definition)
  entry.doneUntil = date
  entry.next = entry.timetable.nextAfter(date)
}

/**
 * A run of a tree that was killed must not go on unnoticed beside one that would run it a second time. It is ended as the old tree would have
 * ended it, and counts as the run under way until then.
 */
function adopt(turn: Turn, { name, pid, startedDate, by }: LeftOverRun): void {
  const { state, now, date, actions } = turn
  const run: CronRun = {
    ...{ id: ++state.runsBegun, pid, by, startedDate, scheduledAt: startedDate, args: [], ticket: 0 },
    rules: state.entries.get(name)?.definition ?? { ...rulesOfRemoved, name },
    startedAt: now - (date - startedDate),
    timeoutAt: undefined,
    killAt: undefined,
    doom: { reason: 'left over from a tree that was killed', isFailure: true },
  }
  state.runs.set(run.id, run)
  log(turn, 'warn', 'cron.left-over', { name, pid })
  actions.push({ do: 'watch', run })
  askToEnd(turn, run)
}

/** Of an entry that is not there any more. */
const rulesOfRemoved: Omit<RunRules, 'name'> = {
  timeoutMs: 0,
  stopSignal: 'SIGTERM',
  stopTimeoutMs: 10_000,
  successExitCodes: [0],
}
