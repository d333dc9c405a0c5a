import type { IncomingMessage, ServerResponse } from 'node:http'
import { endConnection } from './end-connection.ts'

/** What may come of a body after it has been answered, before the connection ends instead of being read on. */
const restBytesMax = 8 * 1024 * 1024

/**
 * For an answer that needs nothing of the body, before its head is written: lets the connection go on behind it where that is
 * possible. What still comes of the body is read and forgotten.
 */
export function answerEarly(res: ServerResponse): void {
  const { req } = res
  if (!hasMoreToCome(req)) return
  // One that waits for 100 Continue may send the body now, or not: nobody can say what its next bytes would be.
  if (req.headers.expect !== undefined || announcesTooMuch(req)) res.shouldKeepAlive = false
  discardRest(res)
}

/** `complete` alone would not do: Node sets it behind the headers of a request without a body, too, only in a later step. */
function hasMoreToCome({ complete, headers }: IncomingMessage): boolean {
  if (complete) return false
  return headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0
}

/** Whether more has been announced than will be read on. */
function announcesTooMuch({ headers }: IncomingMessage): boolean {
  return Number(headers['content-length'] ?? 0) > restBytesMax
}

type DiscardedRequest = IncomingMessage & {
  saolaIsDiscarded?: boolean
  /** Node does so itself with what nobody has read. */
  readonly _dumped?: boolean
}

/** Whether what comes of a body is for nobody any more. */
export function isDiscarded({ saolaIsDiscarded, _dumped }: DiscardedRequest): boolean {
  return saolaIsDiscarded === true || _dumped === true
}

/**
 * Reads on what the client of an answer still sends, and forgets it. A connection that is closed with bytes unread is reset by
 * the system, and a client that is amid sending would never see the answer. Only so much, then its connection (of HTTP/2:
 * the stream) ends; and for no longer than connections/slow-clients.ts allows.
 */
export function discardRest(res: ServerResponse): void {
  const req: DiscardedRequest = res.req
  if (req.complete || req.destroyed) return
  req.saolaIsDiscarded = true
  let left = restBytesMax
  req.on('data', (chunk: Buffer) => {
    const wasWithin = left >= 0
    left -= chunk.length
    if (wasWithin && left < 0) endExchange(res)
  })
  req.on('error', () => {})
  req.resume()
}

function endExchange(res: ServerResponse): void {
  const { req } = res
  // Behind an answer that has left, nothing is cut off by an end; another one may still wait for its turn.
  if (req.httpVersionMajor > 1 || !res.writableFinished) req.destroy()
  else if (!req.socket.writableEnded) endConnection(req.socket)
}
