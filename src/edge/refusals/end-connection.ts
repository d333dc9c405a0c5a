import type { Duplex } from 'node:stream'

/** For a client to read the answer, which it loses when the connection is reset while it still sends. */
const lingerMs = 1_000

/**
 * Ends a connection after what was written to it, without reading on: what still comes is thrown away for a second, so
 * that the answer reaches a client that goes on sending (RFC 9112 9.6), and then the connection is gone, whatever the
 * client does.
 */
export function endConnection(socket: Duplex, lastWords = ''): void {
  socket.on('error', () => socket.destroy())
  socket.end(lastWords)
  socket.resume()
  const timer = setTimeout(() => socket.destroy(), lingerMs)
  socket.once('close', () => clearTimeout(timer))
}
