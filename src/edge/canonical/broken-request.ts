/**
 * Answers what Node's parser refuses, and ends the connection: there is no telling where the next request would begin.
 * Nothing of what the client sent is in the answer.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { http } from '../../base/node-http.ts'
import { endConnection } from '../refusals/end-connection.ts'
import { rawAnswer } from '../refusals/raw-answer.ts'
import { type Refusal, refusalOfBytes } from '../refusals/refusal.ts'
import { markAsRefused, noteRefusal } from '../refusals/refuse.ts'

/** What the parser adds to its errors. */
interface ParserError extends NodeJS.ErrnoException {
  readonly rawPacket?: Buffer
  readonly bytesParsed?: number
}

/** What Node notes on a connection of HTTP/1.1. */
type HttpSocket = net.Socket & {
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null
  readonly _httpMessage?: ServerResponse | null
  saolaIsBroken?: boolean
}

const statuses: Readonly<Record<string, number>> = {
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  HPE_INVALID_VERSION: 505,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
}

/** The listener of a server's 'clientError'. `onAnswer` is told what was answered. */
export function answerBrokenRequest(error: ParserError, socket: Duplex, onAnswer: (refusal: Refusal) => void): void {
  const broken = socket as HttpSocket
  // The parser fails again at all that still comes.
  if (broken.saolaIsBroken) return
  // What follows a last request is nobody's; its answer is on its way (RFC 9112 9.6).
  if (error.code === 'HPE_CLOSED_CONNECTION' && broken._httpMessage) return
  broken.saolaIsBroken = true
  if (!isAnswerable(error, broken)) broken.destroy()
  else
    answerInTurn(broken, statusOf(error), bytes => {
      onAnswer(refusalOfBytes(requestLineOf(error), socket, { status: statusOf(error), bytes }))
    })
}

/** Not a client that is gone, nor one that has never asked for anything. */
function isAnswerable({ code = '' }: ParserError, socket: HttpSocket): boolean {
  if (!socket.writable || socket.bytesRead === 0 || code === 'HPE_INVALID_EOF_STATE') return false
  return code.startsWith('HPE_') || code === 'ERR_HTTP_REQUEST_TIMEOUT'
}

function statusOf(error: ParserError): number {
  const { code = '' } = error
  if (code === 'HPE_HEADER_OVERFLOW') return isInFirstLine(error) ? 414 : 431
  if (code === 'HPE_INVALID_METHOD') return isRequestLine(error) ? 501 : 400
  return statuses[code] ?? 400
}

/** Whether it is the first line that has become too long, and not the fields behind it. */
function isInFirstLine({ rawPacket }: ParserError): boolean {
  if (!rawPacket || !/^[A-Z]+ /.test(rawPacket.toString('latin1', 0, methodBytesMax))) return false
  const end = rawPacket.indexOf('\n')
  return end < 0 || end > longLineBytes
}

const methodBytesMax = 32
const longLineBytes = 8_192

/** Whether all but the method is right (RFC 9110 15.6.2): in the line that the parser has stopped in. */
function isRequestLine({ rawPacket, bytesParsed = 0 }: ParserError): boolean {
  if (!rawPacket) return false
  const start = rawPacket.lastIndexOf('\n', Math.max(0, bytesParsed - 1)) + 1
  const end = rawPacket.indexOf('\n', start)
  const line = rawPacket.toString('latin1', start, Math.min(end < 0 ? rawPacket.length : end, start + lineBytesMax))
  return /^[\w!#$%&'*+.^`|~-]+ \S+ HTTP\/1\.[01]\r?$/.test(line)
}

const lineBytesMax = 16_384

/** The last line that looks like that of a request, before where the parser has stopped; for a log. */
function requestLineOf({ rawPacket, bytesParsed = 0 }: ParserError): string | undefined {
  const end = rawPacket?.indexOf('\n', bytesParsed) ?? -1
  const text = rawPacket?.toString('latin1', 0, Math.min(end < 0 ? lineBytesMax : end, lineBytesMax))
  return text
    ?.split(/\r?\n/)
    .findLast(line => /^\S+ \S+ HTTP\/[\d.]+$/.test(line.trimEnd()))
    ?.trimEnd()
}

/** Requests before the broken one on the same connection get their answers first: clients count them. */
function answerInTurn(socket: HttpSocket, status: number, onAnswer: (bytes: number) => void): void {
  const current = socket._httpMessage
  const incoming = socket.parser?.incoming
  const isBodyBroken = current?.req === incoming && incoming?.complete === false
  if (current && !isBodyBroken) {
    // By then Node has put the next response of the connection in its place.
    current.once('close', () => setImmediate(answerInTurn, socket, status, onAnswer))
  } else if (!socket.writable || current?.headersSent) {
    socket.destroy()
  } else {
    const text = `${status} ${http.STATUS_CODES[status]}\n`
    endConnection(socket, rawAnswer(status, text))
    // Of a broken body its request tells.
    if (!current) onAnswer(text.length)
    else {
      noteRefusal(current, 'bad-request')
      markAsRefused(current, status)
    }
  }
}
