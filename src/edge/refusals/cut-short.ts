import type { ServerResponse } from 'node:http'
import { http } from '../../base/node-http.ts'
import { answerPastResponse } from '../http2/answer-past-response.ts'
import { hasAnswered } from '../response-hooks.ts'
import { endConnection } from './end-connection.ts'
import { rawAnswer } from './raw-answer.ts'
import type { RefusalReason } from './reasons.ts'
import { markAsRefused, noteRefusal } from './refuse.ts'

/**
 * Ends a request that somebody is at work on: its client gets a short answer, where none has begun, and the connection (of
 * HTTP/2: the stream) ends. Past the response object, because whoever works on it may still come to write its own answer, and
 * writing a second head throws. To that one it looks as if the client had left.
 */
export function cutShort(res: ServerResponse, status: number, why: RefusalReason): void {
  noteRefusal(res, why)
  const text = `${status} ${http.STATUS_CODES[status] ?? ''}\n`
  if (answerPastResponse(res, status, text)) return
  const { socket } = res
  // Without a socket it is not yet its turn on this connection.
  if (!socket?.writable || hasAnswered(res)) {
    res.req.socket.destroy()
    return
  }
  markAsRefused(res, status)
  res.shouldKeepAlive = false
  endConnection(socket, rawAnswer(status, text))
}
