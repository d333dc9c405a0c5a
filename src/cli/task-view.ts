/** How `saola tasks` shows jobs in a table; one job in full is in task-detail.ts, queues and processes in task-overview.ts. */
import { printable } from '../base/printable.ts'
import type { Job, JobState } from '../processes/task-commands.ts'
import { formatAge } from './figures.ts'
import { type Cell, type Column, cut, formatTable } from './table.ts'
import type { Paint, Style } from './terminal.ts'

export interface TaskViewOptions {
  readonly width: number
  readonly paint: Paint
  /** By the clock of the store. */
  readonly now: Date
}

// Also where no terminal sets a width: whole texts are in `saola tasks show`.
const textLengthMax = 80

export const jobStyle: Readonly<Record<JobState, Style | undefined>> = {
  scheduled: undefined,
  ready: undefined,
  blocked: 'yellow',
  waiting: 'yellow',
  active: 'green',
  done: 'dim',
  dead: 'red',
  cancelled: 'dim',
}

const listColumns: readonly Column[] = [
  ...[{ title: 'ID' }, { title: 'TASK' }, { title: 'QUEUE' }, { title: 'STATE' }],
  ...[{ title: 'TRY', align: 'right' as const }, { title: 'CREATED' }, { title: 'WHEN' }, { title: 'INPUT OR ERROR' }],
]

/** Jobs in lines: what went wrong, else the input, cut. */
export function renderJobs(jobs: readonly Job[], { width, paint, now }: TaskViewOptions): string[] {
  const rows = jobs.map(job => [
    ...[job.id, job.task, job.queue].map(printable),
    { text: job.state, style: jobStyle[job.state] },
    `${job.attempt}/${job.attempts}`,
    relativeTime(job.created, now),
    whenOf(job, now),
    shortText(job),
  ])
  return formatTable({ columns: listColumns, rows, width, paint })
}

const deadColumns: readonly Column[] = [
  ...[{ title: 'ID' }, { title: 'TASK' }, { title: 'QUEUE' }, { title: 'TRY', align: 'right' as const }],
  ...[{ title: 'INTERRUPTED', align: 'right' as const }, { title: 'DIED' }, { title: 'REASON' }],
]

/** Dead jobs in lines, with why. */
export function renderDead(jobs: readonly Job[], { width, paint, now }: TaskViewOptions): string[] {
  const rows = jobs.map((job): Cell[] => [
    ...[job.id, job.task, job.queue].map(printable),
    `${job.attempt}/${job.attempts}`,
    { text: `${job.interruptions}/${job.interruptionsMax}`, style: job.interruptions > 0 ? 'yellow' : undefined },
    job.finished === undefined ? '' : relativeTime(job.finished, now),
    errorText(job) ?? '',
  ])
  return formatTable({ columns: deadColumns, rows, width, paint })
}

/** `3m ago`, `in 5m`, `now`. */
export function relativeTime(at: number, now: Date): string {
  const ms = at - now.getTime()
  if (Math.abs(ms) < 1_000) return 'now'
  return ms > 0 ? `in ${formatAge(ms)}` : `${formatAge(-ms)} ago`
}

/** What its time is about: when it is due, how long it runs or has run. */
function whenOf(job: Job, now: Date): string {
  if (job.state === 'active' && job.started !== undefined) {
    return `runs ${formatSpan(now.getTime() - job.started)}${job.isCancelling ? ', cancelling' : ''}`
  }
  if (job.state === 'scheduled' && job.due !== undefined) return relativeTime(job.due, now)
  if (job.finished === undefined) return ''
  const took = tookMs(job)
  return `${relativeTime(job.finished, now)}${took === undefined ? '' : `, took ${formatSpan(took)}`}`
}

/** Of the last attempt. */
export function tookMs({ started, finished }: Job): number | undefined {
  return started === undefined || finished === undefined ? undefined : Math.max(0, finished - started)
}

/** `12ms`, `3.4s`, `2m 5s`. */
export function formatSpan(ms: number): string {
  if (ms < 1_000) return `${Math.max(0, Math.round(ms))}ms`
  return ms < 60_000 ? `${(ms / 1_000).toFixed(1)}s` : formatAge(ms)
}

function shortText(job: Job): Cell {
  const error = job.state === 'done' ? undefined : errorText(job)
  if (error !== undefined) return { text: error, style: 'red' }
  return cut(printable(job.payload.slice(0, textLengthMax + 1)), textLengthMax)
}

function errorText({ error }: Job): string | undefined {
  if (error === undefined) return undefined
  const message = error.message.slice(0, textLengthMax + 1)
  return cut(printable(error.name === 'Error' ? message : `${error.name}: ${message}`), textLengthMax)
}
