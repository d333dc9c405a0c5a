/**
 * One request on a stream of HTTP/2, in the shape in which Node's HTTP/1.1 gives one: a genuine IncomingMessage and
 * ServerResponse, whose socket is the stream, and the events of both as they are there.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import { http } from '../../base/node-http.ts'
import { answerPastResponse } from './answer-past-response.ts'
import type { RequestInternals } from './node-internals.ts'
import type { RequestFields } from './request-fields.ts'
import { createResponse, tellWritten } from './response.ts'
import type { StreamSocket } from './stream-socket.ts'

type BridgedRequest = IncomingMessage & RequestInternals
/** The request that a stream carries: its listeners find it there, so that all streams share them. */
type RequestStream = StreamSocket & { saolaRequest?: BridgedRequest }

/** Begins the exchange: `server` gets it as a 'request', or what else HTTP/1.1 calls it. */
export function beginExchange(server: Server, stream: StreamSocket, fields: RequestFields, isComplete: boolean): void {
  const req = createRequest(stream, fields, isComplete)
  const res = createResponse(req, stream)
  const { expect } = fields
  if (expect === undefined) {
    server.emit('request', req, res)
  } else if (/(?:^|\W)100-continue(?:$|\W)/i.test(expect)) {
    if (server.emit('checkContinue', req, res)) return
    res.writeContinue()
    server.emit('request', req, res)
  } else if (!server.emit('checkExpectation', req, res)) {
    answerPastResponse(res, 417, '417 Expectation Failed\n')
  }
}

function createRequest(
  stream: RequestStream,
  { method, target, lines, hasLength }: RequestFields,
  isComplete: boolean,
) {
  const req = new http.IncomingMessage(stream) as BridgedRequest
  req.method = method
  req.url = target
  req.httpVersion = '2.0'
  // By this header or a length alone, frameworks tell that there is a body. From a client it is malformed, see readFields.
  if (!isComplete && !hasLength) lines.push('transfer-encoding', 'chunked')
  req._addHeaderLines(lines, lines.length)
  stream.saolaRequest = req
  stream.on('aborted', onAborted)
  stream.on('close', onClose)
  if (isComplete) {
    req.complete = true
    req.push(null)
    return req
  }
  stream.on('trailers', onTrailers)
  stream.on('data', onData)
  stream.on('end', onEnd)
  // Nothing is read before somebody reads the request, so that the client sends no more than its window.
  stream.pause()
  return req
}

function onData(this: RequestStream, chunk: Buffer): void {
  this.saola.bytesRead += chunk.length
  if (this.saolaRequest?.push(chunk) === false) this.pause()
}

function onTrailers(this: RequestStream, _headers: unknown, _flags: unknown, raw?: string[]): void {
  const req = this.saolaRequest
  if (!req || !raw) return
  req.complete = true
  req._addHeaderLines(raw, raw.length)
}

function onEnd(this: RequestStream): void {
  const req = this.saolaRequest
  if (!req || req.destroyed || !hasWholeBody(this, req)) return
  req.complete = true
  req.push(null)
}

/** A stream that is reset ends, too, and what came of its body is no whole body. */
function hasWholeBody(stream: RequestStream, req: BridgedRequest): boolean {
  if (stream.aborted || (stream.closed && stream.rstCode !== 0)) return false
  const announced = req.headers['content-length']
  return announced === undefined || Number(announced) === stream.saola.bytesRead
}

/** Reset by the client. With NO_ERROR Node would wait until somebody has read what came before. */
function onAborted(this: RequestStream): void {
  process.nextTick(() => this.destroy())
}

/** The stream has ended, in one way or the other. Its response hears that by itself. */
function onClose(this: RequestStream): void {
  const req = this.saolaRequest
  const res = this._httpMessage as ServerResponse | null | undefined
  if (res) tellWritten(res, this)
  if (!req || req.destroyed) return
  if (res?.writableFinished !== true) {
    req.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }))
  } else if (!req.complete) {
    req.destroy()
  } else if (!req._consuming) {
    req._dump()
  }
}
