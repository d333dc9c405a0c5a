/**
 * What ends a connection of HTTP/2 that costs more than it asks for. Node leaves nearly all of it open: a connection
 * that never sends a request, a request that never ends, an answer that is never read, floods of frames without a use.
 *
 * A connection is looked at once in a while rather than with timers of its own: a request costs two counters. Frames
 * that Node tells nothing of (WINDOW_UPDATE, PRIORITY, padding, unknown ones) are seen by the bytes that they take.
 */
import type { ServerHttp2Session } from 'node:http2'
import type net from 'node:net'
import type { Clock } from '../../base/clock.ts'
import type { PendingClient } from '../connections/pending-budget.ts'
import type { ConnectionFacts, StreamSocket } from './stream-socket.ts'
import { type TransferLimits, Transfers } from './transfers.ts'

export interface SessionLimits extends TransferLimits {
  /** Until the first request, in milliseconds. */
  readonly firstRequestMs: number
  readonly idleMs: number
  /** 0 never. */
  readonly requestsMax: number
  readonly glitchBurst: number
  /** Forgiven in a second. */
  readonly glitchRate: number
  /** Of one head; what frames may take beside bodies depends on it. */
  readonly headerBytes: number
  /** What a client may send of one body ahead, in bytes. */
  readonly streamWindowBytes: number
}

/** Why a connection was ended. */
type CloseReason = 'no request' | 'idle' | 'requests' | 'stalled' | 'glitches' | 'overhead' | 'memory'

export interface SessionGuardOptions {
  readonly limits: SessionLimits
  readonly clock: Clock
  /** Ends the connection as soon as what is open has been answered. */
  close(session: ServerHttp2Session): void
  onClosed(reason: string, connection: ConnectionFacts): void
}

const cancel = 8
const enhanceYourCalm = 11
// A client that was told that the connection ends, and has nothing open on it, gets so long to close it.
const farewellMs = 5_000
const overheadBurstBytes = 64 * 1024
const overheadBytesPerSecond = 1024

/** One connection. Nothing happens by itself: `check` is called every second or so. */
export class SessionGuard implements PendingClient {
  readonly #session: ServerHttp2Session
  readonly #connection: ConnectionFacts
  readonly #options: SessionGuardOptions
  readonly #transfers: Transfers
  readonly #openedAt: number
  #idleSince: number
  #closingAt: number | undefined
  #requests = 0
  #bodyBytes = 0
  #glitches = 0
  #glitchesAt: number
  /** Every connection begins with one SETTINGS. */
  #hasSettings = false
  #isReported = false

  constructor(session: ServerHttp2Session, connection: ConnectionFacts, options: SessionGuardOptions) {
    this.#session = session
    this.#connection = connection
    this.#options = options
    this.#transfers = new Transfers(connection, options.limits)
    const now = options.clock.now()
    this.#openedAt = now
    this.#idleSince = now
    this.#glitchesAt = now
    session.on('ping', () => this.addGlitch())
    session.on('remoteSettings', () => {
      if (this.#hasSettings) this.addGlitch()
      this.#hasSettings = true
    })
  }

  /** A request has begun. */
  enter(stream: StreamSocket): void {
    const { limits } = this.#options
    this.#requests++
    this.#transfers.enter(stream)
    if (limits.requestsMax > 0 && this.#requests >= limits.requestsMax) this.#close('requests')
  }

  /** Its stream has closed. */
  leave(stream: StreamSocket): void {
    this.#transfers.leave(stream)
    this.#bodyBytes += stream.saola.bytesRead + stream.saola.bytesWritten / 64
    // Answered before its body had come: what is under way of that is no fault of the client.
    if (!stream.aborted && stream._httpMessage?.req.complete === false)
      this.#bodyBytes += this.#options.limits.streamWindowBytes
    if (stream.aborted && stream.rstCode === cancel) this.addGlitch()
    if (this.#transfers.size === 0) this.#idleSince = this.#options.clock.now()
  }

  /** Something without a use has come, which honest clients send now and then. */
  addGlitch(): void {
    const { limits, clock } = this.#options
    const now = clock.now()
    const forgiven = ((now - this.#glitchesAt) / 1000) * limits.glitchRate
    this.#glitches = Math.max(0, this.#glitches - forgiven) + 1
    this.#glitchesAt = now
    if (this.#glitches > limits.glitchBurst) this.#destroy('glitches')
    else if (this.#glitches > limits.glitchBurst * 0.75) this.#close('glitches')
  }

  /** Bytes of answers that wait in memory. */
  get pendingBytes(): number {
    return this.#transfers.pendingBytes
  }

  get takeCreditMs(): number {
    return this.#transfers.takeCreditMs
  }

  /** Its answers take memory that others need, and it does not read them: it would read no farewell either. */
  cut(): void {
    if (this.#session.destroyed) return
    this.#end('memory')
    this.#session.destroy()
    this.#connection.root.destroy()
  }

  /** The accepted socket of a connection of which the system is to be asked what it holds: see `confirm`. */
  get suspect(): net.Socket | undefined {
    return this.#transfers.isSuspect ? this.#connection.root : undefined
  }

  /** Its client has not confirmed so many bytes yet that the system holds. */
  confirm(unconfirmed: number): void {
    this.#transfers.confirm(unconfirmed)
  }

  /** @param elapsedMs since the last time. */
  check(elapsedMs: number): void {
    const { limits, clock } = this.#options
    const now = clock.now()
    for (const stream of this.#transfers.sweep(elapsedMs)) this.#cut(stream)
    if (this.#overheadBytes(now) > 0) this.#destroy('overhead')
    if (this.#transfers.size > 0) return
    if (this.#closingAt !== undefined) {
      if (now - this.#closingAt > farewellMs) this.#connection.root.destroy()
    } else if (this.#session.closed || this.#session.destroyed) {
      this.#closingAt = now
    } else if (this.#requests === 0) {
      if (now - this.#openedAt >= limits.firstRequestMs) this.#destroy('no request')
    } else if (now - this.#idleSince >= limits.idleMs) {
      this.#close('idle')
    }
  }

  #cut(stream: StreamSocket): void {
    // Node waits for the end of what it cannot send any more.
    if (stream.closed) stream.destroy()
    else stream.close(cancel)
    this.#close('stalled')
  }

  /** What came beside bodies, above what that may be; negative as long as it is not too much. */
  #overheadBytes(now: number): number {
    const { headerBytes } = this.#options.limits
    let useful = this.#bodyBytes
    for (const { saola } of this.#transfers.streams) useful += saola.bytesRead + saola.bytesWritten / 64
    const allowed = overheadBurstBytes + ((now - this.#openedAt) / 1000) * overheadBytesPerSecond
    // Bodies that the application does not read yet have come, too: no more than the window.
    const unread = this.#session.destroyed ? 0 : this.#unreadMax()
    return this.#connection.root.bytesRead - allowed - this.#requests * headerBytes - useful * 1.25 - unread
  }

  #unreadMax(): number {
    let isReceiving = false
    for (const { _httpMessage } of this.#transfers.streams) isReceiving ||= _httpMessage?.req.complete === false
    return isReceiving ? (this.#session.state.effectiveLocalWindowSize ?? 0) * 2 : 0
  }

  #close(reason: CloseReason): void {
    if (this.#closingAt !== undefined || this.#session.closed || this.#session.destroyed) return
    this.#end(reason)
    this.#options.close(this.#session)
  }

  #destroy(reason: CloseReason): void {
    if (this.#session.destroyed) return
    this.#end(reason)
    // As a number: beside an error of undefined Node takes no code.
    if (reason === 'no request') this.#session.destroy()
    else this.#session.destroy(enhanceYourCalm as unknown as Error)
  }

  #end(reason: CloseReason): void {
    this.#closingAt = this.#options.clock.now()
    this.report(reason)
  }

  /** Only the first reason counts: the others follow from it. */
  report(reason: string): void {
    if (!this.#isReported) this.#options.onClosed(reason, this.#connection)
    this.#isReported = true
  }
}
