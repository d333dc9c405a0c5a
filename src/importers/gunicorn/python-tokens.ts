/** Python in pieces, as far as a file of settings needs them: logical lines of tokens. */

export interface PythonToken {
  readonly kind: 'name' | 'number' | 'string' | 'mark'
  /** As it is written; of a string what is between the quotes. */
  readonly text: string
  /** Of a string: its letters before the quotes, in lower case. */
  readonly prefix?: string
  readonly line: number
}

/** What Python takes for one line: brackets and a backslash at the end join several. */
export interface LogicalLine {
  readonly indent: number
  readonly line: number
  readonly tokens: readonly PythonToken[]
}

/** A file that Python cannot read either. */
export class PythonSyntaxError extends Error {
  readonly line: number

  constructor(message: string, line: number) {
    super(message)
    this.line = line
  }
}

const blanks = /(?:[ \t\f]|\\\n)+/y
const comment = /#[^\n]*/y
const name = /[\p{ID_Start}_][\p{ID_Continue}]*/uy
const number = /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*)?\.?\d[\d_]*\.?(?:[eE][+-]?\d+)?j?)/y
const prefix = /(?:[rbuft]{0,2})(?='|")/iy
const mark = /\*\*=?|\/\/=?|>>=?|<<=?|->|:=|[=!<>+\-*/%&|^@]=|[^\s]/y

interface Scan {
  readonly source: string
  at: number
  line: number
}

/**
 * The logical lines of a module.
 *
 * @throws {PythonSyntaxError} when a string or a bracket is not closed.
 */
export function tokenizePython(source: string): LogicalLine[] {
  const scan: Scan = { source, at: 0, line: 1 }
  const lines: LogicalLine[] = []
  while (scan.at < source.length) {
    const line = readLine(scan)
    if (line.tokens.length > 0) lines.push(line)
  }
  return lines
}

function readLine(scan: Scan): LogicalLine {
  const indent = take(scan, blanks)?.length ?? 0
  const { line } = scan
  const tokens: PythonToken[] = []
  let depth = 0
  while (scan.at < scan.source.length) {
    if (take(scan, blanks) !== undefined || take(scan, comment) !== undefined) continue
    if (scan.source.charAt(scan.at) === '\n') {
      advance(scan, 1)
      if (depth === 0) break
      continue
    }
    const token = readToken(scan)
    if (token.kind === 'mark' && /^[([{]$/.test(token.text)) depth++
    if (token.kind === 'mark' && /^[)\]}]$/.test(token.text)) depth--
    if (depth < 0) throw new PythonSyntaxError(`a ${token.text} closes nothing`, token.line)
    tokens.push(token)
  }
  if (depth > 0) throw new PythonSyntaxError('a bracket is not closed', line)
  return { indent, line, tokens }
}

function readToken(scan: Scan): PythonToken {
  const { line } = scan
  const letters = take(scan, prefix)
  if (letters !== undefined) return readString(scan, letters.toLowerCase(), line)
  const word = take(scan, name)
  if (word !== undefined) return { kind: 'name', text: word, line }
  const digits = take(scan, number)
  if (digits !== undefined && digits !== '') return { kind: 'number', text: digits, line }
  return { kind: 'mark', text: take(scan, mark) ?? '', line }
}

function readString(scan: Scan, letters: string, line: number): PythonToken {
  const { source } = scan
  const quote = source.charAt(scan.at)
  const isLong = source.startsWith(quote.repeat(3), scan.at)
  const end = isLong ? quote.repeat(3) : quote
  const start = scan.at + end.length
  for (let at = start; at < source.length; at++) {
    const character = source.charAt(at)
    if (character === '\\') at++
    else if (character === '\n' && !isLong) break
    else if (source.startsWith(end, at)) {
      advance(scan, at + end.length - scan.at)
      return { kind: 'string', text: source.slice(start, at), prefix: letters, line }
    }
  }
  throw new PythonSyntaxError('a string is not closed', line)
}

function take(scan: Scan, expression: RegExp): string | undefined {
  expression.lastIndex = scan.at
  const found = expression.exec(scan.source)?.[0]
  if (found === undefined) return undefined
  if (found !== '') advance(scan, found.length)
  return found
}

function advance(scan: Scan, length: number): void {
  for (let at = scan.at; at < scan.at + length; at++) if (scan.source.charAt(at) === '\n') scan.line++
  scan.at += length
}
