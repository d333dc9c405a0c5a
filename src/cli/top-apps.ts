/** The applications in `saola top`: the sums of their workers. */
import type { AppStatus, ChildStatus, TreeStatus } from '../control/operations.ts'
import type { FigureWindow, RecentLoad } from './figure-window.ts'
import { formatCount, formatLatency, formatMemory, formatRate } from './figures.ts'
import type { RequestRates } from './request-rates.ts'
import { formatCpu } from './status-view.ts'
import { type Cell, type Column, formatFittingTable } from './table.ts'
import type { Paint } from './terminal.ts'

interface AppView {
  readonly selected: string | undefined
  readonly figures: FigureWindow
  readonly width: number
  readonly paint: Paint
}

const numbers = (...titles: readonly string[]): Column[] => titles.map(title => ({ title, align: 'right' }))

export function appTable({ apps, children }: TreeStatus, rates: RequestRates, view: AppView): string[] {
  const { width, paint, selected, figures } = view
  const hasLoad = figures.isThere
  const columns = [
    { title: 'APP' },
    ...numbers('WORKERS', 'REQ/S'),
    ...(hasLoad ? numbers('ERR/S', 'P50', 'P95', 'P99') : []),
    ...numbers('CONN', 'FLIGHT', 'CPU', 'MEM'),
    { title: 'LISTEN' },
  ]
  const rows = apps.map(app => {
    const own = children.filter(child => child.app === app.name)
    const row = appRow(app, own, rates, hasLoad ? loadCells(figures.ofApp(app.name)) : [])
    return app.name === selected && apps.length > 1 ? row.map(boldOf) : row
  })
  return formatFittingTable({ columns, rows, width, paint }, ['CONN', 'P95', 'FLIGHT'])
}

function appRow(
  app: AppStatus,
  children: readonly ChildStatus[],
  rates: RequestRates,
  load: readonly Cell[],
): readonly Cell[] {
  const sum = (figure: (child: ChildStatus) => number) => children.reduce((total, child) => total + figure(child), 0)
  const running = sum(({ state }) => (state === 'RUNNING' ? 1 : 0))
  return [
    app.name,
    running === app.workers ? String(running) : `${running}/${app.workers}`,
    formatRate(sum(child => rates.of(child) ?? 0)),
    ...load,
    formatCount(sum(child => child.connections)),
    formatCount(sum(child => child.inFlight)),
    formatCpu({ cpuPercent: sum(child => child.cpuPercent) }),
    formatMemory(sum(child => child.rssBytes)),
    app.listen.join(' '),
  ]
}

function loadCells(load: RecentLoad | undefined): Cell[] {
  if (!load) return ['-', '-', '-', '-']
  const { errorsPerSecond, p50, p95, p99 } = load
  const errors: Cell = { text: formatRate(errorsPerSecond), style: errorsPerSecond > 0 ? 'red' : undefined }
  return [errors, ...[p50, p95, p99].map(latencyCell)]
}

export function latencyCell(ms: number | undefined): string {
  return ms === undefined ? '-' : formatLatency(ms)
}

function boldOf(cell: Cell): Cell {
  return typeof cell === 'object' && cell.style ? cell : { text: textOf(cell), style: 'bold' }
}

function textOf(cell: Cell): string {
  return typeof cell === 'object' ? cell.text : cell
}
