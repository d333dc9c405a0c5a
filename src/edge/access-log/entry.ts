import type { IncomingMessage, ServerResponse } from 'node:http'
import { statusOfAnswer } from '../refusals/refuse.ts'

/** One answered request, as a worker has it at hand without any work. */
export interface AccessEntry {
  readonly req: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers'>
  readonly res: Pick<ServerResponse, 'statusCode' | 'headersSent' | 'getHeader'>
  /** By performance.now(), in milliseconds. */
  readonly startedAt: number
  /** By performance.now(), in milliseconds. */
  readonly endedAt: number
  /** Bytes of the response's body: without its head, and without chunk framing where the worker can tell. */
  readonly bytes: number
  /** The client's address; undefined on a Unix socket. */
  readonly remoteAddress: string | undefined
  /** The worker's name: `web:0`. */
  readonly worker: string
  /** The request target as it came, kept before the application ran: routers change `req.url`. */
  readonly target?: string
}

/** Writes one value of a line, escaped. */
export type Atom = (entry: AccessEntry) => string

/** Status of a request whose client left before the head of an answer: nginx' number, since 200 would be a lie. */
const clientLeft = 499

export function statusOf({ res }: AccessEntry): number {
  return statusOfAnswer(res) ?? clientLeft
}

/** The request target as the client sent it. Express keeps it in `originalUrl` while it changes `url`. */
export function targetOf({ target, req }: AccessEntry): string {
  if (target !== undefined) return target
  const original = (req as { originalUrl?: unknown }).originalUrl
  return typeof original === 'string' ? original : (req.url ?? '')
}

/** The target up to its query. It stays percent-encoded: what is logged is what came. */
export function pathOf(target: string): string {
  const end = target.indexOf('?')
  const path = end < 0 ? target : target.slice(0, end)
  // The absolute form, which proxies and scanners send: GET http://host/path
  const scheme = path.startsWith('/') ? -1 : path.indexOf('://')
  if (scheme < 0) return path
  const start = path.indexOf('/', scheme + 3)
  return start < 0 ? '/' : path.slice(start)
}

/** What follows the first `?`; empty without one. */
export function queryOf(target: string): string {
  const start = target.indexOf('?')
  return start < 0 ? '' : target.slice(start + 1)
}

/** An IPv4 client of a dual-stack socket is written as IPv4, so that log readers and ban lists know it. */
export function addressOf({ remoteAddress }: AccessEntry): string | undefined {
  if (remoteAddress?.startsWith('::ffff:') && remoteAddress.includes('.')) return remoteAddress.slice(7)
  return remoteAddress
}

/** Microseconds from the request's begin to its end. */
export function durationUs({ startedAt, endedAt }: AccessEntry): number {
  return Math.max(0, Math.round((endedAt - startedAt) * 1000))
}
