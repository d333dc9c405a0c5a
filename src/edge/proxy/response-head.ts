import { fieldNameOf } from './hop-fields.ts'
import type { ProxyRule } from './options.ts'

type Changes = ProxyRule['headers']['response']

/** The fields of an answer, name and value in turn, with what the rule sets and takes away. */
export function changeHeaders(given: string[], changes: Changes, status: number): string[] {
  const dropped = droppedBy(changes)
  if (!dropped && status !== 204) return given
  const headers: string[] = []
  for (let i = 0; i + 1 < given.length; i += 2) {
    const name = given[i] as string
    if (dropped?.has(fieldNameOf(name).key)) continue
    // A length of nothing may not be announced (RFC 9110, 8.6).
    if (status === 204 && isContentLength(name)) continue
    headers.push(name, given[i + 1] as string)
  }
  for (const name in changes.set) headers.push(name, changes.set[name] ?? '')
  return headers
}

/** The upstream wants no buffer before this client: `X-Accel-Buffering: no`, as nginx has it. */
export function forbidsBuffering(headers: readonly string[]): boolean {
  for (let i = 0; i < headers.length; i += 2) {
    const name = headers[i] as string
    if (name.length !== bufferingField.length || name.toLowerCase() !== bufferingField) continue
    return headers[i + 1]?.trim().toLowerCase() === 'no'
  }
  return false
}

const bufferingField = 'x-accel-buffering'

/** Content-Length, where there is one. */
export function readLength(headers: readonly string[]): number | undefined {
  for (let i = 0; i < headers.length; i += 2) {
    if (isContentLength(headers[i] ?? '')) return Number(headers[i + 1])
  }
  return undefined
}

function isContentLength(name: string): boolean {
  return name.length === 14 && name.toLowerCase() === 'content-length'
}

const droppedNames = new WeakMap<Changes, ReadonlySet<string> | undefined>()

function droppedBy(changes: Changes): ReadonlySet<string> | undefined {
  if (droppedNames.has(changes)) return droppedNames.get(changes)
  const names = [...changes.remove, ...Object.keys(changes.set)].map(name => name.toLowerCase())
  const set = names.length > 0 ? new Set(names) : undefined
  droppedNames.set(changes, set)
  return set
}
