export interface Token {
  /** A mark is one character; what else there is, is a word: a name, a number, the content of a text. */
  readonly kind: 'word' | 'mark'
  readonly text: string
  readonly line: number
}

/** Longer files are no single literal, and have no lines. */
const sourceMax = 100_000

const skipped = /\s+|\/\/[^\n]*|\/\*.*?\*\//sy
const text = /'((?:\\.|[^'\\\n])*)'|"((?:\\.|[^"\\\n])*)"/sy
const template = /`(?:\\.|[^`\\])*`/sy
const pattern = /\/(?:\\.|\[(?:\\.|[^\]\\\n])*\]|[^/\\\n[])+\/[a-z]*/sy
const word = /[\w$.-]+/y

/**
 * JavaScript or JSON in pieces, just well enough to see which keys stand in which braces. A template with a template in it
 * ends too early: then the braces do not match, and no key is found.
 */
export function tokenize(source: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let line = 1
  if (source.length > sourceMax) return []
  while (at < source.length) {
    const found = match(source, at, tokens.at(-1))
    if (found.token !== undefined) tokens.push({ ...found.token, line })
    const end = at + Math.max(1, found.length)
    line += source.slice(at, end).split('\n').length - 1
    at = end
  }
  return tokens
}

interface Found {
  readonly length: number
  readonly token?: Omit<Token, 'line'>
}

function match(source: string, at: number, last: Token | undefined): Found {
  const blank = matchAt(skipped, source, at)
  if (blank) return { length: blank[0].length }
  const quoted = matchAt(text, source, at) ?? matchAt(template, source, at)
  if (quoted) return { length: quoted[0].length, token: { kind: 'word', text: quoted[1] ?? quoted[2] ?? '' } }
  const mayBePattern = last === undefined || (last.kind === 'mark' && !/[)\]}]/.test(last.text))
  const expression = mayBePattern ? matchAt(pattern, source, at) : null
  if (expression) return { length: expression[0].length, token: { kind: 'word', text: '' } }
  const plain = matchAt(word, source, at)
  if (plain) return { length: plain[0].length, token: { kind: 'word', text: plain[0] } }
  return { length: 1, token: { kind: 'mark', text: source.charAt(at) } }
}

function matchAt(expression: RegExp, source: string, at: number): RegExpExecArray | null {
  expression.lastIndex = at
  return expression.exec(source)
}
