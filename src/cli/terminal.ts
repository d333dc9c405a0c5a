/** What the commands print to: colours and widths only where a person looks. */
import { codeOf } from '../base/errors.ts'
import { printable } from '../base/printable.ts'

export type Style = 'bold' | 'dim' | 'red' | 'green' | 'yellow' | 'inverse'

/** Puts a style around a text, or leaves it as it is. */
export type Paint = (style: Style, text: string) => string

const codes: Readonly<Record<Style, readonly [on: number, off: number]>> = {
  bold: [1, 22],
  dim: [2, 22],
  red: [31, 39],
  green: [32, 39],
  yellow: [33, 39],
  inverse: [7, 27],
}

export const plain: Paint = (_style, text) => text

export const colored: Paint = (style, text) => {
  const [on, off] = codes[style]
  return text === '' ? '' : `\x1b[${on}m${text}\x1b[${off}m`
}

/** No colours when standard output is no terminal, or with NO_COLOR. */
export function painter(): Paint {
  return process.stdout.isTTY && !process.env.NO_COLOR ? colored : plain
}

/** The width of the terminal; without one, nothing is cut. */
export function columns(): number {
  return process.stdout.isTTY ? process.stdout.columns || 80 : Number.POSITIVE_INFINITY
}

let isWatchingEnd = false

/** Writes lines to standard output. When its reader has gone (`saola logs | head`), the command ends in silence. */
export function print(...lines: readonly string[]): void {
  if (!isWatchingEnd) process.stdout.on('error', endWithReader)
  isWatchingEnd = true
  process.stdout.write(lines.map(line => `${line}\n`).join(''))
}

/** For programs: one JSON value, indented, so that people can read it, too: what JSON leaves as it is may still move a cursor. */
export function printJson(value: unknown): void {
  print(...JSON.stringify(value, undefined, 2).split('\n').map(printable))
}

function endWithReader(error: Error): void {
  process.exit(codeOf(error) === 'EPIPE' ? 0 : 1)
}
