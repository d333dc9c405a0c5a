import { formatJson, formatPretty, type LogRecord } from '../../base/log.ts'
import { quoted } from '../../base/printable.ts'
import { countLines } from './line-buffer.ts'

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

/** `{"time":…,"source":"web:0","stream":"stdout","message":"…"}` for each line of a block. */
export function formatJsonLines(block: Buffer, { source, stream, time }: LineOrigin): string {
  const head = `{"time":"${time.toISOString()}","source":${quoted(source)},"stream":"${stream}","message":`
  const text = block.toString('latin1')
  // Nothing in it has to be escaped: all its lines are made in one go, ten times as fast.
  if (isPlain(text)) return `${head}"${joined(text.slice(0, -1), `"}\n${head}"`)}"}\n`
  let formatted = ''
  for (const line of linesOf(block)) {
    // JSON.stringify is several times as fast, and enough for ASCII.
    formatted += `${head}${/[^\0-\x7e]/.test(line) ? quoted(line) : JSON.stringify(line)}}\n`
  }
  return formatted
}

// With the shortest of names, and without the newline.
const emptyLineBytes = 79

/** The bytes that a block takes as JSON, at least. */
export function jsonBytesMin(block: Buffer): number {
  return block.length + countLines(block) * emptyLineBytes
}

/** The lines of a block, without newlines: UTF-8, as all that is printed is supposed to be. */
export function linesOf(block: Buffer): string[] {
  const lines = textOf(block).split('\n')
  lines.pop()
  return lines
}

function textOf(block: Buffer): string {
  const text = block.toString('utf8')
  return text.includes('\r\n') ? text.replaceAll('\r\n', '\n') : text
}

/** Printable ASCII, without what JSON escapes, and newlines. */
function isPlain(text: string): boolean {
  return !/[^\n !#-[\]-~]/.test(text)
}

/** The lines of a text with `between` in place of each newline. */
function joined(text: string, between: string): string {
  return text.replaceAll('\n', between.replaceAll('$', '$$$$'))
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

  lines(block: Buffer, source: string, stream: 'stdout' | 'stderr'): string {
    const prefix = this.#prefix(source, stream)
    const text = textOf(block)
    if (!this.#hasColor || !text.includes('\x1b')) return `${prefix}${joined(text.slice(0, -1), `\n${prefix}`)}\n`
    // A colour that a line leaves on must not run into the next one.
    return linesOf(block)
      .map(line => `${prefix}${line}${line.includes('\x1b') ? reset : ''}\n`)
      .join('')
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
  return format === 'raw' ? `${text}\n` : prefixer.lines(Buffer.from(`${text}\n`), 'saola', 'stdout')
}
