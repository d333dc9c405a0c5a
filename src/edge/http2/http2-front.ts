/**
 * HTTP/2 for applications of HTTP/1.1: each stream becomes a 'request' of the server that speaks HTTP/1.1. What is done
 * to the request and its response is in exchange.ts; what a connection may cost, in session-guard.ts.
 */
import type { Server } from 'node:http'
import type { ServerHttp2Session, ServerHttp2Stream, ServerSessionOptions } from 'node:http2'
import type net from 'node:net'
import type { TLSSocket } from 'node:tls'
import { readKernelQueues } from '../connections/kernel-queues.ts'
import type { PendingBudget } from '../connections/pending-budget.ts'
import type { EdgeSettings } from '../options.ts'
import type { EdgeServices } from '../services.ts'
import { beginExchange } from './exchange.ts'
import type { Http2Settings } from './options.ts'
import { readFields } from './request-fields.ts'
import { SessionGuard, type SessionGuardOptions, type SessionLimits } from './session-guard.ts'
import { becomeSocket, type ConnectionFacts } from './stream-socket.ts'

const checkEveryMs = 1_000
const protocolError = 1
const endStreamFlag = 1
const mebibyte = 1024 * 1024

export interface Http2Front {
  /** Takes a connection that has agreed on HTTP/2. A socket without TLS must speak it from its first byte. */
  accept(socket: TLSSocket | net.Socket): void
  /**
   * Connections end with what is in flight: GOAWAY names the last stream that is answered (RFC 9113, 6.8), so that a
   * client asks again elsewhere for what it sent behind it. nghttp2 begins nothing any more once it has sent one.
   */
  drain(): void
  /** Ends all of them at once. */
  close(): void
}

type FrontSettings = Pick<EdgeSettings, 'limits'> & { readonly http2: Http2Settings }

/** Speaks HTTP/2; every stream becomes a 'request' of `server`, in the shape of HTTP/1.1. */
export function createHttp2(
  settings: FrontSettings,
  services: EdgeServices,
  server: Server,
  budget?: PendingBudget,
): Http2Front {
  // Loaded only here: it takes 10 ms.
  const { performServerHandshake } = process.getBuiltinModule('node:http2')
  const options = sessionOptions(settings)
  const guards = new Map<ServerHttp2Session, SessionGuard>()
  const report = new ClosedReport(services)
  const limits = limitsOf(settings)
  const guardOptions: SessionGuardOptions = {
    limits,
    clock: services.clock,
    close: session => session.close(),
    onClosed: (reason, connection) => {
      if (report.add(reason, connection.root.remoteAddress)) services.counts?.countRefusal('http2')
    },
  }
  const intervalMs = checkIntervalOf(limits)
  const askSystem = createAsking(limits, services)
  let checkedAt = services.clock.now()
  const check = () => {
    const now = services.clock.now()
    // A process that stood still itself has no right to blame others for it.
    const elapsedMs = Math.min(now - checkedAt, 2 * intervalMs)
    checkedAt = now
    for (const guard of guards.values()) guard.check(elapsedMs)
    void askSystem(guards.values())
    report.write()
  }
  const timer = setInterval(check, intervalMs).unref()
  budget?.add({ clients: () => guards.values(), cut: guard => guard.cut() })
  return {
    accept: socket => {
      const connection: ConnectionFacts = { server, socket, root: rootOf(socket) }
      const session = performServerHandshake(socket, options)
      session.setLocalWindowSize(settings.http2.connectionWindowBytes)
      const guard = new SessionGuard(session, connection, guardOptions)
      guards.set(session, guard)
      session.on('stream', (stream, _headers, flags, raw) => {
        serve({ connection, guard, stream, flags, raw: raw as readonly string[] | undefined })
      })
      // Its own 'close' comes only with that of the socket.
      session.on('close', () => guards.delete(session))
      session.on('error', (error: NodeJS.ErrnoException) => {
        if (error.code?.startsWith('ERR_HTTP2')) guard.report(error.code)
      })
      server.emit('session', session)
    },
    drain: () => {
      for (const session of guards.keys()) session.close()
    },
    close: () => {
      clearInterval(timer)
      report.write()
      for (const session of guards.keys()) session.destroy()
    },
  }
}

function sessionOptions({ http2, limits }: FrontSettings): ServerSessionOptions {
  return {
    maxSessionMemory: Math.max(1, Math.ceil(http2.maxSessionBytes / mebibyte)),
    maxHeaderListPairs: limits.headers,
    maxSessionInvalidFrames: http2.invalidFrames,
    streamResetBurst: http2.resetBurst,
    streamResetRate: http2.resetRate,
    settings: {
      maxConcurrentStreams: http2.streams,
      maxHeaderListSize: limits.headerBytes,
      initialWindowSize: http2.streamWindowBytes,
    },
  }
}

function limitsOf({ http2, limits }: FrontSettings): SessionLimits {
  return {
    firstRequestMs: limits.headerTimeout,
    idleMs: http2.keepAlive,
    stallMs: http2.streamIdleTimeout,
    minRate: limits.minRate,
    transferMs: limits.transferTimeout,
    requestsMax: http2.requests,
    glitchBurst: http2.glitchBurst,
    glitchRate: http2.glitchRate,
    headerBytes: limits.headerBytes,
    streamWindowBytes: http2.streamWindowBytes,
  }
}

/** A limit is kept within a quarter of it, and no later than a second after. */
function checkIntervalOf({ firstRequestMs, idleMs, stallMs, transferMs }: SessionLimits): number {
  const shortest = Math.min(...[firstRequestMs, idleMs, stallMs, transferMs].filter(ms => ms > 0))
  return Math.max(10, Math.min(checkEveryMs, shortest / 4))
}

/** A part of the patience, between two times that the system is asked. */
const askAgainShare = 1 / 12

/** What the system holds for slow readers may have gone on without this process. */
function createAsking({ stallMs }: SessionLimits, { clock }: EdgeServices) {
  let askedAt = Number.NEGATIVE_INFINITY
  let isAsking = false
  return async (guards: Iterable<SessionGuard>): Promise<void> => {
    if (isAsking || stallMs === 0 || clock.now() - askedAt < askAgainShare * stallMs) return
    const suspects = new Map<net.Socket, SessionGuard>()
    for (const guard of guards) if (guard.suspect) suspects.set(guard.suspect, guard)
    if (suspects.size === 0) return
    isAsking = true
    askedAt = clock.now()
    for (const [socket, unconfirmed] of await readKernelQueues(suspects.keys())) {
      suspects.get(socket)?.confirm(unconfirmed)
    }
    isAsking = false
  }
}

function rootOf(socket: TLSSocket | net.Socket): net.Socket {
  return (socket as { readonly _parent?: net.Socket | null })._parent ?? socket
}

interface Incoming {
  readonly connection: ConnectionFacts
  readonly guard: SessionGuard
  readonly stream: ServerHttp2Stream
  readonly flags: number
  readonly raw: readonly string[] | undefined
}

function serve({ connection, guard, stream, flags, raw = [] }: Incoming): void {
  // First of all: bytes behind its head may have ended the session already, and its error is about to be raised.
  stream.on('error', ignore)
  if (stream.destroyed) return
  const fields = readFields(raw)
  if (!fields) {
    stream.close(protocolError)
    guard.addGlitch()
    return
  }
  const socket = becomeSocket(stream, connection)
  guard.enter(socket)
  socket.once('close', () => guard.leave(socket))
  beginExchange(connection.server, socket, fields, (flags & endStreamFlag) !== 0)
}

/** What goes wrong on a stream ends it, and that is an event of its own. */
function ignore(): void {}

/** One line a reason and second, however many connections there are. */
class ClosedReport {
  readonly #services: Pick<EdgeServices, 'log'>
  readonly #closed = new Map<string, { connections: number; address: string | undefined }>()

  constructor(services: Pick<EdgeServices, 'log'>) {
    this.#services = services
  }

  /** The ends of every day, of idle connections and old ones, are worth no line. Returns whether it is worth one. */
  add(reason: string, address: string | undefined): boolean {
    if (reason === 'idle' || reason === 'requests') return false
    const entry = this.#closed.get(reason) ?? { connections: 0, address }
    entry.connections++
    this.#closed.set(reason, entry)
    return true
  }

  write(): void {
    for (const [reason, { connections, address }] of this.#closed) {
      this.#services.log.warn('edge.http2.closed', { reason, connections, address })
    }
    this.#closed.clear()
  }
}
