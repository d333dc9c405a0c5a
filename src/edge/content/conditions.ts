import type { IncomingHttpHeaders } from 'node:http'
import { parseHttpDate } from './http-date.ts'

/** What a client may know a representation by. */
export interface Validators {
  /** In its quotes, with `W/` in front if it is weak; undefined without one. */
  readonly etag: string | undefined
  /** Whole seconds, in milliseconds since 1970; undefined when it is not known. */
  readonly lastModifiedMs: number | undefined
}

/**
 * Answers the conditions of a GET or HEAD in the order of RFC 9110, 13.2.2: 412, 304, or undefined when the representation is
 * to be sent. What cannot be understood does not count.
 */
export function evaluateConditions(headers: IncomingHttpHeaders, validators: Validators): 304 | 412 | undefined {
  if (!isMet(headers, validators)) return 412
  return isKnown(headers, validators) ? 304 : undefined
}

function isMet(headers: IncomingHttpHeaders, { etag, lastModifiedMs }: Validators): boolean {
  const { 'if-match': tags, 'if-unmodified-since': date } = headers
  if (tags !== undefined) return listHas(tags, etag, false)
  const since = date === undefined ? undefined : parseHttpDate(date)
  return since === undefined || lastModifiedMs === undefined || lastModifiedMs <= since
}

function isKnown(headers: IncomingHttpHeaders, { etag, lastModifiedMs }: Validators): boolean {
  const { 'if-none-match': tags, 'if-modified-since': date } = headers
  if (tags !== undefined) return listHas(tags, etag, true)
  const since = date === undefined ? undefined : parseHttpDate(date)
  return since !== undefined && lastModifiedMs !== undefined && lastModifiedMs <= since
}

/**
 * Whether a part may be sent: If-Range is missing, or has the very version that is here (RFC 9110, 13.1.5). A date of the
 * last second proves nothing, it may have changed twice in it.
 *
 * @param madeAtMs when this version was known to be the current one, in milliseconds since 1970
 */
export function allowsRange(ifRange: string | undefined, validators: Validators, madeAtMs: number): boolean {
  if (ifRange === undefined) return true
  if (ifRange.startsWith('"')) return ifRange === validators.etag
  const date = parseHttpDate(ifRange)
  return date !== undefined && date === validators.lastModifiedMs && madeAtMs - date >= 1000
}

// Walks over the list once: no backtracking, however long it is. What is no tag is passed over, character by character.
const element = /[\t ,]+|(W\/)?("[\x21\x23-\x7e\x80-\xff]*")|./gsy

/** By the weak comparison, or by the strong one, in which no weak tag is equal to any (RFC 9110, 8.8.3.2). */
function listHas(list: string, etag: string | undefined, isWeakEnough: boolean): boolean {
  if (list.trim() === '*') return true
  if (etag === undefined) return false
  const isWeak = etag.startsWith('W/')
  if (isWeak && !isWeakEnough) return false
  const own = isWeak ? etag.slice(2) : etag
  for (const [, weak, tag] of list.matchAll(element)) {
    if (tag === own && (isWeakEnough || weak === undefined)) return true
  }
  return false
}
