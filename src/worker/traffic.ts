/**
 * Counts what an application's server has in flight, writes its access log, and tells clients during a drain that
 * this connection ends. It sees every request before the application does, by standing in `server.emit`; the
 * application's own listeners, whenever they are added or replaced, stay untouched.
 */
import { IncomingMessage, type ServerResponse } from 'node:http'
import type { Http2Session } from 'node:http2'
import type net from 'node:net'
import type { Duplex } from 'node:stream'

/** What the access log is told of one answered request. */
export interface Exchange {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  /** `performance.now()` at the request's last header. */
  readonly startedAt: number
  readonly endedAt: number
  /** Bytes of the response's body; framing of chunks included. */
  readonly bytes: number
  readonly remoteAddress: string
}

export interface TrafficOptions {
  /** A request that is not answered after so long gets 503, or its connection ends; 0 never. */
  readonly requestTimeoutMs: number
  /** Called for each request that has ended, unless undefined. */
  readonly onExchange: ((exchange: Exchange) => void) | undefined
  /** Called for each request that begins, with the number of requests so far. */
  onRequest(requests: number): void
  /** Sticky by cookie: what a response sets. */
  readonly routeCookie: { readonly name: string; readonly value: string } | undefined
}

/** One connection's part in it. */
interface Line {
  /** The response to the newest request that was read from it. */
  latest: ServerResponse | undefined
  /** The response with which the connection ends, once that is decided. */
  last: ServerResponse | undefined
  open: Set<ServerResponse>
  bytesBefore: number
  idleSince: number
  remoteAddress: string
}

type Emit = (this: unknown, event: string, ...args: unknown[]) => boolean

export class Traffic {
  readonly #options: TrafficOptions
  readonly #lines = new WeakMap<Duplex, Line>()
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

  get sessions(): ReadonlySet<Http2Session> {
    return this.#sessions
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
          return traffic.#onRequest(args[0] as IncomingMessage, args[1] as ServerResponse, () =>
            emit.call(server, event, ...args),
          )
        case 'upgrade':
        case 'connect':
          traffic.#onUpgrade(args[0] as IncomingMessage, args[1] as net.Socket)
          break
        case 'session':
          traffic.#onSession(args[0] as Http2Session)
          break
      }
      return emit.call(server, event, ...args)
    }
    server.emit = observed
  }

  /** Milliseconds since the connection last had a request in flight, or undefined while it has one. */
  idleMs(socket: Duplex, now: number): number | undefined {
    const line = this.#lines.get(socket)
    if (!line) return Number.POSITIVE_INFINITY
    return line.open.size > 0 ? undefined : now - line.idleSince
  }

  /** From now on every connection ends with the answer to the last request that was read from it. */
  drain(sockets: Iterable<Duplex>): void {
    this.#isDraining = true
    for (const socket of sockets) {
      const line = this.#lines.get(socket)
      if (line?.latest && line.open.has(line.latest)) endAfter(line, line.latest)
    }
    for (const session of this.#sessions) session.close()
  }

  #onRequest(req: IncomingMessage, res: ServerResponse, handle: () => boolean): boolean {
    this.requests++
    this.inFlight++
    const startedAt = performance.now()
    const socket = req.socket
    const line = this.#lineOf(socket)
    line.latest = res
    line.open.add(res)
    if (this.#options.routeCookie) setRouteCookie(req, res, this.#options.routeCookie)
    const timer = this.#options.requestTimeoutMs > 0 ? this.#startTimer(res) : undefined
    res.on('close', () => {
      this.inFlight--
      line.open.delete(res)
      clearTimeout(timer)
      const endedAt = performance.now()
      line.idleSince = endedAt
      this.#options.onExchange?.({
        req,
        res,
        startedAt,
        endedAt,
        bytes: bodyBytes(line, res, socket),
        remoteAddress: line.remoteAddress,
      })
    })
    this.#options.onRequest(this.requests)
    if (!this.#isDraining) return handle()
    goOnAfterLast(line)
    // Requests that were sent together arrive together: only when all of them were read is it known which is the last.
    setImmediate(() => {
      if (line.latest === res) endAfter(line, res)
      handle()
    })
    return true
  }

  #lineOf(socket: net.Socket): Line {
    let line = this.#lines.get(socket)
    if (!line) {
      const remoteAddress = socket.remoteAddress ?? ''
      line = { latest: undefined, last: undefined, open: new Set(), bytesBefore: 0, idleSince: 0, remoteAddress }
      this.#lines.set(socket, line)
    }
    return line
  }

  #startTimer(res: ServerResponse): NodeJS.Timeout {
    return setTimeout(() => {
      if (res.headersSent) res.socket?.destroy()
      else res.writeHead(503, { connection: 'close', 'content-type': 'text/plain' }).end('Service Unavailable\n')
    }, this.#options.requestTimeoutMs)
  }

  #onUpgrade(req: IncomingMessage, socket: net.Socket): void {
    if (req.headers.upgrade?.toLowerCase() !== 'websocket') return
    this.#upgraded.set(socket, socket.bytesWritten)
    socket.once('close', () => this.#upgraded.delete(socket))
  }

  #onSession(session: Http2Session): void {
    if (this.#isDraining) session.close()
    this.#sessions.add(session)
    session.once('close', () => this.#sessions.delete(session))
  }
}

/** The connection ends after this response: HTTP/1.1's `Connection: close` (RFC 9112, 9.6). */
function endAfter(line: Line, res: ServerResponse): void {
  if (!res.shouldKeepAlive) return
  res.shouldKeepAlive = false
  line.last = res
}

/** A client that pipelines has sent another request behind the one that was to be the last. */
function goOnAfterLast(line: Line): void {
  if (line.last && !line.last.headersSent) line.last.shouldKeepAlive = true
  line.last = undefined
}

function bodyBytes(line: Line, res: ServerResponse, socket: net.Socket): number {
  const sent = socket.bytesWritten
  const head = (res as { _header?: string | null })._header?.length ?? 0
  const bytes = sent - line.bytesBefore - head
  line.bytesBefore = sent
  return Math.max(0, bytes)
}

/** Added when the head is written, so that cookies of the application stay. */
function setRouteCookie(req: IncomingMessage, res: ServerResponse, cookie: { name: string; value: string }): void {
  const pair = `${cookie.name}=${cookie.value}`
  if (!(req instanceof IncomingMessage) || req.headers.cookie?.includes(pair)) return
  const writeHead = res.writeHead
  res.writeHead = function (this: ServerResponse, ...args: unknown[]) {
    this.appendHeader('Set-Cookie', `${pair}; Path=/; HttpOnly; SameSite=Lax`)
    return (writeHead as (...args: unknown[]) => ServerResponse).apply(this, args)
  } as typeof res.writeHead
}
