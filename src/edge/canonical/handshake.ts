import type { IncomingMessage } from 'node:http'

/**
 * Whether a request is the handshake of a WebSocket (RFC 6455 4.1), and nothing else may be upgraded: neither to HTTP/2
 * without TLS, nor with a body, which would be taken for the first bytes of the new protocol. One behind requests that
 * are still to be answered is none either: its connection is not its own yet.
 */
export function isHandshake(req: IncomingMessage): boolean {
  const { headers, socket } = req
  return (
    req.method === 'GET' &&
    req.httpVersion === '1.1' &&
    headers.upgrade?.toLowerCase() === 'websocket' &&
    headers['content-length'] === undefined &&
    headers['transfer-encoding'] === undefined &&
    !isAnswering(socket)
  )
}

/** Whether a request of this connection is still being answered. */
export function isAnswering(socket: object): boolean {
  return Boolean((socket as { _httpMessage?: unknown })._httpMessage)
}
