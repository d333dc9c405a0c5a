import type { ServerResponse } from 'node:http'
import { endUnread } from '../http2/answer-past-response.ts'
import type { StreamSocket } from '../http2/stream-socket.ts'
import { endConnection } from './end-connection.ts'

/**
 * Ends the connection (of HTTP/2: the stream) of a request that is answered, while its client still sends more of the body than
 * anybody takes. What is still on its way of the answer arrives before.
 */
export function endAfterAnswer(res: ServerResponse): void {
  const { req } = res
  if ('saola' in req.socket) endUnread(req.socket as StreamSocket, () => !req.complete)
  else if (res.writableFinished) endConnection(req.socket)
  else res.once('finish', () => endConnection(req.socket))
}
