import type { EdgeRequest } from '../edge-request.ts'
import { forwardingHeaders } from '../forwarded/forwarding.ts'
import { fieldNameOf } from './hop-fields.ts'
import type { ProxyRule } from './options.ts'

/**
 * The fields of a request as its upstream gets them, name and value in turn. Who asks and for what is said by the edge alone,
 * and the rule has the last word.
 */
export function outgoingHeaders(request: EdgeRequest, rule: ProxyRule): string[] {
  const { rawHeaders } = request.req
  const { set, remove } = rule.headers.request
  const headers: string[] = []
  const host = hostOf(request, rule)
  if (host !== undefined) headers.push('Host', host)
  const changed = changedBy(rule.headers.request)
  for (let i = 0; i < rawHeaders.length; i += 2) {
    const name = rawHeaders[i] as string
    const { key, isOfHop, isForwarding } = fieldNameOf(name)
    if (isOfHop || isForwarding || changed?.has(key)) continue
    headers.push(name, rawHeaders[i + 1] as string)
  }
  const forwarding = forwardingHeaders(request)
  for (const name in forwarding) if (!changed?.has(name)) headers.push(name, forwarding[name] as string)
  for (const name in set) if (!remove.includes(name)) headers.push(name, set[name] as string)
  return headers
}

/** Undefined: the client of the upstream writes that upstream's own. */
function hostOf({ host }: EdgeRequest, rule: ProxyRule): string | undefined {
  if (rule.host === 'upstream') return undefined
  // HTTP/1.0 may come without one, and HTTP/1.1 may not go without.
  return rule.host === 'keep' ? host || undefined : rule.host
}

/**
 * The fields of an answer as its client gets them, name and value in turn: those of the upstream's own hop are left out, and so is whatever frames
 * the body, but for a length that is one number. Two that differ were refused by the parser (RFC 9112, 6.3).
 */
export function incomingHeaders(raw: readonly (Buffer | string)[]): string[] {
  const headers: string[] = []
  const listed = listedByConnection(raw)
  let hasLength = false
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = textOf(raw[i] as Buffer)
    const value = textOf(raw[i + 1] as Buffer)
    const { key, isOfHop } = fieldNameOf(name)
    const isLength = key === 'content-length'
    if (isLength ? hasLength || !/^\d{1,15}$/.test(value) : isOfHop || listed?.has(key)) continue
    if (isLength) hasLength = true
    headers.push(name, value)
  }
  return headers
}

/** What an answer's `Connection` names belongs to that hop, too. */
function listedByConnection(raw: readonly (Buffer | string)[]): ReadonlySet<string> | undefined {
  let listed: Set<string> | undefined
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = raw[i] as Buffer
    if (name.length !== 10 || textOf(name).toLowerCase() !== 'connection') continue
    const options = textOf(raw[i + 1] as Buffer)
      .toLowerCase()
      .split(',')
      .map(option => option.trim())
    listed ??= new Set()
    for (const option of options) if (option !== 'content-length') listed.add(option)
  }
  return listed
}

/** Fields are bytes: an upstream's Latin-1 comes out as it went in. */
function textOf(bytes: Buffer | string): string {
  return typeof bytes === 'string' ? bytes : bytes.toString('latin1')
}

type Changes = ProxyRule['headers']['request']
const changedNames = new WeakMap<Changes, ReadonlySet<string> | undefined>()

/** The names that the rule sets or removes, in lower case: worked out once a rule. */
function changedBy(changes: Changes): ReadonlySet<string> | undefined {
  if (changedNames.has(changes)) return changedNames.get(changes)
  const names = [...changes.remove, ...Object.keys(changes.set)].map(name => name.toLowerCase())
  const set = names.length > 0 ? new Set(names) : undefined
  changedNames.set(changes, set)
  return set
}
