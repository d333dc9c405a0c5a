/** From what the server tells to what charts draw. Pure. */
import type { ChildView, History, HistorySpan, Mark, Sample, WorkerColumn } from '../api.ts'

export const spansMs: Readonly<Record<HistorySpan, number>> = { '10m': 600_000, '2h': 7_200_000, '24h': 86_400_000 }

export interface Line {
  readonly label: string
  readonly values: readonly (number | null)[]
}

export interface ChartData {
  /** Milliseconds since 1970, growing. */
  readonly at: readonly number[]
  readonly lines: readonly Line[]
}

/** Lines of totals, by their names on the chart. */
export function totalsOf(
  history: History,
  names: Readonly<Partial<Record<keyof History['totals'], string>>>,
): ChartData {
  const lines = Object.entries(names).map(([column, label]) => ({
    label,
    values: history.totals[column as keyof History['totals']],
  }))
  return withGaps({ at: history.at, lines }, history.stepMs)
}

/** A line for each worker, `web:2` before `web:10`; those that were never there in this span have none. */
export function workersOf(history: History, column: WorkerColumn): ChartData {
  const lines = Object.entries(history.workers)
    .map(([label, columns]) => ({
      label,
      values: column === 'rssBytes' ? withoutZeros(columns[column]) : columns[column],
    }))
    .filter(({ values }) => values.some(value => value !== null))
    .sort((one, other) => names.compare(one.label, other.label))
  return withGaps({ at: history.at, lines }, history.stepMs)
}

/** A process that has not told its memory yet has some. */
function withoutZeros(values: readonly (number | null)[]): readonly (number | null)[] {
  return values.map(value => (value === 0 ? null : value))
}

/** What is shown: the whole span, or of a tree that is younger, what there is, but at least a tenth of it. */
export function shownRange(at: readonly number[], spanMs: number, now: number): readonly [number, number] {
  const end = at.at(-1) ?? now
  const start = Math.min(at[0] ?? end, end - spanMs / 10)
  return [Math.max(start, end - spanMs), end]
}

const names = new Intl.Collator('en', { numeric: true })

/** Where more than three steps are missing, the lines are cut: nobody knows what was between. */
export function withGaps({ at, lines }: ChartData, stepMs: number): ChartData {
  const isGap = (index: number) => index > 0 && (at[index] ?? 0) - (at[index - 1] ?? 0) > 3 * stepMs
  if (!at.some((_, index) => isGap(index))) return { at, lines }
  const spread = <Value>(values: readonly Value[], between: (index: number) => Value) =>
    values.flatMap((value, index) => (isGap(index) ? [between(index), value] : [value]))
  return {
    at: spread(at, index => (at[index] ?? 0) - stepMs),
    lines: lines.map(({ label, values }) => ({ label, values: spread<number | null>(values, () => null) })),
  }
}

/** The history with the latest second at its end; the same one, if that is no step further. What is older than the span is left out. */
export function appendSample(history: History, sample: Sample, children: readonly ChildView[]): History {
  const last = history.at.at(-1) ?? 0
  // Ticks are late by some milliseconds, and then early by as many.
  if (sample.at - last < history.stepMs * 0.9) return history
  const from = history.at.findIndex(at => at > sample.at - spansMs[history.span])
  const start = from < 0 ? history.at.length : from
  const count = history.at.length - start
  const extend = (values: readonly (number | null)[], value: number | null) => [...values.slice(start), value]
  return {
    ...history,
    at: extend(history.at, sample.at) as number[],
    totals: mapValues(history.totals, (values, name) => extend(values, sample[name])),
    workers: extendWorkers(history, workersNow(children), { count, extend }),
    marks: dropBefore(history.marks, sample.at - spansMs[history.span]),
  }
}

/** The same list as long as none is too old: what is drawn of it is not drawn again. */
function dropBefore(marks: readonly Mark[], end: number): readonly Mark[] {
  return marks.every(({ at }) => at > end) ? marks : marks.filter(({ at }) => at > end)
}

interface Extension {
  /** So many steps are kept. */
  readonly count: number
  extend(values: readonly (number | null)[], value: number | null): readonly (number | null)[]
}

type WorkerValues = Readonly<Record<WorkerColumn, number | null>>

function extendWorkers({ workers }: History, now: ReadonlyMap<string, WorkerValues>, { count, extend }: Extension) {
  const empty = Array<null>(count).fill(null)
  const all = [...new Set([...Object.keys(workers), ...now.keys()])]
  return Object.fromEntries(
    all.map(name => {
      const before = workers[name]
      const value = now.get(name)
      const columns = mapValues(value ?? nothing, (_, column) => {
        const latest = value?.[column] ?? null
        return before ? extend(before[column], latest) : [...empty, latest]
      })
      return [name, columns]
    }),
  )
}

const nothing: WorkerValues = {
  requestsPerSecond: null,
  loopDelayMs: null,
  cpuPercent: null,
  rssBytes: null,
  inFlight: null,
}

/** Of two in one place, the one that stays. */
function workersNow(children: readonly ChildView[]): ReadonlyMap<string, WorkerValues> {
  const workers = children.filter(({ kind, pid }) => kind === 'web' && pid !== undefined)
  const now = new Map<string, WorkerValues>()
  for (const child of workers.filter(({ state }) => state === 'STOPPING')) now.set(child.name, valuesOf(child))
  for (const child of workers.filter(({ state }) => state !== 'STOPPING')) now.set(child.name, valuesOf(child))
  return now
}

function valuesOf({ requestsPerSecond, loopDelayMs, cpuPercent, rssBytes, inFlight }: ChildView): WorkerValues {
  return { requestsPerSecond: requestsPerSecond ?? null, loopDelayMs, cpuPercent, rssBytes, inFlight }
}

function mapValues<Key extends string, From, To>(
  record: Readonly<Record<Key, From>>,
  change: (value: From, key: Key) => To,
): Record<Key, To> {
  return Object.fromEntries(
    Object.entries<From>(record).map(([key, value]) => [key, change(value, key as Key)]),
  ) as Record<Key, To>
}

/** Those that are drawn at about the same place as `at`. */
export function marksNear(marks: readonly Mark[], at: number, withinMs: number): readonly Mark[] {
  return marks.filter(mark => Math.abs(mark.at - at) <= withinMs)
}

/** Every n-th step, so that there are at most `rowsMax`; always the last. */
export function pickRows(count: number, rowsMax: number): readonly number[] {
  const every = Math.max(1, Math.ceil(count / rowsMax))
  const rows: number[] = []
  for (let row = count - 1; row >= 0; row -= every) rows.push(row)
  return rows
}
