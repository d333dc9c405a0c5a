/** What is made of one look at the figures of a tree: the numbers that charts are drawn of. */
import { durationsBetween, percentileOf } from '../../base/durations.ts'
import type { ChildStatus, TreeFigures, TreeStatus, WorkerFigures } from '../../control/operations.ts'
import type { Sample, WorkerColumn } from '../api.ts'
import type { Rate } from './rates.ts'
import { idOf } from './views.ts'

export interface Look {
  /** Since the look before; 0 for the first. */
  readonly sinceMs: number
  readonly sample: Sample
  /** How long the requests took that have ended since the last look: see base/durations.ts. */
  readonly durations: readonly number[]
  /** By the name of the worker. */
  readonly workers: ReadonlyMap<string, WorkerLook>
}

export type WorkerLook = Readonly<Record<WorkerColumn, number>>

/** What grows, as it was at a look. */
export interface Counted {
  /** Milliseconds on a clock that never goes back. */
  readonly now: number
  readonly durations: readonly number[]
  readonly cpuSeconds: number
  /** Of all workers that there have been. */
  readonly all: Rate
  /** Of those that live, by their ids. */
  readonly workers: ReadonlyMap<string, Rate>
}

export interface LookSource {
  readonly at: number
  readonly status: TreeStatus
  readonly figures: TreeFigures
  readonly counted: Counted
  /** Undefined at the first look: then nothing has happened yet. */
  readonly last: Counted | undefined
  rateOf(child: ChildStatus): Rate | undefined
}

export function countedOf({ apps, workers, supervisor }: TreeFigures, now: number): Counted {
  return {
    now,
    durations: apps.reduce<readonly number[]>((all, { durations }) => added(all, durations), []),
    cpuSeconds: supervisor.cpuSeconds,
    all: apps.map(answeredOf).reduce(sumOf, { requests: 0, errors: 0 }),
    workers: new Map(workers.map(figures => [idOf({ name: figures.worker, pid: figures.pid }), answeredOf(figures)])),
  }
}

function answeredOf({ responses }: Pick<WorkerFigures, 'responses'>): Rate {
  return { requests: sum(responses, count => count), errors: responses[4] ?? 0 }
}

function sumOf(a: Rate, b: Rate): Rate {
  return { requests: a.requests + b.requests, errors: a.errors + b.errors }
}

export function lookOf({ at, status, figures, counted, last, rateOf }: LookSource): Look {
  const { children } = status
  const web = children.filter(({ kind }) => kind === 'web')
  const seconds = last ? Math.max(0.001, (counted.now - last.now) / 1_000) : 1
  const durations = last ? durationsBetween(last.durations, counted.durations) : counted.durations.map(() => 0)
  const ownCpu = last ? ((counted.cpuSeconds - last.cpuSeconds) / seconds) * 100 : 0
  const withRate = web.filter(child => rateOf(child) !== undefined)
  const others = last ? answeredByOthers(last, counted, withRate.map(idOf)) : { requests: 0, errors: 0 }
  const sample: Sample = {
    at,
    requestsPerSecond: round(sum(withRate, child => rateOf(child)?.requests ?? 0) + others.requests / seconds),
    errorsPerSecond: round(sum(withRate, child => rateOf(child)?.errors ?? 0) + others.errors / seconds),
    ...percentilesOf(durations),
    inFlight: sum(web, ({ inFlight }) => inFlight),
    connections: sum(web, ({ connections }) => connections),
    loopDelayMs: web.reduce((most, { loopDelayMs }) => Math.max(most, loopDelayMs), 0),
    cpuPercent: round(sum(children, ({ cpuPercent }) => cpuPercent) + ownCpu),
    rssBytes: sum(children, ({ rssBytes }) => rssBytes) + figures.supervisor.rssBytes,
  }
  return { sinceMs: last ? counted.now - last.now : 0, sample, durations, workers: workersOf(web, rateOf) }
}

/** By workers that have no rate: those that have just begun, and those that have ended since. A reload is no gap in the charts. */
function answeredByOthers(last: Counted, now: Counted, withRate: readonly string[]): Rate {
  const grown = (name: keyof Rate) => {
    const known = sum(withRate, id => (now.workers.get(id)?.[name] ?? 0) - (last.workers.get(id)?.[name] ?? 0))
    return Math.max(0, now.all[name] - last.all[name] - known)
  }
  return { requests: grown('requests'), errors: grown('errors') }
}

export function percentilesOf(durations: readonly number[]): Pick<Sample, 'p50Ms' | 'p90Ms' | 'p99Ms'> {
  const of = (share: number) => {
    const found = percentileOf(durations, share)
    return found === undefined ? null : round(found)
  }
  return { p50Ms: of(0.5), p90Ms: of(0.9), p99Ms: of(0.99) }
}

/** While one replaces another, both have one name, and are one line of the chart. */
function workersOf(web: readonly ChildStatus[], rateOf: LookSource['rateOf']): Map<string, WorkerLook> {
  const workers = new Map<string, WorkerLook>()
  for (const child of web) {
    if (child.pid === undefined) continue
    const own = {
      requestsPerSecond: rateOf(child)?.requests ?? 0,
      loopDelayMs: child.loopDelayMs,
      cpuPercent: child.cpuPercent,
      rssBytes: child.rssBytes,
      inFlight: child.inFlight,
    }
    const other = workers.get(child.name)
    workers.set(child.name, other ? together(other, own) : own)
  }
  return workers
}

export function together(a: WorkerLook, b: WorkerLook): WorkerLook {
  return {
    requestsPerSecond: a.requestsPerSecond + b.requestsPerSecond,
    loopDelayMs: Math.max(a.loopDelayMs, b.loopDelayMs),
    cpuPercent: a.cpuPercent + b.cpuPercent,
    rssBytes: a.rssBytes + b.rssBytes,
    inFlight: a.inFlight + b.inFlight,
  }
}

export function added(a: readonly number[], b: readonly number[]): number[] {
  return Array.from({ length: Math.max(a.length, b.length) }, (_, index) => (a[index] ?? 0) + (b[index] ?? 0))
}

function sum<Item>(all: readonly Item[], figure: (item: Item) => number): number {
  return all.reduce((total, item) => total + figure(item), 0)
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
