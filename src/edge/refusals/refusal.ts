import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { noteRefusal } from './refuse.ts'

/**
 * The event of a server for what was answered without ever being a 'request' of it: bytes that are no HTTP, a tunnel, the handshake
 * of a WebSocket that nobody takes. Who keeps an access log listens, since intruders are recognised by just these.
 */
export const refusalEvent = 'saola.refused'

/** As much of an exchange as there is. */
export interface Refusal {
  readonly req: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers'>
  readonly res: Pick<ServerResponse, 'statusCode' | 'headersSent' | 'getHeader'>
  /** Of the body of the answer. */
  readonly bytes: number
  readonly remoteAddress: string
}

/** Of a request that was read, and its answer. */
export function refusalOf(req: IncomingMessage, res: ServerResponse, socket: Duplex): Refusal {
  return { req, res, bytes: lengthOf(res), remoteAddress: addressOf(socket) }
}

/** What was given to writeHead alone stands in the text of the head. */
function lengthOf(res: ServerResponse & { readonly _header?: string | null }): number {
  return Number(/\r\ncontent-length: (\d+)\r\n/i.exec(res._header ?? '')?.[1] ?? 0)
}

/** Of bytes that are no request; `line` is what stands in the place of its first line, where that was found. */
export function refusalOfBytes(
  line: string | undefined,
  socket: Duplex,
  answer: { status: number; bytes: number },
): Refusal {
  const [method, url = '', protocol = ''] = line?.split(' ') ?? []
  const httpVersion = protocol.replace(/^HTTP\//, '') || '1.1'
  const res = { statusCode: answer.status, headersSent: true, getHeader: () => undefined }
  noteRefusal(res, answer.status === 408 ? 'slow' : 'bad-request')
  return {
    req: { method, url, httpVersion, headers: {} },
    res,
    bytes: answer.bytes,
    remoteAddress: addressOf(socket),
  }
}

function addressOf(socket: Duplex & { readonly remoteAddress?: string | undefined }): string {
  return socket.remoteAddress ?? ''
}
