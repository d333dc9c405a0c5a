/**
 * The request headers of cacheable requests. What is not in the key must not change the answer: a header of one client that
 * reaches the application would decide what all others see (cache poisoning). So only known headers go on, and a request
 * with something that looks like a credential goes past the cache altogether.
 */
import type { IncomingMessage } from 'node:http'
import { acceptedCodings } from '../content/accept-encoding.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { cookieOf } from './cache-key.ts'
import type { CacheRule } from './options.ts'

// Conditions that only the origin can check, and what is no plain GET.
const pastTheCache = new Set([
  ...['authorization', 'if-match', 'if-unmodified-since', 'expect', 'upgrade'],
  ...['x-http-method-override', 'x-http-method', 'x-method-override'],
])
const credentialLike = /auth|token|api-?key|secret|session|credential|password|jwt|client-cert|remote-user/

/** By name, so that each is looked at once. Clients invent names: it must not grow for ever. */
const verdicts = new Map<string, boolean>()
const verdictsMax = 1000

/** Why a GET or HEAD goes past the cache; undefined when it need not. */
export function reasonToBypass({ req, bodyBytes }: EdgeRequest, rule: CacheRule): string | undefined {
  // That of a GET is not in the key.
  if (bodyBytes !== 0) return 'body'
  for (const name in req.headers) {
    if (name === 'cookie') {
      if (!rule.ignoreCookies && rule.cookies.length === 0) return 'cookie'
    } else if (isPersonal(name) && !isAllowed(rule, name)) return name
  }
  return undefined
}

function isPersonal(name: string): boolean {
  const known = verdicts.get(name)
  if (known !== undefined) return known
  const verdict = pastTheCache.has(name) || credentialLike.test(name)
  if (verdicts.size >= verdictsMax) verdicts.clear()
  verdicts.set(name, verdict)
  return verdict
}

function isAllowed({ vary }: CacheRule, name: string): boolean {
  return !pastTheCache.has(name) && vary.some(allowed => allowed.toLowerCase() === name)
}

const givenAnyway = new Set(['cookie', 'host', 'user-agent'])

/** What is sent on for a request whose answer may be kept, as `rawHeaders` has it. */
export function fillHeaders(request: EdgeRequest, rule: CacheRule): string[] {
  const { headers } = request.req
  const raw = ['Host', headers.host ?? request.host, 'User-Agent', 'Saola']
  for (const name of rule.vary) {
    const value = headers[name.toLowerCase()]
    if (value === undefined || givenAnyway.has(name.toLowerCase())) continue
    const written = Array.isArray(value) ? value.join(', ') : value
    const text = name.toLowerCase() === 'accept-encoding' ? acceptedCodings(written) : written
    if (text !== '') raw.push(name, text)
  }
  const cookies = rule.cookies.flatMap(name => {
    const value = cookieOf(request.req, name)
    return value === undefined ? [] : [`${name}=${value}`]
  })
  if (cookies.length > 0) raw.push('Cookie', cookies.join('; '))
  return [...raw, ...ownHeaders(request)]
}

/** What the edge itself says of the request, as far as it was said: it is in the key, or checked here. */
function ownHeaders({ req: { headers }, scheme, host, clientAddress }: EdgeRequest): string[] {
  const raw: string[] = []
  if (headers['x-forwarded-proto'] !== undefined) raw.push('X-Forwarded-Proto', scheme)
  if (headers['x-forwarded-host'] !== undefined) raw.push('X-Forwarded-Host', host)
  if (headers['x-forwarded-for'] !== undefined) raw.push('X-Forwarded-For', clientAddress)
  const { 'x-request-id': id, traceparent } = headers
  if (typeof id === 'string' && /^[\w.-]{1,128}$/.test(id)) raw.push('X-Request-Id', id)
  if (typeof traceparent === 'string' && /^[0-9a-f-]{55}$/.test(traceparent)) raw.push('Traceparent', traceparent)
  return raw
}

/** Gives a request other headers; returns how to give it back its own. */
export function replaceHeaders(req: IncomingMessage, rawHeaders: string[]): () => void {
  const { headers, rawHeaders: own } = req
  const set = (raw: string[], values: IncomingMessage['headers']) => {
    req.rawHeaders = raw
    req.headers = values
    // Node makes it of `rawHeaders` when it is asked for.
    ;(req as { headersDistinct: unknown }).headersDistinct = distinctOf(raw)
  }
  set(
    rawHeaders,
    Object.fromEntries(Object.entries(distinctOf(rawHeaders)).map(([name, values]) => [name, values.join(', ')])),
  )
  return () => set(own, headers)
}

function distinctOf(raw: readonly string[]): Record<string, string[]> {
  const distinct: Record<string, string[]> = Object.create(null)
  for (let i = 0; i + 1 < raw.length; i += 2) {
    const name = String(raw[i]).toLowerCase()
    distinct[name] = [...(distinct[name] ?? []), String(raw[i + 1])]
  }
  return distinct
}
