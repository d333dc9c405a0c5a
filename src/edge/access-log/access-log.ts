import { atoms, environmentVariable, numberAtoms, requestHeader, responseHeader } from './atoms.ts'
import type { AccessEntry, Atom } from './entry.ts'
import { jsonAtom } from './json.ts'

export type { AccessEntry } from './entry.ts'

/** Apache's combined format, in Gunicorn's writing. */
const combined = '%(h)s - %(u)s %(t)s "%(r)s" %(s)s %(b)s "%(f)s" "%(a)s"'

export interface AccessLogOptions {
  /** Milliseconds since 1970; Date.now by default. */
  readonly wallMs?: () => number
}

/**
 * Compiles a format once into a function that makes one line, with its newline, of one answered request. The format is
 * 'combined', 'json' or a format string of Gunicorn, and must have passed checkAccessLogFormat.
 *
 * Whatever a client sends, the line is one line: control bytes, quotes, backslashes and all that is not ASCII are escaped.
 * The time in it is that of the call, in the local time zone, as in Gunicorn.
 *
 * ```ts
 * const format = compileAccessLog('%(h)s %(t)s %(U)s %(q)s')
 * format(entry)  // '127.0.0.1 [21/Nov/2026:01:20:14 +0000] /todo page=2\n'
 * ```
 */
export function compileAccessLog(format: string, options: AccessLogOptions = {}): (entry: AccessEntry) => string {
  const wallMs = options.wallMs ?? Date.now
  if (format === 'json') {
    const json = jsonAtom(wallMs)
    return entry => `${json(entry)}\n`
  }
  const { segments, problem } = parse(format === 'combined' ? combined : format, wallMs)
  if (problem !== undefined) throw new TypeError(`An access-log format ${problem}.`)
  return entry => {
    let line = ''
    for (const segment of segments) line += typeof segment === 'string' ? segment : segment(entry)
    return `${line}\n`
  }
}

/**
 * What is wrong with a format, as the end of a sentence that begins with the setting's name; undefined when it is right.
 *
 * ```ts
 * checkAccessLogFormat('%(x)s')  // 'expected one of Gunicorn\'s atoms (…), got "%(x)s"'
 * ```
 */
export function checkAccessLogFormat(format: string): string | undefined {
  if (format === 'combined' || format === 'json') return undefined
  return parse(format, Date.now).problem
}

interface Parsed {
  /** Literal text, and atoms between it. */
  readonly segments: readonly (string | Atom)[]
  readonly problem: string | undefined
}

/** `%%`, `%(name)` with the letter behind it, or a stray percent sign. */
const token = /%(?:%|\(([^()]*)\)(.?)|.?)/gs

function parse(format: string, wallMs: () => number): Parsed {
  const segments: (string | Atom)[] = []
  let problem = /[\r\n]/.test(format) ? `expected one line, got ${JSON.stringify(format)}` : undefined
  let literal = ''
  let end = 0
  for (const match of format.matchAll(token)) {
    literal += format.slice(end, match.index)
    end = match.index + match[0].length
    if (match[0] === '%%') {
      literal += '%'
      continue
    }
    problem ??= problemOf(match)
    const atom = atomOf(match[1] ?? '', wallMs)
    if (atom) segments.push(literal, atom)
    literal = ''
  }
  segments.push(literal + format.slice(end))
  if (!segments.some(segment => typeof segment === 'function')) {
    problem ??= `expected 'combined', 'json' or a format with atoms such as %(h)s, got ${JSON.stringify(format)}`
  }
  return { segments: segments.filter(segment => segment !== ''), problem }
}

function problemOf([text, name, letter]: RegExpExecArray): string | undefined {
  if (name === undefined) return `expected %% or an atom such as %(h)s, got ${JSON.stringify(text)}`
  if (!atomOf(name, Date.now)) {
    const known = [...Object.keys(atoms), '{Header}i', '{Header}o', '{VARIABLE}e'].join(' ')
    return `expected one of Gunicorn's atoms (${known}), got "%(${name})s"`
  }
  if (letter === 's' || (letter === 'd' && numberAtoms.has(name))) return undefined
  return `expected "s" after "%(${name})", got ${letter ? JSON.stringify(letter) : 'the end'}`
}

function atomOf(name: string, wallMs: () => number): Atom | undefined {
  const braced = /^\{([^{}]+)\}([ioe])$/.exec(name)
  if (!braced?.[1]) return Object.hasOwn(atoms, name) ? atoms[name]?.(wallMs) : undefined
  if (braced[2] === 'i') return requestHeader(braced[1])
  return braced[2] === 'o' ? responseHeader(braced[1]) : environmentVariable(braced[1])
}
