/**
 * Finds the lines that the keys of an ecosystem file stand in. The file was evaluated, and values have no lines; but nearly
 * all of these files are one literal. Where this one is not, or is not understood, notes have no line rather than a wrong one.
 */
import { type Token, tokenize } from './tokens.ts'

export interface LocatedKeys {
  /** For each application, in their order; empty when they cannot be told apart. */
  readonly apps: readonly AppLines[]
  /** Keys beside `apps`. */
  readonly others: ReadonlyMap<string, number>
}

export interface AppLines {
  readonly line: number
  readonly keys: ReadonlyMap<string, number>
}

/** The lines of so many applications. */
export function locateKeys(source: string, count: number): LocatedKeys {
  const tokens = tokenize(source)
  const start = startOfApps(tokens)
  if (start === undefined) return { apps: [], others: new Map() }
  const apps = appsFrom(tokens, start)
  return { apps: apps.length === count ? apps : [], others: keysAt(tokens, rootAround(tokens, start)) }
}

/** The index of the bracket that opens the list of applications, or of the brace that opens the only one. */
function startOfApps(tokens: readonly Token[]): number | undefined {
  const named = tokens.findIndex(({ text }, index) => /^(?:apps|pm2)$/.test(text) && tokens[index + 1]?.text === ':')
  if (named >= 0) return named + 2
  const bare = tokens.findIndex(({ kind, text }) => kind === 'mark' && /^[[{]$/.test(text))
  return bare < 0 ? undefined : bare
}

function appsFrom(tokens: readonly Token[], start: number): AppLines[] {
  if (tokens[start]?.text === '{') return [objectAt(tokens, start)]
  if (tokens[start]?.text !== '[') return []
  const apps: AppLines[] = []
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    const { kind, text } = tokens[at] as Token
    if (kind !== 'mark') continue
    if (depth === 1 && text === '{') apps.push(objectAt(tokens, at))
    if (/^[[{(]$/.test(text)) depth++
    if (/^[\]})]$/.test(text)) depth--
    if (depth === 0) break
  }
  return apps
}

function objectAt(tokens: readonly Token[], start: number): AppLines {
  return { line: tokens[start]?.line ?? 1, keys: keysAt(tokens, start) }
}

/** The brace that `apps` stands in. */
function rootAround(tokens: readonly Token[], start: number): number {
  let depth = 0
  for (let at = start - 1; at >= 0; at--) {
    const { kind, text } = tokens[at] as Token
    if (kind !== 'mark') continue
    if (/^[\]})]$/.test(text)) depth++
    if (/^[[{(]$/.test(text) && depth-- === 0) return at
  }
  return start
}

/** The keys of the object whose brace this is, and not of those in it. */
function keysAt(tokens: readonly Token[], start: number): Map<string, number> {
  const keys = new Map<string, number>()
  let depth = 0
  for (let at = start; at < tokens.length; at++) {
    const { kind, text, line } = tokens[at] as Token
    const isKey = kind !== 'mark' && tokens[at + 1]?.text === ':' && /^[{,]$/.test(tokens[at - 1]?.text ?? '')
    if (isKey && depth === 1 && !keys.has(text)) keys.set(text, line)
    if (kind !== 'mark') continue
    if (/^[[{(]$/.test(text)) depth++
    if (/^[\]})]$/.test(text)) depth--
    if (depth === 0) break
  }
  return keys
}
