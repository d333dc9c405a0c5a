/**
 * Adds members to objects in a JSON text and leaves every other character as it is. To parse and write it again would put
 * lists on several lines that somebody has on one, and end in a difference that nobody asked for.
 */

/** Where an object stands in the text: from behind its `{` to its `}`. */
interface Place {
  readonly start: number
  readonly end: number
  readonly isEmpty: boolean
}

/**
 * The text with one more member at the end of an object, which is itself added when it is missing.
 *
 * ```ts
 * addMember('{\n  "scripts": {}\n}\n', ['scripts', 'start'], 'saola start')
 * ```
 */
export function addMember(text: string, path: readonly [string, string], value: string): string {
  const [section, key] = path
  const root = objectAt(text, text.indexOf('{'))
  const found = root && findObject(text, root, section)
  if (found) return insert(text, found, `${JSON.stringify(key)}: ${JSON.stringify(value)}`, 2)
  if (!root) return text
  const { unit, newline } = styleOf(text)
  const inner = `${newline}${unit.repeat(2)}${JSON.stringify(key)}: ${JSON.stringify(value)}${newline}${unit}`
  return insert(text, root, `${JSON.stringify(section)}: {${inner}}`, 1)
}

function insert(text: string, { start, end, isEmpty }: Place, member: string, depth: number): string {
  const { unit, newline } = styleOf(text)
  const before = isEmpty ? text.slice(0, start) : text.slice(0, end).trimEnd()
  const isOneLine = !isEmpty && !text.slice(start, end).includes('\n')
  if (isOneLine) return `${before}, ${member} ${text.slice(end)}`
  const comma = isEmpty ? '' : ','
  return `${before}${comma}${newline}${unit.repeat(depth)}${member}${newline}${unit.repeat(depth - 1)}${text.slice(end)}`
}

/** How the text is indented and ends its lines. */
function styleOf(text: string): { unit: string; newline: string } {
  return { unit: /^\s*\{\r?\n([ \t]+)"/.exec(text)?.[1] ?? '  ', newline: text.includes('\r\n') ? '\r\n' : '\n' }
}

/** The object that a member of another one is. */
function findObject(text: string, { start, end }: Place, name: string): Place | undefined {
  let at = start
  while (at < end) {
    const key = /^[\s,]*"((?:[^"\\]|\\.)*)"\s*:\s*/.exec(text.slice(at, end))
    if (!key) return undefined
    const value = at + key[0].length
    if (key[1] === name) return text[value] === '{' ? objectAt(text, value) : undefined
    at = endOfValue(text, value)
  }
  return undefined
}

function objectAt(text: string, open: number): Place | undefined {
  if (open < 0) return undefined
  const end = endOfValue(text, open) - 1
  return { start: open + 1, end, isEmpty: text.slice(open + 1, end).trim() === '' }
}

/** The place behind a value: texts may hold brackets. */
function endOfValue(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length; at++) {
    const letter = text[at]
    if (letter === '"') at = endOfText(text, at)
    else if (letter === '{' || letter === '[') depth++
    else if (letter === ',' && depth === 0) return at
    else if (letter === '}' || letter === ']') {
      depth--
      if (depth <= 0) return depth < 0 ? at : at + 1
    }
  }
  return text.length
}

/** The place of the quote that closes a text. */
function endOfText(text: string, open: number): number {
  let at = open + 1
  while (at < text.length && text[at] !== '"') at += text[at] === '\\' ? 2 : 1
  return at
}
