/** How `saola status` shows what is run at certain times. */
import { printable } from '../base/printable.ts'
import type { CronStatus } from '../control/operations.ts'
import { formatAge } from './figures.ts'
import { type Cell, type Column, formatTable } from './table.ts'
import type { Paint } from './terminal.ts'

const columns: readonly Column[] = [
  { title: 'CRON' },
  { title: 'SCHEDULE' },
  { title: 'TIME ZONE' },
  { title: 'NEXT' },
  { title: 'RUNNING' },
  { title: 'RUNS', align: 'right' },
  { title: 'FAILED', align: 'right' },
  { title: 'SKIPPED', align: 'right' },
  { title: 'LAST' },
]

/** The entries as lines, behind an empty one; none without entries. */
export function renderCron(
  entries: readonly CronStatus[],
  { width, paint, now }: { readonly width: number; readonly paint: Paint; readonly now: Date },
): string[] {
  if (entries.length === 0) return []
  return ['', ...formatTable({ columns, rows: entries.map(entry => rowOf(entry, now)), width, paint })]
}

function rowOf(entry: CronStatus, now: Date): Cell[] {
  const { name, schedule, timeZone, next, runs, failures, skipped } = entry
  return [
    name,
    schedule,
    timeZone,
    next === undefined ? '-' : `in ${formatAge(Math.max(0, Date.parse(next) - now.getTime()))}`,
    runningOf(entry, now),
    String(runs),
    { text: String(failures), style: failures > 0 ? 'red' : undefined },
    { text: String(skipped), style: skipped > 0 ? 'yellow' : undefined },
    lastOf(entry, now),
  ]
}

/** `pid 4211, 12s`, `3 runs`, and `+1` where one waits. */
function runningOf({ running, isWaiting }: CronStatus, now: Date): Cell {
  const [run, ...others] = running
  if (!run) return '-'
  const one = `pid ${run.pid ?? '-'}, ${formatAge(Math.max(0, now.getTime() - Date.parse(run.startedAt)))}`
  return { text: `${others.length === 0 ? one : `${running.length} runs`}${isWaiting ? ' +1' : ''}`, style: 'green' }
}

function lastOf({ last }: CronStatus, now: Date): Cell {
  if (!last) return ''
  const endedAt = Date.parse(last.startedAt) + last.durationMs
  const ago = `${formatAge(Math.max(0, now.getTime() - endedAt))} ago`
  const took = `in ${last.durationMs < 1_000 ? `${last.durationMs}ms` : formatAge(last.durationMs)}`
  if (last.ok) return `${ago}: ok ${took}`
  return { text: `${ago}: ${printable(last.reason ?? 'failed')}`, style: 'red' }
}
