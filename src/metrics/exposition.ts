/** Writes metrics in the text format of Prometheus 0.0.4, or in OpenMetrics 1.0. */
import { printable } from '../base/printable.ts'
import type { Look } from './look.ts'
import type { Buckets, Metric, Sample } from './metric.ts'

export type Format = 'prometheus' | 'openmetrics'

export const contentTypes: Readonly<Record<Format, string>> = {
  prometheus: 'text/plain; version=0.0.4; charset=utf-8',
  openmetrics: 'application/openmetrics-text; version=1.0.0; charset=utf-8',
}

// A path in the configuration may be longer; nobody reads that on a chart.
const labelLengthMax = 1_000

export function writeExposition(metrics: readonly Metric[], look: Look, format: Format): string {
  const lines = metrics.flatMap(metric => {
    const samples = [...metric.read(look)]
    return samples.length === 0 ? [] : [...headOf(metric, format), ...linesOf(metric, samples)]
  })
  if (format === 'openmetrics') lines.push('# EOF')
  return `${lines.join('\n')}\n`
}

function headOf({ name, type, unit, help }: Metric, format: Format): string[] {
  if (format === 'prometheus') return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type === 'info' ? 'gauge' : type}`]
  // There the family is named without what its samples end in.
  const family = name.replace(/_(?:total|info)$/, '')
  const unitLine = unit && type !== 'info' ? [`# UNIT ${family} ${unit}`] : []
  return [`# TYPE ${family} ${type}`, ...unitLine, `# HELP ${family} ${escaped(help)}`]
}

function linesOf(metric: Metric, samples: readonly Sample[]): string[] {
  // A series that comes twice would cost the whole scrape.
  const seen = new Set<string>()
  return samples.flatMap(([values, value]) => {
    const labels = labelsOf(metric, values)
    if (seen.has(labels)) return []
    seen.add(labels)
    if (typeof value !== 'number') return histogramLines(metric.name, labels, value)
    return [`${metric.name}${inBraces(labels)} ${numberOf(value)}`]
  })
}

function histogramLines(name: string, labels: string, { bounds, counts, sum }: Buckets): string[] {
  let count = 0
  const buckets = [...bounds, Number.POSITIVE_INFINITY].map((bound, index) => {
    count += counts[index] ?? 0
    return `${name}_bucket{${labels}${labels === '' ? '' : ','}le="${boundOf(bound)}"} ${count}`
  })
  return [...buckets, `${name}_sum${inBraces(labels)} ${numberOf(sum)}`, `${name}_count${inBraces(labels)} ${count}`]
}

function labelsOf({ labels }: Metric, values: readonly string[]): string {
  return labels.map((label, index) => `${label}="${labelText(values[index] ?? '')}"`).join(',')
}

/** What could not be seen, or could be read as something else, is written as `\u001b`. */
function labelText(value: string): string {
  return escaped(printable(value.slice(0, labelLengthMax).toWellFormed()))
}

function escaped(text: string): string {
  return text.replace(/[\\"\n]/g, character => (character === '\n' ? '\\n' : `\\${character}`))
}

function inBraces(labels: string): string {
  return labels === '' ? '' : `{${labels}}`
}

/** The same in both formats, as OpenMetrics and Prometheus 3 have it: a whole number is `1.0`. */
function boundOf(bound: number): string {
  if (bound === Number.POSITIVE_INFINITY) return '+Inf'
  return Number.isInteger(bound) ? `${bound}.0` : String(bound)
}

function numberOf(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? 'NaN' : value > 0 ? '+Inf' : '-Inf'
}

/** What a client wants, by its `Accept`: OpenMetrics if it asks for that by name, and not less than for plain text. */
export function formatFor(accept: string | undefined): Format {
  const wanted = (accept ?? '').split(',').map(readRange)
  const weightOf = (type: string) => Math.max(0, ...wanted.filter(range => range.type === type).map(({ q }) => q))
  const weight = weightOf('application/openmetrics-text')
  return weight > 0 && weight >= weightOf('text/plain') ? 'openmetrics' : 'prometheus'
}

/** An element of `Accept`. A version that is not ours is wanted as little as one with `q=0`. */
function readRange(text: string): { readonly type: string; readonly q: number } {
  const [type = '', ...parameters] = text.split(';').map(part => part.trim().toLowerCase())
  const given = Object.fromEntries(parameters.map(parameter => parameter.split('=', 2)))
  const isOurs = type !== 'application/openmetrics-text' || [undefined, '1.0.0'].includes(given.version)
  const q = Number(given.q ?? 1)
  return { type, q: isOurs && q >= 0 && q <= 1 ? q : 0 }
}
