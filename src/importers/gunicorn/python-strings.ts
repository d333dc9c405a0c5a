import type { PythonToken } from './python-tokens.ts'
import { needsPython, Unreadable } from './python-values.ts'

const escapes: Readonly<Record<string, string>> = {
  '\n': '',
  '\\': '\\',
  "'": "'",
  '"': '"',
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
}

const escaped = /\\(?:([0-7]{1,3})|x([\da-fA-F]{2})|u([\da-fA-F]{4})|U([\da-fA-F]{8})|(N\{[^}]*\})|([\s\S]))/g

/** What the text of a string token stands for. */
export function decodeString(text: string, prefix: string): string {
  if (prefix.includes('r')) return text
  return text.replace(escaped, (whole, octal?: string, ...[hex, short, long, named, other]: (string | undefined)[]) => {
    // A letter by its Unicode name: nobody needs it here.
    if (named !== undefined) throw new Unreadable(needsPython)
    if (octal !== undefined) return String.fromCodePoint(Number.parseInt(octal, 8))
    const point = hex ?? short ?? long
    if (point === undefined) return escapes[other ?? ''] ?? whole
    const code = Number.parseInt(point, 16)
    if (code > 0x10_ff_ff) throw new Unreadable(needsPython)
    return String.fromCodePoint(code)
  })
}

/** A piece of an f-string: text, or the source of an expression. */
export type FormatPiece = { readonly text: string } | { readonly expression: string }

/**
 * The pieces of an f-string. How a value is formatted, `{x:>8}` or `{x!r}`, is not known here.
 */
export function splitFormat({ text, prefix = '' }: PythonToken): FormatPiece[] {
  const pieces: FormatPiece[] = []
  let literal = ''
  for (let at = 0; at < text.length; at++) {
    const character = text.charAt(at)
    const isDouble = text.charAt(at + 1) === character
    if ((character === '{' || character === '}') && isDouble) {
      literal += character
      at++
    } else if (character === '{') {
      pieces.push({ text: decodeString(literal, prefix) })
      literal = ''
      const end = endOfField(text, at)
      pieces.push({ expression: text.slice(at + 1, end) })
      at = end
    } else literal += character
  }
  return [...pieces, { text: decodeString(literal, prefix) }]
}

function endOfField(text: string, start: number): number {
  const end = text.indexOf('}', start)
  const field = text.slice(start + 1, end)
  // Brackets and quotes may hold a brace; a colon or an exclamation mark outside of them begins a format.
  const bare = field.replace(/'[^']*'|"[^"]*"|\([^)]*\)|\[[^\]]*\]/g, '')
  if (end < 0 || /[{:!]|=$/.test(bare)) throw new Unreadable(needsPython)
  return end
}
