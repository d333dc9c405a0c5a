/** Lines of output as they are shown: what of them is Saola's own log, or JSON of an application, is made readable. Pure. */
import type { LogLine } from '../api.ts'
import { withoutColours } from './visible-text.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

export interface ShownLine {
  /** Grows. */
  readonly id: number
  /** Milliseconds since 1970. */
  readonly at: number
  readonly source: string
  readonly level: LogLevel
  /** What it says, without its fields. */
  readonly text: string
  /** What it says besides: `pid=4211 bootMs=412`. */
  readonly fields: string
  /** As it came. */
  readonly raw: string
  /** It stands for so many that did not come. */
  readonly missed?: number
}

export function readLine(id: number, { time, source, stream, message }: LogLine): ShownLine {
  const plain = withoutColours(message)
  const parsed = parseRecord(plain) ?? (source === ownSource ? parseOwnLine(plain) : undefined)
  const level = levelOf(parsed?.level) ?? (stream === 'stderr' ? 'warn' : 'info')
  const said = parsed && describe(parsed)
  return {
    id,
    at: Date.parse(time),
    source,
    level,
    text: said?.text ?? plain,
    fields: said?.fields ?? '',
    raw: message,
  }
}

/** Of the supervisor: its own log. */
const ownSource = 'saola'

/** As Saola writes its log for people: `2026-03-04 14:03:22.120 info worker.ready pid=4211 bootMs=412`. */
function parseOwnLine(line: string): LogRecord | undefined {
  const [, level, event, fields] = /^[\d-]{10} [\d:.]{12} (\w+) +([\w.-]+) ?(.*)$/s.exec(line) ?? []
  return event === undefined ? undefined : { level, event, [textOfFields]: fields }
}

/** Fields that are a text already. */
const textOfFields = ''

/** A mark in the list: what is before and behind it is not all there was. */
export function gapLine(id: number, missed: number, at: number): ShownLine {
  const text =
    missed > 0 ? `${missed} lines were left out: they came too fast.` : 'The stream was lost, and begins again.'
  return { id, at, source: '', level: 'warn', text, fields: '', raw: text, missed }
}

export interface LineFilter {
  readonly least: LogLevel
  /** In any case; all words must be there. */
  readonly text: string
}

export function filterLines(lines: readonly ShownLine[], { least, text }: LineFilter): readonly ShownLine[] {
  const words = text.toLowerCase().split(/\s+/).filter(Boolean)
  const from = logLevels.indexOf(least)
  if (from === 0 && words.length === 0) return lines
  return lines.filter(({ level, source, text, fields, raw, missed }) => {
    if (missed !== undefined) return true
    if (logLevels.indexOf(level) < from) return false
    // As it came, and as it is read: `name=often` is nowhere in a record of JSON.
    const all = `${source} ${raw} ${text} ${fields}`.toLowerCase()
    return words.every(word => all.includes(word))
  })
}

/** At most so many, the latest. */
export function appendLines(
  lines: readonly ShownLine[],
  added: readonly ShownLine[],
  linesMax: number,
): readonly ShownLine[] {
  return added.length >= linesMax ? added.slice(-linesMax) : [...lines.slice(-(linesMax - added.length)), ...added]
}

type LogRecord = Readonly<Record<string, unknown>>

function parseRecord(message: string): LogRecord | undefined {
  if (!message.startsWith('{') || !message.endsWith('}')) return undefined
  try {
    return JSON.parse(message) as LogRecord
  } catch {
    return undefined
  }
}

function levelOf(level: unknown): LogLevel | undefined {
  // Pino, and with it many applications, count them: 30 is info.
  if (typeof level === 'number') return level >= 50 ? 'error' : level >= 40 ? 'warn' : level >= 30 ? 'info' : 'debug'
  const name = String(level).toLowerCase()
  return logLevels.find(known => known === name) ?? aliases.get(name)
}

// A map: a record knows `constructor`, too.
const aliases: ReadonlyMap<string, LogLevel> = new Map([
  ['trace', 'debug'],
  ['notice', 'info'],
  ['warning', 'warn'],
  ['err', 'error'],
  ['fatal', 'error'],
  ['critical', 'error'],
])

/** Its event or message, and the fields that are not on the line anyway. */
function describe({ time: _, level: __, event, message, msg, ...rest }: LogRecord) {
  const said = [event, message, msg].find(value => typeof value === 'string')
  if (typeof said !== 'string') return undefined
  const fields = Object.entries(rest).map(([name, value]) =>
    name === textOfFields ? String(value) : `${name}=${fieldText(value)}`,
  )
  return { text: said, fields: fields.join(' ') }
}

function fieldText(value: unknown): string {
  if (typeof value === 'string') return /[\s="]/.test(value) || value === '' ? JSON.stringify(value) : value
  return JSON.stringify(value)
}
