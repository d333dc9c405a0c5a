/**
 * Which modules a TypeScript file imports. The compiler has no JavaScript interface any more, and a search for the
 * word `import` would find it in comments and strings; so comments, strings and regular expressions are blanked out
 * first, and the statements are then found by their shape.
 */
export interface ImportFound {
  readonly specifier: string
  /** `import type` or `export type`: gone after compilation. */
  readonly isTypeOnly: boolean
  /** `import('…')`: happens when the line runs, not when the file is loaded. */
  readonly isDynamic: boolean
  /** Counted from 1. */
  readonly line: number
}

const statement = /\b(?:import|export)\s+(?:(type)\s+)?[\w\s{},*$]+?\s*\bfrom\s*(['"])|\bimport\s*(\(\s*)?(['"`])/g

/**
 * Every import of a file, in order.
 *
 * ```ts
 * scanImports("import type { Clock } from './clock.ts'")
 * // [{ specifier: './clock.ts', isTypeOnly: true, isDynamic: false, line: 1 }]
 * ```
 */
export function scanImports(source: string): ImportFound[] {
  const code = blankOut(source)
  return [...code.matchAll(statement)].map(found => {
    const quote = found[2] ?? found[4] ?? ''
    const start = found.index + found[0].length
    return {
      specifier: source.slice(start, code.indexOf(quote, start)),
      isTypeOnly: found[1] !== undefined,
      isDynamic: found[3] !== undefined,
      line: code.slice(0, start).split('\n').length,
    }
  })
}

// After these a slash begins a regular expression; after any other word, a closing bracket or a quote it divides.
const beforeExpression =
  /(?:^|[^\w$)\]}'"`\s]|\b(?:return|typeof|case|in|of|delete|void|throw|new|do|else|await|yield))\s*$/

const tokens = {
  comment: /\/\/[^\n]*|\/\*.*?\*\//sy,
  string: /'(?:[^'\\\n]|\\.)*'|"(?:[^"\\\n]|\\.)*"/sy,
  regex: /\/(?![*/])(?:[^/\\[\n]|\\.|\[(?:[^\]\\\n]|\\.)*\])+\/[a-z]*/y,
  templateText: /(?:[^`\\$]|\\.|\$(?!\{))*/sy,
}

/**
 * The file with blanks in place of comments, regular expressions and what stands between quotes. Quotes and line
 * breaks stay, and so every position does.
 *
 * @throws {Error} when a string or comment has no end: then it has read something wrongly, and must not guess.
 */
export function blankOut(source: string): string {
  let output = blank(/^#!.*/.exec(source)?.[0] ?? '')
  // For each template literal that is open around this position: how many braces are open in its `${…}`.
  const templates: number[] = []

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = output.length
    return pattern.exec(source)?.[0]
  }
  const readTemplateText = (): void => {
    output += blank(match(tokens.templateText) ?? '')
    if (source.startsWith('${', output.length)) {
      output += '${'
      templates.push(0)
    } else {
      output += closing(source, output.length)
    }
  }

  while (output.length < source.length) {
    const character = source.charAt(output.length)
    const comment = character === '/' ? match(tokens.comment) : undefined
    if (comment !== undefined) {
      output += blank(comment)
    } else if (character === '/' && beforeExpression.test(output.slice(-40))) {
      output += blank(match(tokens.regex) ?? unreadable(source, output.length))
    } else if (character === "'" || character === '"') {
      const string = match(tokens.string) ?? unreadable(source, output.length)
      output += character + blank(string.slice(1, -1)) + character
    } else if (character === '`') {
      output += character
      readTemplateText()
    } else if (character === '}' && templates.at(-1) === 0) {
      output += character
      templates.pop()
      readTemplateText()
    } else {
      output += character
      countBrace(templates, character)
    }
  }
  return output
}

function countBrace(templates: number[], character: string): void {
  const open = templates.at(-1)
  if (open === undefined) return
  if (character === '{') templates[templates.length - 1] = open + 1
  if (character === '}') templates[templates.length - 1] = open - 1
}

function blank(text: string): string {
  return text.replace(/[^\n]/g, ' ')
}

function closing(source: string, position: number): string {
  return source.charAt(position) === '`' ? '`' : unreadable(source, position)
}

function unreadable(source: string, position: number): never {
  const line = source.slice(0, position).split('\n').length
  throw new Error(`Line ${line} cannot be read: ${JSON.stringify(source.slice(position, position + 40))}.`)
}
