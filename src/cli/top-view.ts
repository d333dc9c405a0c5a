/** How `saola top` looks. */
import type { AppStatus, ChildStatus, TreeStatus } from '../control/operations.ts'
import { formatAge, formatCount, formatMemory, formatRate } from './figures.ts'
import type { RequestRates } from './request-rates.ts'
import { formatCpu, hasBeat, renderFailedReload, renderHeadline, stateStyle } from './status-view.ts'
import { type Cell, type Column, cut, formatTable } from './table.ts'
import type { Paint } from './terminal.ts'

export const sortKeys = ['name', 'cpu', 'memory', 'requests'] as const
export type SortKey = (typeof sortKeys)[number]

export interface TopView {
  readonly sort: SortKey
  /** The application that + and - are for. */
  readonly selected: string | undefined
  /** What became of the last key. */
  readonly note: string
  readonly width: number
  /** Lines of the terminal; workers that do not fit are counted. */
  readonly height: number
  readonly paint: Paint
  readonly now: Date
}

const help = 'q quit  n c m r sort  Tab app  + - workers  R reload'
const blockedMs = 2_500

/** The whole screen as lines. */
export function renderTop(status: TreeStatus, rates: RequestRates, view: TopView): string[] {
  const { width, height, paint, note, sort } = view
  const above = [
    renderHeadline(status, view),
    ...renderFailedReload(status, view),
    '',
    ...appTable(status, rates, view),
    '',
  ]
  const below = height === Number.POSITIVE_INFINITY ? [] : ['', paint('dim', cut(note || help, width))]
  const workers = workerTable(sortChildren(status.children, rates, sort), rates, view)
  const room = Math.max(2, height - above.length - below.length)
  const shown = workers.length <= room ? workers : workers.slice(0, room - 1)
  const hidden = workers.length - shown.length
  return [...above, ...shown, ...(hidden > 0 ? [paint('dim', `… ${hidden} more`)] : []), ...below]
}

const appColumns: readonly Column[] = [
  { title: 'APP' },
  { title: 'WORKERS', align: 'right' },
  { title: 'REQ/S', align: 'right' },
  { title: 'CONN', align: 'right' },
  { title: 'FLIGHT', align: 'right' },
  { title: 'CPU', align: 'right' },
  { title: 'MEM', align: 'right' },
  { title: 'LISTEN' },
]

function appTable({ apps, children }: TreeStatus, rates: RequestRates, { width, paint, selected }: TopView): string[] {
  const rows = apps.map(app => {
    const row = appRow(
      app,
      children.filter(child => child.app === app.name),
      rates,
    )
    return app.name === selected && apps.length > 1 ? row.map(text => ({ text, style: 'bold' as const })) : row
  })
  return formatTable({ columns: appColumns, rows, width, paint })
}

function appRow(app: AppStatus, children: readonly ChildStatus[], rates: RequestRates): string[] {
  const sum = (figure: (child: ChildStatus) => number) => children.reduce((total, child) => total + figure(child), 0)
  const running = sum(({ state }) => (state === 'RUNNING' ? 1 : 0))
  return [
    app.name,
    running === app.workers ? String(running) : `${running}/${app.workers}`,
    formatRate(sum(child => rates.of(child) ?? 0)),
    formatCount(sum(child => child.connections)),
    formatCount(sum(child => child.inFlight)),
    formatCpu({ cpuPercent: sum(child => child.cpuPercent) }),
    formatMemory(sum(child => child.rssBytes)),
    app.listen.join(' '),
  ]
}

const workerColumns: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'PID', align: 'right' },
  { title: 'REQ/S', align: 'right' },
  { title: 'CONN', align: 'right' },
  { title: 'FLIGHT', align: 'right' },
  { title: 'DELAY', align: 'right' },
  { title: 'CPU', align: 'right' },
  { title: 'MEM', align: 'right' },
  { title: 'UPTIME', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
]

function workerTable(children: readonly ChildStatus[], rates: RequestRates, { width, paint }: TopView): string[] {
  return formatTable({ columns: workerColumns, rows: children.map(child => workerRow(child, rates)), width, paint })
}

function workerRow(child: ChildStatus, rates: RequestRates): Cell[] {
  const { name, state, pid, restarts, uptimeMs } = child
  const rate = rates.of(child)
  const figures: Cell[] = hasBeat(child)
    ? [
        rate === undefined ? '-' : formatRate(rate),
        formatCount(child.connections),
        formatCount(child.inFlight),
        delayOf(child),
        formatCpu(child),
        formatMemory(child.rssBytes),
      ]
    : ['-', '-', '-', '-', '-', '-']
  return [
    name,
    { text: state, style: stateStyle[state] },
    pid === undefined ? '-' : String(pid),
    ...figures,
    pid === undefined ? '-' : formatAge(uptimeMs),
    { text: String(restarts), style: restarts > 0 ? 'yellow' : undefined },
  ]
}

/** The delay of the event loop; of one that stands still, for how long it has not been heard of. */
function delayOf({ loopDelayMs, beatAgeMs }: ChildStatus): Cell {
  if (beatAgeMs > blockedMs) return { text: `>${formatAge(beatAgeMs)}`, style: 'red' }
  const text = loopDelayMs < 9.95 ? `${loopDelayMs.toFixed(1)}ms` : `${Math.round(loopDelayMs)}ms`
  return { text, style: loopDelayMs > 100 ? 'yellow' : undefined }
}

function sortChildren(children: readonly ChildStatus[], rates: RequestRates, sort: SortKey): readonly ChildStatus[] {
  const figure = {
    name: undefined,
    cpu: (child: ChildStatus) => child.cpuPercent,
    memory: (child: ChildStatus) => child.rssBytes,
    requests: (child: ChildStatus) => rates.of(child) ?? 0,
  }[sort]
  return figure ? children.toSorted((a, b) => figure(b) - figure(a)) : children
}
