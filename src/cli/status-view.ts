/** How `saola status` looks. `saola top` shares what they have in common. */
import { isAbsolute, relative } from 'node:path'
import { printable } from '../base/printable.ts'
import type { AppStatus, ChildStatus, TreeStatus } from '../control/operations.ts'
import { renderCron } from './cron-view.ts'
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
    ...(apps.length === 0 ? [] : ['', ...formatTable({ columns: appColumns, rows: apps, width, paint })]),
    ...(rows.length === 0 ? [] : ['', ...formatTable({ columns, rows, width, paint })]),
    ...renderCron(status.cron ?? [], { width, paint, now }),
  ]
}

const appColumns: readonly Column[] = ['APP', 'LISTEN', 'WORKERS', 'BALANCE', 'ENTRY'].map(title => ({ title }))

function entryOf({ entry }: AppStatus, cwd: string): string {
  // A front without an application has no file: `proxy http://127.0.0.1:9000`.
  if (!isAbsolute(entry)) return printable(entry)
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

/** How the last reload ended, whatever way; nothing where there was none. */
export function renderLastReload(status: TreeStatus, view: Omit<ViewOptions, 'cwd'>): string[] {
  const { lastReload } = status
  if (!lastReload?.ok) return renderFailedReload(status, view)
  const { at, durationMs, message } = lastReload
  const took = durationMs < 1_000 ? `${Math.round(durationMs)}ms` : formatAge(durationMs)
  const text = `Last reload ${ago(at, view.now)}, in ${took}: ${printable(message)}`
  return [view.paint('dim', cut(text, view.width))]
}

/** Nothing when the last reload was a good one: who looks wants to know what is wrong. */
function renderFailedReload({ lastReload }: TreeStatus, { width, paint, now }: Omit<ViewOptions, 'cwd'>): string[] {
  if (!lastReload || lastReload.ok) return []
  const text = `The last reload failed ${ago(lastReload.at, now)}: ${printable(lastReload.message)}`
  return [paint('red', cut(text, width))]
}

function childRow(child: ChildStatus, now: Date): Cell[] {
  const { pid, generation, uptimeMs, restarts, state } = child
  const process = pid === undefined ? ['-', '-', '-'] : [String(pid), String(generation), formatAge(uptimeMs)]
  const load = isServer(child) ? [formatCount(child.connections), formatCount(child.requests)] : ['-', '-']
  const figures = hasBeat(child) ? [...load, formatCpu(child), formatMemory(child.rssBytes)] : ['-', '-', '-', '-']
  return [
    child.name,
    { text: state, style: stateStyle[state] },
    ...process,
    { text: String(restarts), style: restarts > 0 ? 'yellow' : undefined },
    ...figures,
    [printable(child.waitsFor ?? ''), lastExitOf(child, now)].filter(text => text !== '').join('; '),
  ]
}

/** Nobody knows what a program does for whom. */
export function isServer({ kind }: ChildStatus): boolean {
  return kind !== 'program'
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
