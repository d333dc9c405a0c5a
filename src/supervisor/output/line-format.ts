import { formatJson, formatPretty, type LogRecord } from '../../base/log.ts'
import { quoted } from '../../base/printable.ts'

/**
 * How lines look on their way out: `pretty` for a terminal, each with its source before it; `json` for collectors, an object
 * a line; `raw` as they came.
 */
export type LineFormat = 'pretty' | 'json' | 'raw'

interface LineOrigin {
  readonly source: string
  readonly stream: 'stdout' | 'stderr'
  readonly time: Date
}

/** `{"time":…,"source":"web:0","stream":"stdout","message":"…"}` for each line. */
export function formatJsonLines(lines: readonly string[], { source, stream, time }: LineOrigin): string {
  const head = `{"time":"${time.toISOString()}","source":${quoted(source)},"stream":"${stream}","message":`
  let text = ''
  for (const line of lines) {
    // JSON.stringify is several times as fast, and enough for ASCII.
    text += `${head}${/[^\0-\x7e]/.test(line) ? quoted(line) : JSON.stringify(line)}}\n`
  }
  return text
}

const reset = '\x1b[0m'
// Blue, magenta, cyan, green, yellow and their bright kin; red is for stderr.
const sourceColors = [36, 32, 33, 34, 35, 96, 92, 93, 94, 95]

/** Puts `web:0 | ` before each line. Sources are padded to the longest one seen, and keep their colours. */
export class Prefixer {
  readonly #hasColor: boolean
  readonly #colors = new Map<string, number>()
  #width = 0

  constructor({ color }: { readonly color: boolean }) {
    this.#hasColor = color
  }

  lines(lines: readonly string[], source: string, stream: 'stdout' | 'stderr'): string {
    const prefix = this.#prefix(source, stream)
    let text = ''
    for (const line of lines) {
      // A colour that the line leaves on must not run into the next one.
      text += this.#hasColor && line.includes('\x1b') ? `${prefix}${line}${reset}\n` : `${prefix}${line}\n`
    }
    return text
  }

  #prefix(source: string, stream: 'stdout' | 'stderr'): string {
    this.#width = Math.max(this.#width, source.length)
    const name = source.padEnd(this.#width)
    if (!this.#hasColor) return `${name} | `
    return `\x1b[${this.#colorOf(source)}m${name}${reset} \x1b[${stream === 'stderr' ? 31 : 2}m|${reset} `
  }

  #colorOf(source: string): number {
    const known = this.#colors.get(source)
    if (known !== undefined) return known
    const color = sourceColors[this.#colors.size % sourceColors.length] ?? 36
    this.#colors.set(source, color)
    return color
  }
}

/** A record of Saola's own log in the same format. */
export function formatRecord(record: LogRecord, format: LineFormat, prefixer: Prefixer, color: boolean): string {
  if (format === 'json') return `${formatJson(record)}\n`
  const text = formatPretty(record, { color })
  return format === 'raw' ? `${text}\n` : prefixer.lines(text.split('\n'), 'saola', 'stdout')
}
