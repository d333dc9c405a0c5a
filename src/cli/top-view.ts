/** How `saola top` looks. */
import type { ChildStatus, TreeStatus } from '../control/operations.ts'
import { renderCron } from './cron-view.ts'
import type { FigureWindow } from './figure-window.ts'
import type { RequestRates } from './request-rates.ts'
import { renderHeadline, renderLastReload } from './status-view.ts'
import { cut } from './table.ts'
import type { Paint } from './terminal.ts'
import { appTable } from './top-apps.ts'
import { helpLines } from './top-help.ts'
import { processTable } from './top-processes.ts'
import { type SortKey, sortProcesses } from './top-sort.ts'

export interface TopView {
  readonly sort: SortKey
  /** The application that + and - are for. */
  readonly selected: string | undefined
  /** The name of the process that keys are for; undefined as long as none was chosen. */
  readonly process: string | undefined
  /** Latency and errors. */
  readonly figures: FigureWindow
  /** The help is shown in place of the tree. */
  readonly isHelp: boolean
  /** What became of the last key. */
  readonly note: string
  readonly width: number
  /** Lines of the terminal; processes that do not fit are counted. */
  readonly height: number
  readonly paint: Paint
  readonly now: Date
}

const keys = 'q quit  ? help  arrows choose  x restart  + - workers  R reload'
const noFigures = 'Latency and errors: set metrics.listen or dashboard.listen to have them.'
const cronLinesMax = 6

/** The whole screen as lines. */
export function renderTop(status: TreeStatus, rates: RequestRates, view: TopView): string[] {
  const { width, height, paint, note, isHelp } = view
  const isEndless = height === Number.POSITIVE_INFINITY
  const bottom = isEndless ? [] : ['', paint('dim', cut(note || keys, width))]
  if (isHelp) return [...fill(helpLines(width), height - bottom.length), ...bottom]
  const above = [renderHeadline(status, view), ...renderLastReload(status, view), ...overview(status, rates, view), '']
  const cron = cronLines(status, view)
  const processes = sortProcesses(status.children, view.sort, { rates, figures: view.figures })
  const room = Math.max(2, height - above.length - cron.length - bottom.length)
  return [...above, ...scrolled(processes, processTable(processes, rates, view), room, view), ...cron, ...bottom]
}

function overview(status: TreeStatus, rates: RequestRates, view: TopView): string[] {
  if (status.apps.length === 0) return []
  const { figures, width, paint } = view
  const isCounting = status.children.some(({ kind, state }) => kind === 'web' && state === 'RUNNING')
  const advice = figures.isThere || !isCounting ? [] : [paint('dim', cut(noFigures, width))]
  return ['', ...appTable(status, rates, view), ...advice]
}

/** As many as there is room for beside the processes. */
function cronLines({ cron = [] }: TreeStatus, view: TopView): string[] {
  const lines = renderCron(cron, view)
  if (view.height === Number.POSITIVE_INFINITY || lines.length <= cronLinesMax) return lines
  const shown = lines.slice(0, cronLinesMax - 1)
  return [...shown, view.paint('dim', `… ${lines.length - shown.length} more`)]
}

/** The table, its titles first, moved so far that the chosen process is seen; what does not fit is counted. */
function scrolled(processes: readonly ChildStatus[], table: readonly string[], room: number, view: TopView): string[] {
  if (table.length <= room) return [...table]
  const [titles = '', ...rows] = table
  const roomForRows = Math.max(0, room - 2)
  const chosen = Math.max(
    0,
    processes.findIndex(({ name }) => name === view.process),
  )
  const from = Math.min(Math.max(0, chosen - roomForRows + 1), rows.length - roomForRows)
  const hidden = rows.length - roomForRows
  return [titles, ...rows.slice(from, from + roomForRows), view.paint('dim', cut(`… ${hidden} more`, view.width))]
}

function fill(lines: readonly string[], height: number): string[] {
  const missing = Number.isFinite(height) ? Math.max(0, height - lines.length) : 0
  return [...lines.slice(0, height), ...Array<string>(missing).fill('')]
}
