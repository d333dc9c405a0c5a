/**
 * What may be kept, and for how long: RFC 9111 as a shared cache, RFC 5861 for stale answers, Varnish where they leave it
 * open. Whatever is unclear is not kept.
 */
import { parseHttpDate } from '../content/http-date.ts'
import { fileHeaders } from '../static/internal-redirect.ts'
import { type Directives, parseCacheControl, secondsOf } from './cache-control.ts'
import type { CacheRule } from './options.ts'

/** What is known of an answer when its head is there. Names of headers in lower case, repeated ones joined by commas. */
export interface AnswerHead {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
}

/** Times in milliseconds. */
export interface Freshness {
  readonly isKept: true
  /** How old it was when it came. */
  readonly ageMs: number
  /** How long it is fresh from now. */
  readonly freshMs: number
  /** How long behind that it is served while a new one is fetched. */
  readonly graceMs: number
  /** How long behind `freshMs` it is served when there is no new one. */
  readonly staleIfErrorMs: number
  /** The request headers by which it varies, in lower case and sorted. */
  readonly vary: readonly string[]
}

export interface Refusal {
  readonly isKept: false
  /** For Cache-Status and statistics: `set-cookie`. */
  readonly reason: string
  /** It fails, and a stale answer is better: nothing that is kept gives way to it. */
  readonly isError: boolean
}

/** An entry lives no longer, whatever its answer says: so long purges must be remembered. */
export const lifetimeMaxMs = 7 * 86_400_000
const varyNamesMax = 16

/** Decides about the answer to a GET without credentials, cookies that are not in the key, and conditions. */
export function judge({ status, headers }: AnswerHead, rule: CacheRule, nowMs: number): Freshness | Refusal {
  if (status >= 500) return { isKept: false, reason: 'error', isError: true }
  if (!rule.statuses.includes(status)) return refused('status')
  if (headers['set-cookie'] !== undefined) return refused('set-cookie')
  if (headers['content-range'] !== undefined) return refused('partial')
  // The application has let this client have a file that others may not ask for.
  if (fileHeaders.some(name => headers[name] !== undefined)) return refused('internal')
  const vary = varyOf(headers, rule)
  if (!vary) return refused('vary')
  const directives = parseCacheControl(headers['cache-control'] ?? '')
  if (!directives) return refused('cache-control')
  for (const name of ['no-store', 'private', 'no-cache']) if (directives.has(name)) return refused(name)
  const ageMs = ageOf(headers, nowMs)
  const lifetimeMs = lifetimeOf(directives, headers, nowMs)
  if (ageMs === undefined || lifetimeMs === 'unreadable') return refused('unreadable')
  const freshMs = lifetimeMs === undefined ? rule.ttl : lifetimeMs - ageMs
  if (freshMs === 'origin') return refused('no-lifetime')
  if (freshMs <= 0) return refused('expired')
  const stale = staleTimes(directives, rule)
  if (!stale) return refused('unreadable')
  return { isKept: true, ageMs, freshMs: Math.min(freshMs, lifetimeMaxMs), ...stale, vary }
}

function refused(reason: string): Refusal {
  return { isKept: false, reason, isError: false }
}

/** Undefined when it varies by something that is not in the key. */
function varyOf(headers: AnswerHead['headers'], rule: CacheRule): string[] | undefined {
  const names = new Set<string>()
  // Whoever encodes by Accept-Encoding and forgets to say so must not break clients that cannot read it.
  if (headers['content-encoding'] !== undefined) names.add('accept-encoding')
  // Nor must one site be told that it may read what only another one may.
  if ((headers['access-control-allow-origin'] ?? '*') !== '*') names.add('origin')
  const allowed = rule.vary.map(name => name.toLowerCase())
  for (const part of (headers.vary ?? '').split(',')) {
    const name = part.trim().toLowerCase()
    // Requests with these came past the cache, or the cookies that count are in the key.
    if (name === '' || name === 'cookie' || name === 'authorization') continue
    if (!allowed.includes(name)) return undefined
    names.add(name)
  }
  if ([...names].some(name => !allowed.includes(name))) return undefined
  return names.size > varyNamesMax ? undefined : [...names].sort()
}

/** RFC 9111, 4.2.1. Undefined when the answer says nothing. */
function lifetimeOf(
  directives: Directives,
  headers: AnswerHead['headers'],
  nowMs: number,
): number | undefined | 'unreadable' {
  for (const name of ['s-maxage', 'max-age']) {
    if (!directives.has(name)) continue
    const seconds = secondsOf(directives.get(name))
    return seconds === undefined ? 'unreadable' : seconds * 1_000
  }
  if (headers.expires === undefined) return undefined
  // An Expires that is no date means: in the past (5.3).
  const expires = parseHttpDate(headers.expires)
  return expires === undefined ? 0 : expires - (parseHttpDate(headers.date ?? '') ?? nowMs)
}

/** RFC 9111, 4.2.3, without the delay of the response. Undefined when Age is no number. */
function ageOf(headers: AnswerHead['headers'], nowMs: number): number | undefined {
  const date = parseHttpDate(headers.date ?? '')
  // Dates count whole seconds: one second of difference may be a moment, in which `max-age=1` must not have expired.
  const seconds = date === undefined ? 0 : Math.floor((nowMs - date) / 1_000)
  const apparentMs = seconds <= 1 ? 0 : seconds * 1_000
  if (headers.age === undefined) return apparentMs
  const told = secondsOf(headers.age.trim())
  return told === undefined ? undefined : Math.max(apparentMs, told * 1_000)
}

/** RFC 5861; but `must-revalidate` and `proxy-revalidate` forbid it, and so does `s-maxage` unless it is asked for. */
function staleTimes(directives: Directives, rule: CacheRule): { graceMs: number; staleIfErrorMs: number } | undefined {
  if (directives.has('must-revalidate') || directives.has('proxy-revalidate')) return { graceMs: 0, staleIfErrorMs: 0 }
  const isStrict = directives.has('s-maxage')
  const graceMs = asked(directives, 'stale-while-revalidate', isStrict ? 0 : rule.grace)
  const staleIfErrorMs = asked(directives, 'stale-if-error', isStrict ? 0 : rule.staleIfError)
  return graceMs === undefined || staleIfErrorMs === undefined ? undefined : { graceMs, staleIfErrorMs }
}

function asked(directives: Directives, name: string, defaultMs: number): number | undefined {
  if (!directives.has(name)) return defaultMs
  const seconds = secondsOf(directives.get(name))
  return seconds === undefined ? undefined : Math.min(seconds * 1_000, lifetimeMaxMs)
}
