import type { OutgoingHttpHeader, OutgoingHttpHeaders, ServerResponse } from 'node:http'

/** What `writeHead` takes: an object, a flat list of names and values, or a list of pairs. */
export type HeadersGiven = OutgoingHttpHeaders | readonly OutgoingHttpHeader[]

/** Headers in any of these forms as pairs, in their order; what stands twice in a list is twice in them. */
export function pairsOf(flat: readonly string[]): [name: string, value: string][]
export function pairsOf(given: HeadersGiven): [name: string, value: OutgoingHttpHeader | undefined][]
export function pairsOf(given: HeadersGiven): [name: string, value: OutgoingHttpHeader | undefined][] {
  if (!Array.isArray(given)) return Object.entries(given as OutgoingHttpHeaders)
  if (Array.isArray(given[0])) return given as unknown as [string, OutgoingHttpHeader][]
  const pairs: [string, OutgoingHttpHeader][] = []
  for (let index = 0; index + 1 < given.length; index += 2) pairs.push([String(given[index]), given[index + 1]])
  return pairs
}

/**
 * Sets headers as `writeHead` does it: in the place of those of the same name that the response has, while those that stand
 * twice among them count twice. So that something can be added before the head is written.
 */
export function setHeaders(res: ServerResponse, given: HeadersGiven): void {
  const seen = new Set<string>()
  for (const [name, value] of pairsOf(given)) {
    if (value === undefined) continue
    const key = name.toLowerCase()
    if (seen.has(key)) res.appendHeader(name, typeof value === 'number' ? String(value) : value)
    else res.setHeader(name, value)
    seen.add(key)
  }
}

/** What stands in a call of `writeHead` behind the status: a reason, headers, or both. */
export function readHeadArguments(rest: readonly unknown[]): {
  readonly reason: string | undefined
  readonly headers: HeadersGiven | undefined
} {
  const [first, second] = rest
  if (typeof first === 'string') return { reason: first, headers: (second ?? undefined) as HeadersGiven | undefined }
  return { reason: undefined, headers: (first ?? second ?? undefined) as HeadersGiven | undefined }
}
