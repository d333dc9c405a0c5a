import type { ServerResponse } from 'node:http'
import { markAsRefused } from '../refusals/refuse.ts'
import type { StreamSocket } from './stream-socket.ts'

const noError = 0

/**
 * Answers a request of HTTP/2 in the application's place, past its response object: the application may still come to
 * write its own answer, which goes nowhere then. With an answer that has begun, the stream is reset.
 *
 * @returns false when `res` is not one of HTTP/2: then nothing was done.
 */
export function answerPastResponse(res: ServerResponse, status: number, text: string): boolean {
  const stream = res.req.socket as StreamSocket
  if (!('saola' in stream)) return false
  if (stream.destroyed || stream.closed || stream.headersSent) {
    stream.destroy()
    return true
  }
  markAsRefused(res, status)
  stream.respond({ ':status': status, 'content-type': 'text/plain', 'content-length': Buffer.byteLength(text) })
  stream.saola.isAnswered = true
  stream.end(res.req.method === 'HEAD' ? undefined : text)
  endUnread(stream, () => !res.req.complete)
  return true
}

/** An answer may be finished before its request, whose rest is not wanted then (RFC 9113, 8.1). */
export function endUnread(stream: StreamSocket, isUnread: () => boolean): void {
  // Node's 'finish' comes a moment before the last frame leaves, and a reset would overtake that.
  const close = () =>
    setImmediate(() => {
      if (!isUnread()) return
      stream.close(noError)
      discard(stream)
    })
  if (stream.writableFinished) close()
  else stream.once('finish', close)
}

/** Node keeps a stream, and all that has come on it, until it was read to its end. */
function discard(stream: StreamSocket): void {
  stream.removeAllListeners('data')
  stream.on('data', (chunk: Buffer) => {
    stream.saola.bytesRead += chunk.length
  })
  stream.resume()
}
