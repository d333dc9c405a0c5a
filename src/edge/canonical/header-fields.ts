/** The header fields of a request: read in one pass, and put right where something in them has to go. */
import { randomUUID } from 'node:crypto'
import type { IncomingMessage } from 'node:http'
import { checkedRequestId, identify } from '../forwarded/request-id.ts'
import { firstCountsKinds, isProtected, kindOfHeader, kinds, onlyOnceKinds } from './header-kinds.ts'

/** What one pass over the fields has found. */
export interface Fields {
  /** The kinds that are there. */
  readonly seen: number
  /** Those that are there more than once. */
  readonly twice: number
  readonly host: string | undefined
  /** All of its lines, with commas between; empty without one. */
  readonly connection: string
  readonly contentLength: string | undefined
  readonly transferEncoding: string | undefined
  readonly expect: string | undefined
  readonly requestId: string | undefined
}

export function readFields(raw: readonly string[]): Fields {
  let seen = 0
  let twice = 0
  let host: string | undefined
  let connection = ''
  let contentLength: string | undefined
  let transferEncoding: string | undefined
  let expect: string | undefined
  let requestId: string | undefined
  for (let index = 0; index < raw.length; index += 2) {
    const kind = kindOfHeader(raw[index] as string)
    if (kind === kinds.ordinary) continue
    twice |= seen & kind
    seen |= kind
    const value = raw[index + 1] as string
    if (kind === kinds.host) host = value
    else if (kind === kinds.connection) connection = connection === '' ? value : `${connection},${value}`
    else if (kind === kinds.contentLength) contentLength = value
    else if (kind === kinds.transferEncoding) transferEncoding = value
    else if (kind === kinds.expect) expect = value
    else if (kind === kinds.requestId) requestId = value
  }
  return { seen, twice, host, connection, contentLength, transferEncoding, expect, requestId }
}

/** The status of the answer to fields that can be read in more than one way; 0 when there is no such thing. */
export function problemOf(fields: Fields, httpVersion: string): number {
  if (fields.twice & onlyOnceKinds) return 400
  const { contentLength, transferEncoding, expect } = fields
  if (contentLength !== undefined && !/^\d{1,15}$/.test(contentLength)) return 400
  if (transferEncoding !== undefined) {
    // RFC 9112 6.1: none of these may come from a client that is right, and each was used to smuggle. In HTTP/2 it comes from
    // this server alone.
    if ((httpVersion !== '1.1' && httpVersion !== '2.0') || contentLength !== undefined) return 400
    const coding = transferEncoding.toLowerCase()
    if (coding !== 'chunked') return problemOfCodings(coding)
  }
  // RFC 9110 10.1.1: of an older client it is ignored.
  if (expect !== undefined && httpVersion !== '1.0' && expect.toLowerCase() !== '100-continue') return 417
  return 0
}

/** Without `chunked` at its end a body has no end (RFC 9112 6.3); other codings before it nobody here undoes (6.1). */
function problemOfCodings(list: string): number {
  const codings = list.split(',').map(coding => coding.trim())
  const isAmbiguous = codings.pop() !== 'chunked' || codings.some(coding => /^(?:identity|chunked|)$/.test(coding))
  return isAmbiguous ? 400 : 501
}

export interface Settlement {
  readonly isPeerTrusted: boolean
  readonly isUpgrade: boolean
  /** The canonical Host; undefined without one. */
  readonly host: string | undefined
  readonly addsRequestId: boolean
}

/** Removes what only this hop or a trusted proxy may send, and puts Host in its canonical form. */
export function settleFields(req: IncomingMessage, fields: Fields, settlement: Settlement): void {
  const { isPeerTrusted, isUpgrade, host, addsRequestId } = settlement
  const requestId = isPeerTrusted && !(fields.twice & kinds.requestId) ? checkedRequestId(fields.requestId) : undefined
  let drops: number = kinds.dropped
  if (!isPeerTrusted) drops |= kinds.identity
  if (!isUpgrade) drops |= kinds.upgrade
  if (requestId === undefined || addsRequestId) drops |= kinds.requestId
  const isSettled =
    !(fields.seen & drops) &&
    !(fields.twice & firstCountsKinds) &&
    (isUpgrade || isPlainConnection(fields.connection)) &&
    host === fields.host &&
    !addsRequestId
  if (isSettled) return
  const kept = keptFields(req.rawHeaders, { fields, drops, isUpgrade, host })
  if (addsRequestId) kept.push('X-Request-Id', identify(req, requestId ?? randomUUID()))
  replaceFields(req, kept)
}

interface Keeping {
  readonly fields: Fields
  readonly drops: number
  readonly isUpgrade: boolean
  readonly host: string | undefined
}

function keptFields(raw: readonly string[], { fields, drops, isUpgrade, host }: Keeping): string[] {
  const kept: string[] = []
  const isPlain = isPlainConnection(fields.connection)
  const ended = isPlain ? undefined : endedBy(fields.connection)
  let had = 0
  for (let index = 0; index < raw.length; index += 2) {
    const name = raw[index] as string
    const kind = kindOfHeader(name)
    if (kind & drops || had & kind & (firstCountsKinds | kinds.connection)) continue
    had |= kind
    if (kind === kinds.host) kept.push(name, host ?? '')
    else if (kind !== kinds.connection) {
      if (!ended?.has(name.toLowerCase())) kept.push(name, raw[index + 1] as string)
    } else if (isUpgrade) kept.push(name, 'Upgrade')
    else if (isPlain) kept.push(name, raw[index + 1] as string)
  }
  return kept
}

/** Says something of the connection only, and names no header. */
function isPlainConnection(value: string): boolean {
  if (value === 'keep-alive' || value === 'close' || value === '') return true
  const lower = value.toLowerCase()
  return lower === 'keep-alive' || lower === 'close'
}

/** Names in one `Connection`; those beyond are not looked at. */
const tokensMax = 64

/**
 * The names that `Connection` ends at this hop (RFC 9110 7.6.1), in lower case. Never those that others decide by: else
 * a client could take away what a proxy before has added (CVE-2026-33805).
 */
function endedBy(connection: string): ReadonlySet<string> {
  const tokens = connection.toLowerCase().split(',', tokensMax)
  return new Set(tokens.map(token => token.trim()).filter(token => !isProtected(token)))
}

/** What Node's parser hands the fields over with: `rawHeaders`, and how many of them `headers` is made of. */
interface FieldsTaker {
  complete: boolean
  headers: unknown
  headersDistinct: unknown
  _addHeaderLines(fields: readonly string[], count: number): void
}

/** `headers` and `headersDistinct` are made of `rawHeaders` when somebody asks for them; now they will be made anew. */
export function replaceFields(req: IncomingMessage, fields: readonly string[]): void {
  const taker = req as unknown as FieldsTaker
  const { complete } = taker
  taker.headers = undefined
  taker.headersDistinct = undefined
  // Of a complete request these would be trailers.
  taker.complete = false
  taker._addHeaderLines(fields, fields.length)
  taker.complete = complete
}
