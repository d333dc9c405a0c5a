import type { Look } from './look.ts'

/**
 * A row of the table of metrics. It knows nothing of formats: the exposition for Prometheus and the reference are made of it, and an
 * exporter for OpenTelemetry would walk the same rows (`counter` is its monotonic sum, and buckets are given as they are).
 */
export interface Metric {
  /** `saola_…`, in base units; that of a counter ends in `_total`, that of an info in `_info`. */
  readonly name: string
  readonly type: 'counter' | 'gauge' | 'histogram' | 'info'
  /** The end of the name, but for `_total`, where it measures something. */
  readonly unit?: 'seconds' | 'bytes' | 'ratio'
  /** A sentence. */
  readonly help: string
  readonly labels: readonly string[]
  /** What there is of it now: nothing where nobody knows. */
  read(look: Look): Iterable<Sample>
}

/** Rows about the same thing. */
export interface MetricGroup {
  readonly title: string
  /** When they are there, and what their labels say: for the reference. */
  readonly about: string
  readonly metrics: readonly Metric[]
}

/** The values of the labels, in the order of the row, and what was measured. */
export type Sample = readonly [labels: readonly string[], value: number | Buckets]

/** Of a histogram. */
export interface Buckets {
  /** Upper bounds, growing; a last bucket without one follows. */
  readonly bounds: readonly number[]
  /** Not cumulative: one more than there are bounds. */
  readonly counts: readonly number[]
  readonly sum: number
}

/** A sample without labels; none where the value is not known. */
export function single(value: number | undefined): Sample[] {
  return value === undefined ? [] : [[[], value]]
}

/** 1 or 0. */
export function flag(isSo: boolean): number {
  return isSo ? 1 : 0
}

/** Seconds, without what the division by 1,000 makes of milliseconds that are no whole number. */
export function secondsOf(ms: number): number {
  return Math.round(ms * 1_000) / 1_000_000
}

/** Seconds since 1970 of an ISO time; undefined for none. */
export function timestampOf(iso: string | undefined): number | undefined {
  const ms = iso === undefined ? Number.NaN : Date.parse(iso)
  return Number.isNaN(ms) ? undefined : ms / 1_000
}
