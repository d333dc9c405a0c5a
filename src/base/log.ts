import type { Clock } from './clock.ts'
import { systemClock } from './clock.ts'
import { printable, quoted } from './printable.ts'

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]

/** Values beside an event. What is undefined is left out. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>

/** One event of Saola itself: a fixed name such as `worker.ready`, its values as fields. */
export interface LogRecord {
  readonly time: Date
  readonly level: LogLevel
  readonly event: string
  readonly fields: LogFields
}

export interface Log {
  debug(event: string, fields?: LogFields): void
  info(event: string, fields?: LogFields): void
  warn(event: string, fields?: LogFields): void
  error(event: string, fields?: LogFields): void
}

/** A log whose level can change while it is used. */
export interface AdjustableLog extends Log {
  setLevel(level: LogLevel): void
}

export interface LogOptions {
  /** The least level that is written; 'info' by default. */
  readonly level?: LogLevel
  /** Where records go. It must not throw: there is nobody to tell. */
  readonly write: (record: LogRecord) => void
  /** Sees every record, whatever its level. It must not throw either. */
  readonly observe?: (record: LogRecord) => void
  readonly clock?: Clock
}

/**
 * The log of Saola itself.
 *
 * ```ts
 * const log = createLog({ level: 'info', write: record => output.write(record) })
 * log.info('worker.ready', { pid: 4211, bootMs: 412, generation: 3 })
 * ```
 */
export function createLog({ level = 'info', write, observe, clock = systemClock }: LogOptions): AdjustableLog {
  let least = logLevels.indexOf(level)
  const writer =
    (own: LogLevel) =>
    (event: string, fields: LogFields = {}) => {
      const isWritten = logLevels.indexOf(own) >= least
      if (!isWritten && !observe) return
      const record = { time: clock.date(), level: own, event, fields }
      if (isWritten) write(record)
      observe?.(record)
    }
  return {
    debug: writer('debug'),
    info: writer('info'),
    warn: writer('warn'),
    error: writer('error'),
    setLevel: next => {
      least = logLevels.indexOf(next)
    },
  }
}

/** One JSON object without a newline. A field cannot take the place of `time`, `level` or `event`. */
export function formatJson({ time, level, event, fields }: LogRecord): string {
  const own = { time: time.toISOString(), level, event }
  return printable(JSON.stringify({ ...own, ...fields, ...own }))
}

/**
 * The record for people, without a newline at its end: local time, level, event and fields. A field `stack` stands below,
 * indented, one frame a line; anything else is on one line, whatever bytes it holds.
 *
 * ```
 * 2026-11-21 01:20:14.123 info  worker.ready pid=4211 bootMs=412 generation=3
 * ```
 */
export function formatPretty(record: LogRecord, { color }: { readonly color: boolean }): string {
  const paint: Paint = color ? (code, text) => `\x1b[${code}m${text}\x1b[0m` : plain
  const line = `${paint('2', localTime(record.time))} ${paint(levelColor[record.level], record.level.padEnd(5))} `
  const { stack } = record.fields
  return `${line}${formatEvent(record, paint)}${stack === undefined ? '' : indent(String(stack), paint)}`
}

/** Without its time, for a process whose lines get one elsewhere: `store.damaged dir=/srv/shop reason="…"`. */
export function formatEvent({ event, fields }: Pick<LogRecord, 'event' | 'fields'>, paint: Paint = plain): string {
  let line = paint('1', event)
  for (const [name, value] of Object.entries(fields)) {
    if (value === undefined || name === 'stack') continue
    line += ` ${paint('2', `${name}=`)}${formatValue(value)}`
  }
  return line
}

const plain: Paint = (_, text) => text

type Paint = (code: string, text: string) => string

const levelColor: Readonly<Record<LogLevel, string>> = { debug: '2', info: '32', warn: '33', error: '31' }

function formatValue(value: string | number | boolean): string {
  if (typeof value !== 'string') return String(value)
  return /^[^\s"=\\\p{Cc}\p{Cf}]+$/u.test(value) ? value : quoted(value)
}

/** Frames of Node and of packages are dimmed: the fault is mostly in one of the others. */
function indent(stack: string, paint: Paint): string {
  return stack
    .trimEnd()
    .split(/\r?\n/)
    .map(line => {
      const text = printable(line.replaceAll('\t', '  '))
      return `\n    ${foreignFrame.test(text) ? paint('2', text) : text}`
    })
    .join('')
}

const foreignFrame = /^\s+at (?:.*[\s(])?(?:node:|.*[\\/]node_modules[\\/])/

/** `2026-11-21 01:20:14.123` in the local time zone. */
export function localTime(time: Date): string {
  const two = (value: number) => String(value).padStart(2, '0')
  const date = `${time.getFullYear()}-${two(time.getMonth() + 1)}-${two(time.getDate())}`
  const ms = String(time.getMilliseconds()).padStart(3, '0')
  return `${date} ${two(time.getHours())}:${two(time.getMinutes())}:${two(time.getSeconds())}.${ms}`
}
