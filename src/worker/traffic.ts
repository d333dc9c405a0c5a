/**
 * Counts what an application's server has in flight, writes its access log, and tells clients during a drain that
 * this connection ends. It sees every request before the application does, by standing in `server.emit`; the
 * application's own listeners, whenever they are added or replaced, stay untouched.
 *
 * What is here runs at every request, of which Node itself serves one in 10 µs. So a request gets one listener, and
 * nothing is noted that nobody will ask for.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Http2ServerResponse, Http2Session } from 'node:http2'
import type net from 'node:net'
import { http } from '../base/node-http.ts'
import { readCookie } from '../edge/cookies.ts'
import { notedClient } from '../edge/forwarded/noted-client.ts'
import { readHeadArguments, setHeaders } from '../edge/header-pairs.ts'
import { answerPastResponse } from '../edge/http2/answer-past-response.ts'
import { type Refusal, refusalEvent } from '../edge/refusals/refusal.ts'
import { markAsRefused, noteRefusal } from '../edge/refusals/refuse.ts'
import type { Connection, Connections } from './connections.ts'
import { watchHandshake } from './handshake.ts'
import type { TrafficMeter } from './traffic-meter.ts'

/** What the access log is told of one answered request. */
export interface Exchange {
  readonly req: Pick<IncomingMessage, 'method' | 'url' | 'httpVersion' | 'headers'>
  readonly res: Pick<ServerResponse, 'statusCode' | 'headersSent' | 'getHeader'>
  /** The request target as it came: routers change `req.url`. */
  readonly target: string
  /** `performance.now()` at the request's last header. */
  readonly startedAt: number
  readonly endedAt: number
  /** Bytes of the response's body; framing of chunks included. */
  readonly bytes: number
  readonly remoteAddress: string
  /** The worker's name: `web:0`. */
  readonly worker: string
}

export interface TrafficOptions {
  /** The worker's name, for the access log. */
  readonly name: string
  readonly connections: Connections
  /** A request that is not answered after so long gets 503, or its connection ends; 0 never. */
  readonly requestTimeoutMs: number
  /** Called for each request that has ended, unless undefined. */
  readonly onExchange: ((exchange: Exchange) => void) | undefined
  /** Counts each request that has ended; undefined when nobody looks. */
  readonly meter?: TrafficMeter | undefined
  /** Called for each request that begins, with the number of requests so far. */
  onRequest(requests: number): void
  /** Sticky by cookie: what a response sets. */
  readonly routeCookie: RouteCookie | undefined
}

interface RouteCookie {
  readonly name: string
  readonly value: string
}

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

export class Traffic {
  readonly #options: TrafficOptions
  readonly #upgraded = new Map<net.Socket, number>()
  readonly #sessions = new Set<Http2Session>()
  #isDraining = false
  requests = 0
  inFlight = 0

  constructor(options: TrafficOptions) {
    this.#options = options
  }

  /** WebSockets, each with the bytes that its connection had sent before the handshake. */
  get upgraded(): ReadonlyMap<net.Socket, number> {
    return this.#upgraded
  }

  /** Stands in front of a server's listeners. */
  observe(server: net.Server): void {
    const emit = server.emit as Emit
    const traffic = this
    const observed: Emit = function (this: unknown, event, ...args) {
      switch (event) {
        case 'request':
        case 'checkContinue':
        case 'checkExpectation':
          if (traffic.#begin(args[0] as IncomingMessage, args[1] as ServerResponse)) break
          traffic.#handleLater(args[1] as ServerResponse, emit.bind(server, event, ...args))
          return true
        case 'upgrade':
          traffic.#measureHandshake(args[0] as IncomingMessage, args[1] as net.Socket)
          traffic.#onUpgrade(args[0] as IncomingMessage, args[1] as net.Socket)
          break
        case 'connect':
          traffic.#onUpgrade(args[0] as IncomingMessage, args[1] as net.Socket)
          break
        case refusalEvent:
          traffic.#onRefusal(args[0] as Refusal)
          break
        case 'session':
          traffic.#onSession(args[0] as Http2Session)
          break
      }
      return emit.call(server, event, ...args)
    }
    server.emit = observed
  }

  /** From now on every connection ends with the answer to the last request that was read from it. */
  drain(): void {
    this.#isDraining = true
    for (const connection of this.#options.connections) {
      if (connection.latest) endAfter(connection, connection.latest)
    }
    for (const session of this.#sessions) session.close()
  }

  /** A request has come. Returns whether the application may handle it at once. */
  #begin(req: IncomingMessage, res: ServerResponse): boolean {
    const { connections, requestTimeoutMs, onExchange, meter, routeCookie } = this.#options
    const connection = connections.of(req.socket)
    // The usual answer to 'checkContinue' is to emit the same request once more.
    if (connection.latest === res) return true
    connection.open++
    connection.latest = res
    this.inFlight++
    this.requests++
    if (routeCookie) setRouteCookie(req, res, routeCookie)
    if (requestTimeoutMs > 0) limitTime(res, requestTimeoutMs)
    if (onExchange) this.#record(connection, req, res)
    else if (meter) this.#measure(connection, req.socket, res, meter)
    else res.on('close', () => this.#end(connection))
    this.#options.onRequest(this.requests)
    return !this.#isDraining
  }

  #end(connection: Connection): void {
    this.inFlight--
    if (--connection.open > 0) return
    // An idle connection must not hold on to its last request.
    connection.latest = undefined
    // Before a drain nobody asks: then it is long enough ago.
    if (this.#isDraining) connection.idleSince = performance.now()
  }

  /** As #begin does it for nobody, and counted. */
  #measure(connection: Connection, socket: net.Socket, res: ServerResponse, meter: TrafficMeter): void {
    const startedAt = performance.now()
    res.on('close', () => {
      this.#end(connection)
      meter.count(res, performance.now() - startedAt, bytesOf(connection, res, socket))
    })
  }

  /** The same with an access log, and with what that needs. */
  #record(connection: Connection, req: IncomingMessage, res: ServerResponse): void {
    const startedAt = performance.now()
    const { name: worker, onExchange, meter } = this.#options
    const { socket, url: target = '' } = req
    // Asked for at once: a socket that has closed does not know it any more.
    connection.remoteAddress ??= socket.remoteAddress ?? ''
    const { remoteAddress } = connection
    res.on('close', () => {
      this.#end(connection)
      const bytes = bytesOf(connection, res, socket)
      const endedAt = performance.now()
      meter?.count(res, endedAt - startedAt, bytes)
      // Looked at only now: when the request came, the edge had not read yet what a proxy says of the client.
      const client = notedClient(req) ?? remoteAddress
      onExchange?.({ req, res, target, startedAt, endedAt, bytes, remoteAddress: client, worker })
    })
  }

  /** Requests that were sent together arrive together: only when all of them were read is it known which is the last. */
  #handleLater(res: ServerResponse, handle: () => boolean): void {
    const connection = this.#options.connections.of(res.req.socket)
    goOnAfterLast(connection)
    setImmediate(() => {
      if (connection.latest === res) endAfter(connection, res)
      handle()
    })
  }

  #onUpgrade(req: IncomingMessage, socket: net.Socket): void {
    this.#options.connections.of(socket).endsItself = true
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') return
    this.#upgraded.set(socket, socket.bytesWritten)
    socket.once('close', () => this.#upgraded.delete(socket))
  }

  /** What is answered there is written past any response that could be seen to close. */
  #measureHandshake(req: IncomingMessage, socket: net.Socket): void {
    const { meter } = this.#options
    if (!meter) return
    const startedAt = performance.now()
    watchHandshake(socket, status => meter.countHandshake(req, status, performance.now() - startedAt))
  }

  /** It was no request for anybody else. */
  #onRefusal({ req, res, bytes, remoteAddress }: Refusal): void {
    const { name: worker, onExchange, meter } = this.#options
    // A handshake has been counted when the first of its answer was written.
    if (req.headers.upgrade === undefined || req.method === 'CONNECT') meter?.count(res, 0, bytes)
    const [startedAt, target] = [performance.now(), req.url ?? '']
    onExchange?.({ req, res, target, startedAt, endedAt: startedAt, bytes, remoteAddress, worker })
  }

  #onSession(session: Http2Session): void {
    if (this.#isDraining) session.close()
    this.#options.connections.of(session.socket).endsItself = true
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }
}

const refusal = 'Service Unavailable\n'
const rawRefusal =
  'HTTP/1.1 503 Service Unavailable\r\nConnection: close\r\nContent-Type: text/plain\r\n' +
  `Content-Length: ${refusal.length}\r\n\r\n${refusal}`

function limitTime(res: ServerResponse, ms: number): void {
  const timer = setTimeout(refuse, ms, res)
  res.once('close', () => clearTimeout(timer))
}

/**
 * Answers in the application's place, and ends the connection. Past the response object, because the application may
 * still come to write its own answer, and writing a second head throws.
 */
function refuse(res: ServerResponse | Http2ServerResponse): void {
  noteRefusal(res, 'timeout')
  if (!(res instanceof http.ServerResponse)) {
    if (res.headersSent) res.stream.close()
    else res.writeHead(503, { 'content-type': 'text/plain' }).end(refusal)
    return
  }
  if (answerPastResponse(res, 503, refusal)) return
  const { socket } = res
  // Without a socket it is not yet its turn, and those before it on this connection wait for even longer.
  if (!socket || res.headersSent) {
    res.req.socket.destroy()
    return
  }
  markAsRefused(res, 503)
  socket.write(rawRefusal)
  socket.destroySoon()
}

/** The connection ends after this response: HTTP/1.1's `Connection: close` (RFC 9112, 9.6). */
function endAfter(connection: Connection, res: ServerResponse): void {
  if (!res.shouldKeepAlive) return
  res.shouldKeepAlive = false
  connection.last = res
}

/** A client that pipelines has sent another request behind the one that was to be the last. */
function goOnAfterLast(connection: Connection): void {
  if (connection.last && !connection.last.headersSent) connection.last.shouldKeepAlive = true
  connection.last = undefined
}

/** Of the body of a response that has closed. */
function bytesOf(connection: Connection, res: ServerResponse | Http2ServerResponse, socket: net.Socket): number {
  return res instanceof http.ServerResponse ? bodyBytes(connection, res, socket) : announcedBytes(res)
}

function bodyBytes(connection: Connection, res: ServerResponse, socket: net.Socket): number {
  // A stream of the edge's HTTP/2 is the socket of one request alone, and its head is not among its bytes.
  if (res.req.httpVersionMajor === 2) return socket.bytesWritten
  // What an application gives the server as a connection may be any stream, which counts nothing.
  const sent = (socket.bytesWritten as number | undefined) ?? 0
  const head = (res as { _header?: string | null })._header?.length ?? 0
  const bytes = sent - connection.bytesBefore - head
  connection.bytesBefore = sent
  return Math.max(0, bytes)
}

/** An HTTP/2 stream shares its socket with others and counts nothing itself. */
function announcedBytes(res: Http2ServerResponse): number {
  return Number(res.getHeader('content-length')) || 0
}

/** Added when the head is written, and what the application gives there is set before: so its cookies stay, and this one. */
function setRouteCookie(req: IncomingMessage, res: ServerResponse, { name, value }: RouteCookie): void {
  if (!(req instanceof http.IncomingMessage) || readCookie(req.headers.cookie, name) === value) return
  const writeHead = res.writeHead as (...args: unknown[]) => ServerResponse
  res.writeHead = function (this: ServerResponse, status: number, ...rest: unknown[]) {
    const { reason, headers } = readHeadArguments(rest)
    if (headers) setHeaders(this, headers)
    this.appendHeader('Set-Cookie', `${name}=${value}; Path=/; HttpOnly; SameSite=Lax`)
    return writeHead.apply(this, reason === undefined ? [status] : [status, reason])
  } as typeof res.writeHead
}
