/** How `saola status` looks. `saola top` shares what they have in common. */
import { relative } from 'node:path'
import { printable } from '../base/printable.ts'
import type { AppStatus, ChildStatus, TreeStatus } from '../control/operations.ts'
import { formatAge, formatCount, formatMemory } from './figures.ts'
import { type Cell, type Column, cut, formatTable } from './table.ts'
import type { Paint, Style } from './terminal.ts'

export interface ViewOptions {
  readonly width: number
  readonly paint: Paint
  readonly now: Date
  /** Entries are shown relative to it. */
  readonly cwd: string
}

const columns: readonly Column[] = [
  { title: 'NAME' },
  { title: 'STATE' },
  { title: 'PID', align: 'right' },
  { title: 'GEN', align: 'right' },
  { title: 'UPTIME', align: 'right' },
  { title: 'RESTARTS', align: 'right' },
  { title: 'CONN', align: 'right' },
  { title: 'REQS', align: 'right' },
  { title: 'CPU', align: 'right' },
  { title: 'MEM', align: 'right' },
  { title: 'LAST EXIT' },
]

/** The tree, its applications and its children, as lines. */
export function renderStatus(status: TreeStatus, { width, paint, now, cwd }: ViewOptions): string[] {
  const rows = status.children.map(child => childRow(child, now))
  const apps = status.apps.map(app => [
    app.name,
    app.listen.join(' '),
    String(app.workers),
    app.balance,
    entryOf(app, cwd),
  ])
  return [
    renderHeadline(status, { width, paint }),
    ...renderFailedReload(status, { width, paint, now }),
    '',
    ...formatTable({ columns: appColumns, rows: apps, width, paint }),
    '',
    ...formatTable({ columns, rows, width, paint }),
  ]
}

const appColumns: readonly Column[] = ['APP', 'LISTEN', 'WORKERS', 'BALANCE', 'ENTRY'].map(title => ({ title }))

function entryOf({ entry }: AppStatus, cwd: string): string {
  const path = relative(cwd, entry)
  return path.startsWith('..') ? entry : path
}

/** `shop  running  pid 4211  up 3h 12m  generation 3  Saola 0.1.0  Node v24.21.0` */
export function renderHeadline(status: TreeStatus, { width, paint }: Pick<ViewOptions, 'width' | 'paint'>): string {
  const { name, state, pid, uptimeMs, generation, version, node } = status
  const rest = `pid ${pid}  up ${formatAge(uptimeMs)}  generation ${generation}  Saola ${version}  Node ${node}`
  const shown = cut(`${name}  ${state}  ${rest}`, width)
  const stateEnd = name.length + 2 + state.length
  const styled = paint(state === 'running' ? 'green' : 'yellow', shown.slice(name.length, stateEnd))
  return paint('bold', shown.slice(0, name.length)) + styled + shown.slice(stateEnd)
}

/** Nothing when the last reload was a good one: who looks wants to know what is wrong. */
export function renderFailedReload(
  { lastReload }: TreeStatus,
  { width, paint, now }: Omit<ViewOptions, 'cwd'>,
): string[] {
  if (!lastReload || lastReload.ok) return []
  const text = `The last reload failed ${ago(lastReload.at, now)}: ${printable(lastReload.message)}`
  return [paint('red', cut(text, width))]
}

function childRow(child: ChildStatus, now: Date): Cell[] {
  const { pid, generation, uptimeMs, restarts, state } = child
  const process = pid === undefined ? ['-', '-', '-'] : [String(pid), String(generation), formatAge(uptimeMs)]
  const figures = hasBeat(child)
    ? [formatCount(child.connections), formatCount(child.requests), formatCpu(child), formatMemory(child.rssBytes)]
    : ['-', '-', '-', '-']
  return [
    child.name,
    { text: state, style: stateStyle[state] },
    ...process,
    { text: String(restarts), style: restarts > 0 ? 'yellow' : undefined },
    ...figures,
    lastExitOf(child, now),
  ]
}

/** A worker tells its first figures a second after its start. */
export function hasBeat({ rssBytes }: ChildStatus): boolean {
  return rssBytes > 0
}

export function formatCpu({ cpuPercent }: { readonly cpuPercent: number }): string {
  return `${Math.round(cpuPercent)}%`
}

export const stateStyle: Readonly<Record<ChildStatus['state'], Style | undefined>> = {
  RUNNING: 'green',
  STARTING: 'yellow',
  STOPPING: 'yellow',
  BACKOFF: 'red',
  FATAL: 'red',
  EXITED: undefined,
  STOPPED: undefined,
}

function lastExitOf({ lastExit }: ChildStatus, now: Date): string {
  return lastExit ? `${ago(lastExit.at, now)}: ${printable(lastExit.reason)}` : ''
}

function ago(at: string, now: Date): string {
  return `${formatAge(now.getTime() - Date.parse(at))} ago`
}
