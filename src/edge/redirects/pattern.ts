/**
 * Patterns of paths, `/old/:id` and `/blog/**:rest`, and the targets that are made of what they capture. There are no regular
 * expressions in them, and finding one takes no more steps than a path has segments (rou3).
 */

/** What a pattern captures: a segment, or the rest from a segment on. */
export interface Capture {
  readonly name: string
  readonly index: number
  readonly isRest: boolean
}

export const expectedPattern = 'a path such as "/old/:id" or "/blog/**:rest"'

/**
 * Looks at a pattern: literal segments, `:name` for one segment, at the end `**:name` for one or more or `**` for any number.
 *
 * @throws {Error} when it is none.
 */
export function readPattern(pattern: string): readonly Capture[] {
  const wrong = (why: string) => new Error(`expected ${expectedPattern}, got ${JSON.stringify(pattern)}: ${why}`)
  if (!pattern.startsWith('/') || pattern.length > 1024) throw wrong('it does not begin with a slash')
  const segments = pattern.split('/').slice(1)
  const captures: Capture[] = []
  for (const [index, segment] of segments.entries()) {
    const isLast = index === segments.length - 1
    const [, stars, name] = /^(\*\*)?(?::([A-Za-z_]\w{0,63}))?$/.exec(segment) ?? []
    if (stars !== undefined && !isLast) throw wrong('"**" must be its end')
    if (name !== undefined) {
      if (captures.some(other => other.name === name)) throw wrong(`"${name}" stands in it twice`)
      captures.push({ name, index, isRest: stars !== undefined })
    } else if (stars === undefined) {
      if (segment === '' && !isLast) throw wrong('a segment is empty')
      if (segment === '.' || segment === '..') throw wrong('it has dot segments')
      if (/[:*?#(){}+\\\0-\x20\x7f]/.test(segment)) throw wrong(`"${segment}" is no literal segment`)
    }
  }
  return captures
}

export interface TargetTemplate {
  /** `https://example.com`; empty for a target on this host. */
  readonly origin: string
  /** The path, `?` and query. */
  readonly parts: readonly (string | { readonly name: string; readonly isInQuery: boolean })[]
  readonly hasQuery: boolean
  /** With its `#`. */
  readonly fragment: string
}

/**
 * Reads a target: a path, or for redirects also `https://host/path`, with `:name` where something captured stands. The
 * host is never captured.
 *
 * @throws {Error} when it is none, or names what the pattern does not capture.
 */
export function readTemplate(
  text: string,
  pattern: string,
  { allowsOrigin }: { allowsOrigin: boolean },
): TargetTemplate {
  const wrong = (why: string) =>
    new Error(`expected a path${allowsOrigin ? ' or a URL' : ''}, got ${JSON.stringify(text)}: ${why}`)
  if (/[\0-\x20\x7f\\]/.test(text) || text.length > 2048)
    throw wrong('it has spaces, backslashes or control characters')
  const origin = /^https?:\/\/[^/?#]*/i.exec(text)?.[0] ?? ''
  if (origin !== '' && !allowsOrigin) throw wrong('it leads to another host')
  if (origin !== '' && !isOrigin(origin)) throw wrong('its host is none')
  const [, rest = '', fragment = ''] = /^([^#]*)(#.*)?$/s.exec(text.slice(origin.length)) ?? []
  if (!(origin !== '' && rest === '') && !/^\/(?!\/)/.test(rest)) throw wrong('a path begins with one slash')
  const names = readPattern(pattern).map(({ name }) => name)
  const mark = rest.indexOf('?')
  const parts: TargetTemplate['parts'][number][] = []
  let end = 0
  for (const found of rest.matchAll(/(?:\*\*)?:([A-Za-z_]\w*)/g)) {
    const [{ length }, name = ''] = found
    if (!names.includes(name)) throw wrong(`${pattern} captures no "${name}"`)
    parts.push(encodeURI(rest.slice(end, found.index)).replaceAll('%25', '%'), {
      name,
      isInQuery: mark >= 0 && found.index > mark,
    })
    end = found.index + length
  }
  parts.push(encodeURI(rest.slice(end)).replaceAll('%25', '%'))
  return { origin, parts: rest === '' ? ['/'] : parts, hasQuery: mark >= 0, fragment: encodeURI(fragment) }
}

/** The path and query of a target. What was captured cannot end its part: in a query, `&` and `=` in it are encoded, too. */
export function fillTemplate({ parts }: TargetTemplate, values: ReadonlyMap<string, string>): string {
  let text = ''
  for (const part of parts) {
    if (typeof part === 'string') text += part
    else {
      const value = values.get(part.name) ?? ''
      text += part.isInQuery ? value.replace(/[^\w.~%-]/g, escapeLetter) : value
    }
  }
  return text
}

function escapeLetter(letter: string): string {
  return `%${letter.charCodeAt(0).toString(16).toUpperCase().padStart(2, '0')}`
}

/** A scheme, a name or address, a port: nothing that names a user. */
function isOrigin(text: string): boolean {
  return !/[@:]$|@/.test(text) && URL.canParse(text) && new URL(text).host !== ''
}
