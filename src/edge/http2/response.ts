/**
 * A genuine ServerResponse that answers on a stream of HTTP/2. Frameworks put prototypes of their own into it, so what is
 * different stands in the response itself: its head becomes a HEADERS frame, and its body goes to the stream as it is.
 */
import type { IncomingMessage, OutgoingHttpHeaders, ServerResponse } from 'node:http'
import type { ServerStreamResponseOptions } from 'node:http2'
import { http } from '../../base/node-http.ts'
import { type HeadersGiven, pairsOf } from '../header-pairs.ts'
import { endUnread } from './answer-past-response.ts'
import {
  type Data,
  emitClose,
  emitDrain,
  type RequestInternals,
  type ResponseInternals,
  type WriteCallback,
} from './node-internals.ts'
import type { StreamSocket } from './stream-socket.ts'

type BridgedResponse = ServerResponse & ResponseInternals

const noError = 0
const nodeFinish = (http.ServerResponse.prototype as BridgedResponse)._finish

/** The response of a request whose socket is `stream`. */
export function createResponse(req: IncomingMessage, stream: StreamSocket): ServerResponse {
  // Node takes everything below 1.1 for a client that knows no chunks, and would end its connection.
  req.httpVersionMajor = 1
  req.httpVersionMinor = 1
  const res = new http.ServerResponse(req) as BridgedResponse
  req.httpVersionMajor = 2
  req.httpVersionMinor = 0
  res._storeHeader = storeHeader
  res._send = send
  res._finish = finish
  res.addTrailers = addTrailers
  res.writeContinue = writeContinue
  res.writeProcessing = writeProcessing
  res.writeEarlyHints = writeEarlyHints
  res.writeInformation = writeInformation as BridgedResponse['writeInformation']
  res.assignSocket(stream)
  stream.on('drain', onDrain)
  res.on('finish', onFinish)
  return res
}

/** As Node does for HTTP/1.1, before anybody else hears of it: 'close' follows, and the rest of a request is let go. */
function onFinish(this: BridgedResponse): void {
  const req = this.req as IncomingMessage & RequestInternals
  const stream = req.socket as StreamSocket
  if (this.socket === stream) this.detachSocket(stream)
  // Who looks at the stream still asks for its response.
  stream._httpMessage = this
  if (stream.saola.hasTimeout) stream.setTimeout(0)
  // A body that has not come whole yet is the matter of endUnread.
  if (req.complete && !req._consuming) req._dump()
  process.nextTick(emitClose, this)
}

function onDrain(this: StreamSocket): void {
  if (this._httpMessage) emitDrain(this._httpMessage)
}

function storeHeader(this: BridgedResponse, statusLine: string, given: unknown): void {
  const stream = this.socket as StreamSocket | null
  const { headers, length } = headOf(this, given)
  this._header = `${statusLine}\r\n`
  this._headerSent = true
  this.chunkedEncoding = false
  if (!stream || stream.destroyed || stream.closed || stream.headersSent) return
  const isEmpty = !this._hasBody || (length === '0' && this._contentLength === 0)
  // As in HTTP/1.1, where trailers need chunks: an answer whose length is known has none.
  const waitForTrailers = length === undefined && !isEmpty
  stream.saola.isAnswered = isEmpty
  if (waitForTrailers) stream.once('wantTrailers', sendTrailers)
  const options = { endStream: isEmpty, waitForTrailers, sendDate: this.sendDate }
  stream.respond(headers, options as ServerStreamResponseOptions)
}

function sendTrailers(this: StreamSocket): void {
  if (!this.destroyed && !this.closed) this.sendTrailers(this.saola.trailers ?? {})
}

interface Head {
  readonly headers: OutgoingHttpHeaders
  readonly length: string | undefined
}

/** The head as HTTP/2 has it: names in lower case, without what belongs to a connection (RFC 9113, 8.2.2). */
function headOf(res: BridgedResponse, given: unknown): Head {
  const headers: OutgoingHttpHeaders = Object.create(null)
  headers[':status'] = res.statusCode
  const names = res.getHeaderNames()
  if (names.length > 0) for (const name of names) add(headers, name, res.getHeader(name))
  else addGiven(headers, given)
  const { connection } = headers
  if (connection !== undefined) for (const name of namesIn(connection)) delete headers[name]
  for (const name of connectionFields) if (name in headers) delete headers[name]
  const isLengthKnown = res._hasBody && !res._removedContLen && res._contentLength !== null
  if (isLengthKnown && headers['content-length'] === undefined && headers.trailer === undefined) {
    headers['content-length'] = String(res._contentLength)
  }
  const length = headers['content-length']
  return { headers, length: length === undefined ? undefined : String(length) }
}

const connectionFields = [
  'connection',
  'http2-settings',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
]

function namesIn(value: OutgoingHttpHeaders[string]): string[] {
  return String(value)
    .split(',')
    .map(name => name.trim().toLowerCase())
    .filter(name => name !== '' && !name.startsWith(':'))
}

/** Headers that were given to writeHead alone: nobody has looked at them yet. */
function addGiven(headers: OutgoingHttpHeaders, given: unknown): void {
  if (typeof given !== 'object' || given === null) return
  for (const [name, value] of pairsOf(given as HeadersGiven)) {
    http.validateHeaderName(name)
    for (const each of Array.isArray(value) ? value : [value]) http.validateHeaderValue(name, each as string)
    const key = name.toLowerCase()
    const before = headers[key]
    add(headers, key, before === undefined ? value : [before, value].flat().map(String))
  }
}

/** Fields that may stand in a message several times; of others Node's HTTP/2 refuses a list. */
function add(headers: OutgoingHttpHeaders, key: string, value: OutgoingHttpHeaders[string]): void {
  if (value === undefined) return
  headers[key] = Array.isArray(value) && singleFields.has(key) ? String(value.at(-1) ?? '') : value
}

const singleFields = new Set([
  'access-control-allow-credentials',
  'access-control-max-age',
  'age',
  'authorization',
  'content-encoding',
  'content-language',
  'content-length',
  'content-location',
  'content-md5',
  'content-range',
  'content-type',
  'date',
  'dnt',
  'etag',
  'expires',
  'from',
  'host',
  'last-modified',
  'location',
  'max-forwards',
  'proxy-authorization',
  'range',
  'referer',
  'retry-after',
  'tk',
  'upgrade-insecure-requests',
  'user-agent',
  'x-content-type-options',
])

function send(
  this: BridgedResponse,
  data: Data,
  encoding?: BufferEncoding | null,
  callback?: WriteCallback | null,
): boolean {
  const socket = this.socket as StreamSocket | null
  if (!socket || socket.destroyed) return false
  // Nothing to say: the head has left already, or the stream has ended with it.
  if ((data.length === 0 && !callback) || !this._hasBody || socket.writableEnded) {
    if (callback) process.nextTick(callback)
    return true
  }
  return socket.write(data, encoding ?? 'utf8', callback ? noteLast(socket, callback) : undefined)
}

/** A stream that closes with its last frame does so before it tells that this was written: see `tellWritten`. */
function noteLast(stream: StreamSocket, callback: WriteCallback): WriteCallback {
  let isCalled = false
  const once: WriteCallback = error => {
    if (isCalled) return
    isCalled = true
    // Of a socket of HTTP/1.1: what it could not write is no 'finish' of its response.
    if (error) stream._hadError = true
    callback(error)
  }
  stream.saola.lastWritten = once
  return once
}

/** To be called when the stream closes: whoever waits for the last write hears of it before 'close'. */
export function tellWritten(res: ServerResponse, stream: StreamSocket): void {
  const isWhole = stream.rstCode === noError && !stream.aborted && !stream.saola.session?.destroyed
  if (isWhole && res.writableEnded) stream.saola.lastWritten?.()
}

/** All was handed to the stream: it ends with that. */
function finish(this: BridgedResponse): void {
  const stream = this.socket as StreamSocket
  const { req } = this
  nodeFinish.call(this)
  stream.saola.isAnswered = true
  stream.end()
  if (!req.complete) endUnread(stream, () => !req.complete && !(req as typeof req & RequestInternals)._consuming)
}

function addTrailers(this: BridgedResponse, given: OutgoingHttpHeaders | readonly [string, string][]): void {
  const trailers: OutgoingHttpHeaders = Object.create(null)
  addGiven(trailers, given)
  for (const name of connectionFields) delete trailers[name]
  const { saola } = this.req.socket as StreamSocket
  saola.trailers = { ...saola.trailers, ...trailers }
}

function writeContinue(this: BridgedResponse, callback?: () => void): void {
  this._sent100 = true
  inform(this, 100, {}, callback)
}

function writeProcessing(this: BridgedResponse, callback?: () => void): void {
  inform(this, 102, {}, callback)
}

function writeEarlyHints(
  this: BridgedResponse,
  hints: Readonly<Record<string, string | string[]>>,
  callback?: () => void,
) {
  const { link } = hints
  if (link === undefined || link === null || link.length === 0) return
  inform(this, 103, { ...hints, link: Array.isArray(link) ? link.join(', ') : link }, callback)
}

function writeInformation(
  this: BridgedResponse,
  status: number,
  given?: OutgoingHttpHeaders | (() => void),
  callback?: () => void,
): void {
  if (!Number.isInteger(status) || status < 100 || status > 199 || status === 101) {
    throw new RangeError(`The status of an informational response is from 100 to 199 without 101, got ${status}.`)
  }
  if (status === 100) this._sent100 = true
  if (typeof given === 'function') inform(this, status, {}, given)
  else inform(this, status, given ?? {}, callback)
}

/** A response before the response (RFC 9110, 15.2). */
function inform(res: BridgedResponse, status: number, given: object, callback?: () => void): void {
  if (res._header) throw Object.assign(new Error('The head was sent already.'), { code: 'ERR_HTTP_HEADERS_SENT' })
  const headers: OutgoingHttpHeaders = Object.create(null)
  addGiven(headers, given)
  for (const name of connectionFields) delete headers[name]
  const stream = res.socket as StreamSocket | null
  if (stream && !stream.destroyed && !stream.closed && !stream.headersSent) {
    stream.additionalHeaders({ ...headers, ':status': status })
  }
  if (callback) process.nextTick(callback)
}
