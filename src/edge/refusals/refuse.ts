import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import { http } from '../../base/node-http.ts'
import { answerEarly } from './discard-rest.ts'
import type { RefusalReason } from './reasons.ts'

/** The body of an answer that the edge gives itself. */
export interface Page {
  readonly type: string
  readonly body: string | Buffer
}

/** Finds the page of a status; undefined: there is none. */
export type PageFinder = (status: number, req: IncomingMessage) => Page | undefined

type RefusableResponse = ServerResponse & {
  saolaPages?: PageFinder
  saolaIsRefused?: boolean
  saolaStatus?: number
  saolaReason?: RefusalReason
}

/**
 * Refuses a request, as `answerShortly` does. `why` is what it is counted as.
 *
 * @example refuse(res, 429, 'rate-limit', { 'Retry-After': '1' })
 */
export function refuse(
  res: ServerResponse,
  status: number,
  why: RefusalReason,
  headers: OutgoingHttpHeaders = {},
): void {
  noteRefusal(res, why)
  answerShortly(res, status, headers)
}

/**
 * Answers in the application's place: with a page of `edge.errorPages`, or a short text, or for a client that takes nothing
 * but JSON the same as `application/problem+json` (RFC 9457). Nothing of the request is repeated in it; an `X-Request-Id` that the
 * response has already is.
 *
 * Of a body that is still on its way, a part is read and forgotten, so that its client sees the answer. A response that has
 * begun is broken off.
 */
export function answerShortly(res: ServerResponse, status: number, headers: OutgoingHttpHeaders = {}): void {
  if (res.headersSent) {
    res.destroy()
    return
  }
  const refused: RefusableResponse = res
  refused.saolaIsRefused = true
  const { type, body } = refused.saolaPages?.(status, res.req) ?? ownPage(res, status)
  answerEarly(res)
  res.writeHead(status, {
    'Content-Type': type,
    'Cache-Control': 'no-store',
    ...headers,
    'Content-Length': Buffer.byteLength(body),
  })
  res.end(body)
}

/** From now on `answerShortly` answers this request with these pages. */
export function usePages(res: ServerResponse, pages: PageFinder): void {
  ;(res as RefusableResponse).saolaPages = pages
}

/** Its client gets this status, though the response itself is not what says so. */
export function markAsRefused(res: ServerResponse, status: number): void {
  res.statusCode = status
  const refused: RefusableResponse = res
  refused.saolaIsRefused = true
  refused.saolaStatus = status
}

/** The status that a client was given past the response, which an application may go on to write another to. */
function statusPastResponse(res: object): number | undefined {
  return (res as RefusableResponse).saolaStatus
}

/** It is refused, in whichever way its client is told. */
export function noteRefusal(res: object, why: RefusalReason): void {
  ;(res as RefusableResponse).saolaReason = why
}

/** Why a request was refused; undefined of any other. */
export function reasonOf(res: object): RefusalReason | undefined {
  return (res as RefusableResponse).saolaReason
}

/** What its client was told; undefined when that has left before. */
export function statusOfAnswer(res: Pick<ServerResponse, 'statusCode' | 'headersSent'>): number | undefined {
  const past = statusPastResponse(res)
  if (past !== undefined) return past
  return res.headersSent || isRefused(res) ? res.statusCode : undefined
}

/** Whether the answer comes from the edge itself. */
export function isRefused(res: object): boolean {
  return (res as RefusableResponse).saolaIsRefused === true
}

/** Whether a client takes JSON, and neither HTML nor any text (RFC 9110, 12.5.1). */
export function takesOnlyJson({ headers: { accept } }: IncomingMessage): boolean {
  if (accept === undefined || !/json/i.test(accept)) return false
  const ranges = accept.toLowerCase().split(',', 50)
  const taken = ranges.filter(range => !/;\s*q=0(?:\.0*)?\s*$/.test(range)).map(range => range.split(';')[0]?.trim())
  if (taken.some(range => range === '*/*' || range?.startsWith('text/') || range === 'application/xhtml+xml'))
    return false
  return taken.some(range => range === 'application/json' || range === 'application/problem+json')
}

function ownPage(res: ServerResponse, status: number): Page {
  const title = http.STATUS_CODES[status] ?? 'Error'
  if (!takesOnlyJson(res.req)) return { type: 'text/plain; charset=utf-8', body: `${status} ${title}\n` }
  const id = res.getHeader('x-request-id')
  const problem = { type: 'about:blank', title, status, ...(typeof id === 'string' ? { requestId: id } : {}) }
  return { type: 'application/problem+json', body: `${JSON.stringify(problem)}\n` }
}
