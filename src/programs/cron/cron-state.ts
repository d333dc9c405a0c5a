/** What the runner knows: plain data, changed by plan/ alone. */
import { openCronTimetable, type Timetable } from '../../base/timetable.ts'
import type { CronResult } from '../../ipc/status.ts'
import type { CronDefinition, RunAsked, RunRules } from './cron-definition.ts'

export interface CronState {
  readonly entries: Map<string, CronEntry>
  /** Those under way, also of entries that were removed. */
  readonly runs: Map<number, CronRun>
  /** Whether times count. In `saola dev` a run only begins when somebody asks for it. */
  readonly fires: boolean
  isStopping: boolean
  runsBegun: number
  /** When it has looked last, and when it wanted to look next: that it came too late, it sees by this. */
  lookedAt: number
  lookAt: number
}

export interface CronEntry {
  definition: CronDefinition
  timetable: Timetable
  /** All slots up to here have been dealt with, in milliseconds since 1970. */
  doneUntil: number
  /** The first slot that has not; undefined when there is none any more. */
  next: number | undefined
  /** Begins when the run under way is over. */
  waiting: RunOrder | undefined
  last: CronResult | undefined
  /** ISO 8601. */
  lastSuccessAt: string | undefined
  /** Since the start of the tree. */
  readonly counts: { runs: number; failures: number; skipped: number }
  /** Left out since the last end of a run. */
  skippedMeanwhile: number
}

/** A run that is wanted. */
export interface RunOrder extends RunAsked {
  readonly by: 'schedule' | 'run'
  /** Of the one who waits for its end, or 0. */
  readonly ticket: number
}

export interface CronRun extends RunOrder {
  readonly id: number
  /** Those that it was started with, whatever a reload has brought since. */
  readonly rules: RunRules
  readonly startedAt: number
  /** Milliseconds since 1970. */
  readonly startedDate: number
  pid: number | undefined
  timeoutAt: number | undefined
  killAt: number | undefined
  /** Why it was stopped. */
  doom: Doom | undefined
}

export interface Doom {
  readonly reason: string
  /** However it ends, it has not done what it should. */
  readonly isFailure: boolean
}

/** A run of a tree that was killed. Those of modules end by themselves; a command cannot know. */
export interface LeftOverRun {
  readonly name: string
  readonly pid: number
  /** Milliseconds since 1970. */
  readonly startedDate: number
  readonly by: 'schedule' | 'run'
}

/** What is known of an entry from before the start. */
export interface RememberedEntry {
  readonly schedule: string
  readonly timeZone: string
  readonly doneUntil: number
  readonly last: CronResult | undefined
  /** ISO 8601. */
  readonly lastSuccessAt?: string | undefined
}

export function createCron({ fires, now }: { readonly fires: boolean; readonly now: number }): CronState {
  return { entries: new Map(), runs: new Map(), fires, isStopping: false, runsBegun: 0, lookedAt: now, lookAt: now }
}

/**
 * An entry that is new, or was there before the start: then slots that have passed since are not forgotten, unless it has another
 * schedule by now.
 */
export function createEntry(definition: CronDefinition, date: number, before?: RememberedEntry): CronEntry {
  const { schedule, timeZone } = definition
  const isSame = before?.schedule === schedule && before.timeZone === timeZone
  const timetable = timetableOf(definition)
  const doneUntil = isSame ? before.doneUntil : date
  return {
    definition,
    timetable,
    doneUntil,
    next: timetable.nextAfter(doneUntil),
    waiting: undefined,
    last: before?.last,
    lastSuccessAt: before?.lastSuccessAt ?? successOf(before?.last),
    counts: { runs: 0, failures: 0, skipped: 0 },
    skippedMeanwhile: 0,
  }
}

/** When it has ended, if that was well; undefined as well when it is of a file that is damaged. */
export function successOf(result: CronResult | undefined): string | undefined {
  if (!result?.ok) return undefined
  const endedAt = new Date(Date.parse(result.startedAt) + result.durationMs)
  return Number.isNaN(endedAt.getTime()) ? undefined : endedAt.toISOString()
}

export function timetableOf({ schedule, timeZone }: CronDefinition): Timetable {
  return openCronTimetable({ cron: schedule, timeZone })
}

export function runsOf({ runs }: CronState, name: string): CronRun[] {
  return [...runs.values()].filter(({ rules }) => rules.name === name)
}
