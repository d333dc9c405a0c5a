import type { IncomingMessage } from 'node:http'
import type net from 'node:net'
import { endConnection } from './end-connection.ts'

type HttpSocket = net.Socket & { readonly parser?: { readonly incoming?: IncomingMessage | null } | null }

/**
 * For a request with a body: if its connection ends with an answer that comes before the whole body, the client is still let
 * send for a moment. Node would close at once, the system answers what comes then with a reset, and the client loses the
 * answer (RFC 9112 9.6).
 */
export function lingerForBody({ socket, httpVersionMajor }: IncomingMessage): void {
  if (httpVersionMajor === 1) socket.destroySoon = destroyOnceRead
}

/** What Node calls on a connection when its last answer has been written. */
function destroyOnceRead(this: HttpSocket): void {
  const incoming = this.parser?.incoming
  if (incoming && !incoming.complete && !this.destroyed) endConnection(this)
  else Object.getPrototypeOf(this).destroySoon.call(this)
}

/** Behind such an answer nothing is a request any more: nobody could be answered. */
export function hasEnded({ socket, httpVersionMajor }: IncomingMessage): boolean {
  return httpVersionMajor === 1 && socket.writableEnded
}
