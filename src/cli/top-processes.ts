/** The processes in `saola top`. */
import { printable } from '../base/printable.ts'
import type { ChildStatus } from '../control/operations.ts'
import type { FigureWindow } from './figure-window.ts'
import { formatAge, formatCount, formatLatency, formatMemory, formatRate } from './figures.ts'
import type { RequestRates } from './request-rates.ts'
import { formatCpu, hasBeat, isServer, stateStyle } from './status-view.ts'
import { type Cell, type Column, formatFittingTable } from './table.ts'
import type { Paint } from './terminal.ts'
import { latencyCell } from './top-apps.ts'
import { blockedMs } from './top-sort.ts'

interface ProcessView {
  readonly process: string | undefined
  readonly figures: FigureWindow
  readonly width: number
  readonly paint: Paint
}

const numbers = (...titles: readonly string[]): Column[] => titles.map(title => ({ title, align: 'right' }))

/** Without a terminal, and where the columns fit, all are there; the first of these goes first. */
const expendable = ['CONN', 'UPTIME', 'PID', 'FLIGHT']

/** The titles first. The row that is chosen has a mark: there may be no colours. */
export function processTable(children: readonly ChildStatus[], rates: RequestRates, view: ProcessView): string[] {
  const { width, paint, process: chosen, figures } = view
  const mark = (name: string, isChosen: boolean) => (chosen === undefined ? name : `${isChosen ? '>' : ' '}${name}`)
  const columns: Column[] = [
    { title: mark('NAME', false) },
    { title: 'STATE' },
    ...numbers('PID', 'REQ/S', 'SHARE'),
    ...(figures.isThere ? numbers('P99') : []),
    ...numbers('CONN', 'FLIGHT', 'DELAY', 'CPU', 'MEM', 'UPTIME', 'RESTARTS'),
    // What it waits for; mostly nothing.
    { title: '' },
  ]
  const marked = children.find(({ name }) => name === chosen)
  const rows = children.map(child => {
    const isChosen = child === marked
    const name = mark(child.name, isChosen)
    const [share, load] = [shareOf(child, children, rates), figures.isThere ? [loadOf(child, figures)] : []]
    return processRow(child, isChosen ? { text: name, style: 'inverse' } : name, {
      rate: rates.of(child),
      share,
      load,
    })
  })
  return formatFittingTable({ columns, rows, width, paint }, expendable)
}

interface Load {
  readonly rate: number | undefined
  readonly share: string
  readonly load: readonly string[]
}

function processRow(child: ChildStatus, name: Cell, { rate, share, load }: Load): Cell[] {
  const { state, pid, restarts, uptimeMs } = child
  const serves: Cell[] = isServer(child)
    ? [
        rate === undefined ? '-' : formatRate(rate),
        share,
        ...load,
        formatCount(child.connections),
        formatCount(child.inFlight),
        delayOf(child),
      ]
    : ['-', '-', ...load, '-', '-', '-']
  const figures: Cell[] = hasBeat(child)
    ? [...serves, formatCpu(child), formatMemory(child.rssBytes)]
    : [...serves, '-', '-'].map(() => '-')
  return [
    name,
    { text: state, style: stateStyle[state] },
    pid === undefined ? '-' : String(pid),
    ...figures,
    pid === undefined ? '-' : formatAge(uptimeMs),
    { text: String(restarts), style: restarts > 0 ? 'yellow' : undefined },
    printable(child.waitsFor ?? ''),
  ]
}

/** Of the requests of its application. */
function shareOf(child: ChildStatus, children: readonly ChildStatus[], rates: RequestRates): string {
  const own = rates.of(child)
  if (child.kind !== 'web' || own === undefined) return '-'
  const others = children.filter(({ app }) => app === child.app)
  const total = others.reduce((sum, other) => sum + (rates.of(other) ?? 0), 0)
  return total === 0 ? '-' : `${Math.round((own / total) * 100)}%`
}

function loadOf(child: ChildStatus, figures: FigureWindow): string {
  return latencyCell(figures.ofWorker(child)?.p99)
}

/** The delay of the event loop; of one that stands still, for how long it has not been heard of. */
function delayOf({ loopDelayMs, beatAgeMs }: ChildStatus): Cell {
  if (beatAgeMs > blockedMs) return { text: `>${formatAge(beatAgeMs)}`, style: 'red' }
  return { text: formatLatency(loopDelayMs), style: loopDelayMs > 100 ? 'yellow' : undefined }
}
