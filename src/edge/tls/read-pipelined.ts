/**
 * Lets pipelined requests over TLS wait (RFC 9112, 9.3.2). Node's parser reads a TLS connection below its stream, and pauses
 * when answers pile up; what was decrypted in the same step is handed to it all the same, and it calls that a broken request
 * (`HPE_PAUSED`). A stream waits. Whoever sends one request at a time stays on the shorter way: that is some 15 % faster.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Socket } from 'node:net'

const readAsStreams = new WeakSet<Socket>()

/** To be called with each request that came over TLS, before anybody else sees it. */
export function readPipelined({ socket, httpVersionMajor }: IncomingMessage, res: ServerResponse): void {
  // A response without a connection waits for an earlier one.
  if (res.socket !== null || httpVersionMajor !== 1 || readAsStreams.has(socket)) return
  readAsStreams.add(socket)
  // Node reads through the stream from when somebody listens there.
  socket.on('data', () => {})
  // The stream still believes that its first read is under way: an empty piece ends that, or nothing would be read any more.
  socket.push('')
}
