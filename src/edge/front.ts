/**
 * The servers that stand before the application: they take connections, speak HTTP/1.1, HTTP/2 and TLS with them, and
 * hand every request on in one shape. They never listen themselves: whoever accepts, gives the connections.
 */
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type net from 'node:net'
import type { Duplex } from 'node:stream'
import { http } from '../base/node-http.ts'
import { answerBrokenRequest } from './canonical/broken-request.ts'
import { isAnswering, isHandshake } from './canonical/handshake.ts'
import type { ConnectionGuard } from './connections/connection-guard.ts'
import { noteHandshake } from './edge-counts.ts'
import { createHttp2, type Http2Front } from './http2/http2-front.ts'
import type { EdgeSettings } from './options.ts'
import { endConnection } from './refusals/end-connection.ts'
import { refusalEvent, refusalOf } from './refusals/refusal.ts'
import { refuse } from './refusals/refuse.ts'
import type { EdgeServices } from './services.ts'
import { readPipelined } from './tls/read-pipelined.ts'
import { markAsRedirect } from './tls/redirect-to-https.ts'
import { createTls, type TlsFront } from './tls/tls-front.ts'

const keepAliveBufferMs = 1_000
const checkEveryMs = 1_000

/** What a listen socket speaks: with TLS its TCP addresses speak it, and those of `tls.redirect` only send there. */
export type Protocol = 'http' | 'https' | 'redirect'

export interface FrontHandlers {
  onRequest(req: IncomingMessage, res: ServerResponse): void
  onUpgrade(req: IncomingMessage, res: ServerResponse, upgrade: { socket: Duplex; head: Buffer }): void
  /** Whether somebody behind takes this WebSocket. */
  takesUpgrade(req: IncomingMessage): boolean
}

export class Front {
  /** Speaks HTTP/1.1, and raises the 'request' of HTTP/2, too: who counts requests looks here. */
  readonly server: Server
  readonly #tls: TlsFront | undefined
  readonly #http2: Http2Front | undefined
  readonly #guard: ConnectionGuard
  readonly #counts: EdgeServices['counts']

  constructor(settings: EdgeSettings, services: EdgeServices, guard: ConnectionGuard, handlers: FrontHandlers) {
    this.#guard = guard
    this.#counts = services.counts
    this.server = createHttp1(settings, handlers)
    this.server.on('connection', socket => guard.watch(socket))
    const { tls, http2, limits } = settings
    if (!tls) return
    const front = http2 ? createHttp2({ http2, limits }, services, this.server, guard.budget) : undefined
    this.#http2 = front
    this.#tls = createTls(tls, services, {
      onHttp1: socket => void this.server.emit('connection', socket),
      onHttp2: front && (socket => front.accept(socket)),
    })
  }

  /** A connection has been accepted. */
  accept(socket: net.Socket, protocol: Protocol): void {
    if (!this.#guard.admits(socket)) {
      this.#counts?.countRefusal('connections')
      socket.destroy()
      return
    }
    if (protocol === 'https' && this.#tls) {
      this.#tls.accept(socket)
      return
    }
    if (protocol === 'redirect') markAsRedirect(socket)
    this.server.emit('connection', socket)
  }

  /** From now on HTTP/2 sessions end with what is in flight. */
  drain(): void {
    this.#http2?.drain()
  }

  async close(): Promise<void> {
    this.server.emit('close')
    this.#http2?.close()
    await this.#tls?.close()
  }
}

function createHttp1(settings: EdgeSettings, handlers: FrontHandlers): Server {
  const server = http.createServer({
    ...limitsOf(settings),
    shouldUpgradeCallback: req => isHandshake(req) && handlers.takesUpgrade(req),
  })
  for (const event of ['request', 'checkContinue', 'checkExpectation']) {
    if (settings.tls) server.on(event, readPipelined)
    server.on(event, handlers.onRequest)
  }
  server.on('upgrade', (req: IncomingMessage, socket: Duplex, head: Buffer) => {
    socket.on('error', () => socket.destroy())
    handlers.onUpgrade(req, responseOn(server, req, socket), { socket, head })
  })
  server.on('connect', (req: IncomingMessage, socket: Duplex) => refuseTunnel(server, req, socket))
  server.on('clientError', (error, socket) => {
    answerBrokenRequest(error, socket, refusal => void server.emit(refusalEvent, refusal))
  })
  return begin(server, settings.limits.headers)
}

/** Of its parser and its timers; a server that never listens would not start the latter. */
function limitsOf({ limits, keepAliveMs }: EdgeSettings) {
  return {
    maxHeaderSize: limits.headerBytes,
    headersTimeout: limits.headerTimeout,
    // A deadline for the whole request would end an honest slow upload: connections/ looks after those.
    requestTimeout: 0,
    connectionsCheckingInterval: checkEveryMs,
    keepAliveTimeout: keepAliveMs,
    keepAliveTimeoutBuffer: keepAliveBufferMs,
    requireHostHeader: false,
    noDelay: true,
  }
}

function begin(server: Server, headersMax: number): Server {
  server.maxHeadersCount = headersMax
  server.timeout = 0
  server.emit('listening')
  return server
}

/** For the handshake of a WebSocket, so that a step refuses it as it refuses everything else. */
function responseOn(server: Server, req: IncomingMessage, socket: Duplex): ServerResponse {
  const res = new http.ServerResponse(req)
  res.shouldKeepAlive = false
  noteHandshake(req, res)
  res.assignSocket(socket as net.Socket)
  res.once('finish', () => {
    server.emit(refusalEvent, refusalOf(req, res, socket))
    res.detachSocket(socket as net.Socket)
    endConnection(socket)
  })
  return res
}

/** CONNECT is for proxies that clients choose themselves (RFC 9110 9.3.6). */
function refuseTunnel(server: Server, req: IncomingMessage, socket: Duplex): void {
  socket.on('error', () => socket.destroy())
  // Answers to earlier requests of this connection can not be waited for: Node has let go of it.
  if (isAnswering(socket)) socket.destroy()
  else refuse(responseOn(server, req, socket), 501, 'bad-request')
}
