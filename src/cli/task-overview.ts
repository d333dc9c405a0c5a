/** How `saola tasks` shows what is not a job: counts and queues, processes, schedules. */
import { printable } from '../base/printable.ts'
import { jobStates, type QueueInfo, type Schedule, type WorkerInfo } from '../processes/task-commands.ts'
import { scheduleText } from '../processes/task-facts.ts'
import { formatCount } from './figures.ts'
import { type Cell, type Column, formatTable } from './table.ts'
import { relativeTime, type TaskViewOptions } from './task-view.ts'

type Layout = Pick<TaskViewOptions, 'width' | 'paint'>

/** How many jobs there are by state, and what waits in each queue. */
export function renderStats(
  counts: Readonly<Record<string, number>>,
  queues: readonly QueueInfo[],
  view: Layout,
): string[] {
  const states = jobStates.map(state => ({ title: state.toUpperCase(), align: 'right' as const }))
  const row = jobStates.map(state => formatCount(counts[state] ?? 0))
  return [...formatTable({ columns: states, rows: [row], ...view }), '', ...renderQueues(queues, view)]
}

/** What waits and runs in each queue. */
export function renderQueues(queues: readonly QueueInfo[], view: Layout): string[] {
  const numbers = ['READY', 'ACTIVE', 'SCHEDULED', 'BLOCKED'].map(title => ({ title, align: 'right' as const }))
  const rows = queues.map(({ name, isPaused, ready, active, scheduled, blocked }): Cell[] => [
    printable(name),
    isPaused ? { text: 'paused', style: 'yellow' } : { text: 'open', style: 'green' },
    ...[ready, active, scheduled, blocked].map(formatCount),
  ])
  return formatTable({ columns: [{ title: 'QUEUE' }, { title: 'STATE' }, ...numbers], rows, ...view })
}

/** The processes that run jobs. */
export function renderWorkers(workers: readonly WorkerInfo[], { width, paint, now }: TaskViewOptions): string[] {
  const columns: readonly Column[] = [
    ...[{ title: 'SLOT' }, { title: 'POOL' }, { title: 'HOST' }, { title: 'PID', align: 'right' as const }],
    ...[{ title: 'ACTIVE', align: 'right' as const }, { title: 'LEASE' }, { title: 'QUEUES' }, { title: 'TASKS' }],
  ]
  const rows = workers.map(({ slot, pool, host, pid, active, leaseUntil, queues, tasks = [] }) => [
    ...[slot, pool, host].map(printable),
    ...[String(pid), formatCount(active), relativeTime(leaseUntil, now)],
    ...[printable(queues.join(' ')), printable(tasks.map(({ id }) => id).join(' '))],
  ])
  return formatTable({ columns, rows, width, paint })
}

/** What runs again and again, and when next. */
export function renderSchedules(schedules: readonly Schedule[], { width, paint, now }: TaskViewOptions): string[] {
  const columns: readonly Column[] = ['NAME', 'TASK', 'NEXT', 'LAST', 'LAST JOB', 'WHEN'].map(title => ({ title }))
  const rows = schedules.map(({ name, job, next, last, lastJob = '', spec }) => [
    ...[name, job.task].map(printable),
    relativeTime(next, now),
    last === undefined ? 'never' : relativeTime(last, now),
    printable(lastJob),
    printable(scheduleText(spec)),
  ])
  return formatTable({ columns, rows, width, paint })
}
