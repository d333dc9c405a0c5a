/** The past of a tree in steps of one length: so many, and the oldest is written over. */
import { type History, type Sample, type WorkerColumn, workerColumns } from '../api.ts'
import { added, type Look, percentilesOf, together, type WorkerLook } from './look.ts'

export interface RingShape {
  readonly stepMs: number
  readonly steps: number
}

type TotalColumn = Exclude<keyof Sample, 'at'>

const totalColumns: readonly TotalColumn[] = [
  ...(['requestsPerSecond', 'errorsPerSecond', 'p50Ms', 'p90Ms', 'p99Ms', 'inFlight'] as const),
  ...(['connections', 'loopDelayMs', 'cpuPercent', 'rssBytes'] as const),
]
/** Of one step the longest counts; of all else the mean. */
const isLongest = (column: TotalColumn | WorkerColumn) => column === 'loopDelayMs'

/** Clocks are set back by seconds when they are set by another: that is no reason to forget. */
const stepsBackMax = 60

/** Beyond as many, workers are one line together. */
export const workersMax = 64
export const others = 'others'

/** What a step is made of until it is over. */
interface OpenStep {
  readonly number: number
  looks: number
  durations: readonly number[]
  readonly totals: Map<TotalColumn, number>
  readonly workers: Map<string, { looks: number; sum: WorkerLook }>
}

type Columns<Column extends string> = Record<Column, Float32Array>

export class Ring {
  readonly #shape: RingShape
  readonly #totals: Columns<TotalColumn>
  readonly #workers = new Map<string, Columns<WorkerColumn>>()
  /** In which step a worker was last seen. */
  readonly #seen = new Map<string, number>()
  #first: number | undefined
  #open: OpenStep | undefined

  constructor(shape: RingShape) {
    this.#shape = shape
    this.#totals = this.#columns(totalColumns)
  }

  /**
   * Looks come in the order of their times; one that is older than the last is of a clock that was set back. By a little: it is left out
   * until the time is there again. By more: the past begins anew.
   */
  record(look: Look): void {
    const number = Math.floor(look.sample.at / this.#shape.stepMs)
    if (this.#open && number < this.#open.number) {
      if (this.#open.number - number > stepsBackMax) this.#forget()
      else return
    }
    const last = this.#open?.number
    if (last !== number) this.#begin(number)
    if (this.#open) this.#add(this.#open, look)
    this.#write()
    if (last !== undefined)
      this.#spread(Math.max(last + 1, number - Math.floor(look.sinceMs / this.#shape.stepMs)), number)
  }

  /** All steps until now; null where nothing was seen. */
  read(): Pick<History, 'stepMs' | 'at' | 'totals' | 'workers'> {
    const { stepMs, steps } = this.#shape
    const last = this.#open?.number ?? -1
    const first = Math.max(this.#first ?? 0, last - steps + 1)
    const numbers = Array.from({ length: this.#open ? last - first + 1 : 0 }, (_, index) => first + index)
    const values = <Column extends string>(columns: Columns<Column>) =>
      Object.fromEntries(
        Object.entries<Float32Array>(columns).map(([name, column]) => [
          name,
          numbers.map(number => shownValue(column[number % steps])),
        ]),
      ) as Record<Column, (number | null)[]>
    return {
      stepMs,
      at: numbers.map(number => (number + 0.5) * stepMs),
      totals: values(this.#totals),
      workers: Object.fromEntries([...this.#workers].map(([name, columns]) => [name, values(columns)])),
    }
  }

  /** The bytes that it holds. */
  get bytes(): number {
    return (totalColumns.length + this.#workers.size * workerColumns.length) * this.#shape.steps * 4
  }

  #begin(number: number): void {
    const { steps } = this.#shape
    const last = this.#open?.number
    this.#first ??= number
    // Steps that nobody has looked in are empty, and may hold what was there a round ago.
    const from = last === undefined ? number : Math.max(last + 1, number - steps + 1)
    for (let step = from; step <= number; step++) this.#clear(step % steps)
    for (const [name, seen] of this.#seen) if (number - seen >= steps) this.#drop(name)
    this.#open = { number, looks: 0, durations: [], totals: new Map(), workers: new Map() }
  }

  #add(open: OpenStep, { sample, durations, workers }: Look): void {
    open.looks++
    open.durations = added(open.durations, durations)
    for (const column of totalColumns) {
      const value = sample[column] ?? 0
      const before = open.totals.get(column) ?? 0
      open.totals.set(column, isLongest(column) ? Math.max(before, value) : before + value)
    }
    for (const [name, look] of this.#bounded(workers)) {
      const before = open.workers.get(name)
      open.workers.set(name, { looks: (before?.looks ?? 0) + 1, sum: before ? together(before.sum, look) : look })
      this.#seen.set(name, open.number)
    }
  }

  /** A worker that is new when there are as many as may be counts among the others. */
  #bounded(workers: ReadonlyMap<string, WorkerLook>): Map<string, WorkerLook> {
    const bounded = new Map<string, WorkerLook>()
    for (const [worker, look] of workers) {
      const isKnown = this.#workers.has(worker)
      if (!isKnown && this.#workers.size < workersMax) this.#workers.set(worker, this.#columns(workerColumns))
      const name = this.#workers.has(worker) ? worker : others
      if (name === others && !this.#workers.has(others)) this.#workers.set(others, this.#columns(workerColumns))
      const other = bounded.get(name)
      bounded.set(name, other ? together(other, look) : look)
    }
    return bounded
  }

  /** What the open step is until now stands in the columns, so that a chart has no hole at its end. */
  #write(): void {
    if (!this.#open) return
    const { number, looks, durations, totals, workers } = this.#open
    const place = number % this.#shape.steps
    const percentiles = percentilesOf(durations)
    for (const column of totalColumns) {
      const total = totals.get(column) ?? 0
      const mean = isLongest(column) ? total : total / looks
      const value = column in percentiles ? percentiles[column as keyof typeof percentiles] : mean
      this.#totals[column][place] = value ?? Number.NaN
    }
    for (const [name, { looks: seen, sum }] of workers) {
      const columns = this.#workers.get(name)
      for (const column of workerColumns)
        if (columns) columns[column][place] = isLongest(column) ? sum[column] : sum[column] / seen
    }
  }

  /** A look that comes after more than a step is about the time since the last: the steps between are as it is. */
  #spread(from: number, to: number): void {
    const { steps } = this.#shape
    for (let step = Math.max(from, to - steps + 1); step < to; step++)
      for (const columns of this.#all())
        for (const column of columns) column[step % steps] = column[to % steps] ?? Number.NaN
  }

  #all(): Float32Array[][] {
    return [this.#totals, ...this.#workers.values()].map(columns => Object.values<Float32Array>(columns))
  }

  #clear(place: number): void {
    for (const columns of this.#all()) for (const column of columns) column[place] = Number.NaN
  }

  #drop(worker: string): void {
    this.#workers.delete(worker)
    this.#seen.delete(worker)
  }

  #forget(): void {
    this.#open = undefined
    this.#first = undefined
    for (let place = 0; place < this.#shape.steps; place++) this.#clear(place)
    for (const worker of [...this.#workers.keys()]) this.#drop(worker)
  }

  #columns<Column extends string>(names: readonly Column[]): Columns<Column> {
    const column = () => new Float32Array(this.#shape.steps).fill(Number.NaN)
    return Object.fromEntries(names.map(name => [name, column()])) as Columns<Column>
  }
}

/** Four digits are more than a chart shows, and of a 32-bit number seven are right. */
function shownValue(value: number | undefined): number | null {
  return value === undefined || Number.isNaN(value) ? null : Math.round(value * 100) / 100
}
