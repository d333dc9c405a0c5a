/** Answers from the cache: one write, or 304, or a part. */
import type { IncomingMessage, ServerResponse } from 'node:http'
import { allowsRange, evaluateConditions, type Validators } from '../content/conditions.ts'
import { parseHttpDate } from '../content/http-date.ts'
import { type ByteRange, parseRanges } from '../content/ranges.ts'
import type { EdgeRequest } from '../edge-request.ts'
import { pairsOf } from '../header-pairs.ts'
import { headerText } from '../header-text.ts'
import { answerShortly } from '../refusals/refuse.ts'
import { endWithBody, smallTextOf } from '../small-body.ts'
import type { Entry } from './entry.ts'

/** A hit as it is in this second: what is asked for often is not formatted each time. */
interface Prepared {
  readonly age: number
  readonly ttl: number
  readonly headers: string[]
  /** For `endWithBody`. */
  readonly text: string | undefined
}

const prepared = new WeakMap<Entry, Prepared>()

/**
 * Answers a GET or HEAD: 304 when the client has it (RFC 9110, 13.1), a single range of it (14.2), or all of it.
 * `how` is the member of Cache-Status behind the cache's name (RFC 9211): `hit`.
 */
export function serve({ req, res }: EdgeRequest, entry: Entry, how: string, nowMs: number): void {
  const { headers, text } = prepare(entry, how, nowMs)
  const isHead = req.method === 'HEAD'
  if (entry.status === 200) {
    if (evaluateConditions(req.headers, validatorsOf(entry)) === 304)
      return void res.writeHead(304, withoutContent(headers)).end()
    const range = isHead ? undefined : rangeOf(req, entry)
    if (range) return serveRange(res, entry, headers, range)
  }
  if (entry.statusMessage === '') res.writeHead(entry.status, headers)
  else res.writeHead(entry.status, entry.statusMessage, headers)
  if (isHead) res.end()
  else endWithBody(res, entry.body, text)
}

function prepare(entry: Entry, how: string, nowMs: number): Pick<Prepared, 'headers' | 'text'> {
  const age = Math.max(0, Math.floor((nowMs - entry.bornAt) / 1_000))
  const ttl = Math.floor((entry.freshUntil - nowMs) / 1_000)
  const ready = how === 'hit' ? prepared.get(entry) : undefined
  if (ready?.age === age && ready.ttl === ttl) return ready
  const headers = [...entry.headers, 'Age', String(age), 'Cache-Status', `saola; ${how}; ttl=${ttl}`]
  if (entry.status !== 204) headers.push('Content-Length', String(entry.body.length))
  if (how !== 'hit') return { headers, text: undefined }
  const hit = { age, ttl, headers, text: ready ? ready.text : smallTextOf(entry.body) }
  prepared.set(entry, hit)
  return hit
}

const validators = new WeakMap<Entry, Validators>()

function validatorsOf(entry: Entry): Validators {
  let known = validators.get(entry)
  if (!known) {
    const { etag, lastModified } = entry
    known = { etag, lastModifiedMs: lastModified === undefined ? undefined : parseHttpDate(lastModified) }
    validators.set(entry, known)
  }
  return known
}

/** What describes a body that is not sent (RFC 9110, 15.4.5). */
function withoutContent(headers: readonly string[]): string[] {
  return pairsOf(headers)
    .filter(([name]) => !/^content-(?!location$)/i.test(name))
    .flat()
}

/** Undefined: the whole. Several ranges are answered with it, as RFC 9110, 14.2 allows: they cost more than they save. */
function rangeOf({ headers }: IncomingMessage, entry: Entry): ByteRange | 'unsatisfiable' | undefined {
  const { range, 'if-range': condition } = headers
  if (range === undefined || !allowsRange(headerText(condition), validatorsOf(entry), entry.bornAt)) return undefined
  const ranges = parseRanges(range, entry.body.length)
  if (ranges === 'unsatisfiable') return ranges
  return ranges === 'whole' || ranges.length > 1 ? undefined : ranges[0]
}

function serveRange(res: ServerResponse, entry: Entry, headers: string[], range: ByteRange | 'unsatisfiable'): void {
  const { length } = entry.body
  if (range === 'unsatisfiable') return answerShortly(res, 416, { 'Content-Range': `bytes */${length}` })
  const { start, end } = range
  const kept = pairsOf(headers).filter(([name]) => name !== 'Content-Length')
  const part = ['Content-Range', `bytes ${start}-${end}/${length}`, 'Content-Length', String(end - start + 1)]
  res.writeHead(206, [...kept.flat(), ...part])
  res.end(entry.body.subarray(start, end + 1))
}
