/**
 * What makes two requests the same. Keys are JSON arrays: a separator inside a value cannot make one of another.
 *
 * An address has a base key, and its answers are told apart by the request headers and cookies that they vary by.
 */
import { hash } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { acceptedCodings } from '../content/accept-encoding.ts'
import type { Address } from './addresses.ts'
import type { CacheRule } from './options.ts'

/**
 * Also the name of the rule: other settings make other keys. And Host as it is sent on, where a trusted proxy has named
 * another one: an application that writes its links by Host would put a stranger's into the page of `host`.
 */
export function baseKey(
  rule: string,
  { scheme, host, sentHost, encodedPath }: Omit<Address, 'search'>,
  search: string,
): string {
  const parts = [rule, scheme, host, encodedPath, search]
  return JSON.stringify(sentHost === host ? parts : [...parts, sentHost])
}

const shortMax = 128

/** For lists whose length is limited: keys may be as long as addresses, and are digests there. */
export function shortKey(key: string): string {
  return key.length <= shortMax ? key : hash('sha256', key, 'base64url')
}

const variantLengthMax = 2048

/** The values of what an answer varies by; undefined when they are longer than any honest ones. */
export function variantKey(names: readonly string[], req: IncomingMessage): string | undefined {
  if (names.length === 0) return ''
  const key = JSON.stringify(names.map(name => keyedValue(name, req)))
  return key.length > variantLengthMax ? undefined : key
}

/** In the list of what an answer varies by, a cookie stands as `cookie:name`: no header has a colon in its name. */
export const cookiePrefix = 'cookie:'

function keyedValue(name: string, req: IncomingMessage): string | null {
  if (name.startsWith(cookiePrefix)) return cookieOf(req, name.slice(cookiePrefix.length)) ?? null
  const value = req.headers[name]
  // Who says nothing about codings is treated like who takes none.
  if (value === undefined) return name === 'accept-encoding' ? '' : null
  const text = Array.isArray(value) ? value.join(', ') : value
  return name === 'accept-encoding' ? acceptedCodings(text) : text.trim()
}

/** The value of a cookie as it came. Two of one name are both part of it: what is behind may read either. */
export function cookieOf(req: IncomingMessage, name: string): string | undefined {
  const values: string[] = []
  for (const pair of (req.headers.cookie ?? '').split(';')) {
    const at = pair.indexOf('=')
    if (at > 0 && pair.slice(0, at).trim() === name) values.push(pair.slice(at + 1).trim())
  }
  return values.length === 0 ? undefined : values.join(`; ${name}=`)
}

/** The part of the query that counts, with its `?`. Parameters that are chosen by name stand in the order of the names. */
export function keyedSearch({ query }: CacheRule, search: string): string {
  if (query === 'all' || search === '') return search
  if (query === 'none') return ''
  const pairs = search.slice(1).split('&')
  const kept = [...query].sort().flatMap(name => pairs.filter(pair => nameOf(pair) === name))
  return kept.length === 0 ? '' : `?${kept.join('&')}`
}

function nameOf(pair: string): string | undefined {
  const at = pair.indexOf('=')
  try {
    return decodeURIComponent((at < 0 ? pair : pair.slice(0, at)).replaceAll('+', ' '))
  } catch {
    return undefined
  }
}
