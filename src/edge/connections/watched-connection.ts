/**
 * A connection of HTTP/1.1 as the sweep over all of them sees it: what has gone through it, and what it waits for. Nothing
 * here runs at a request.
 *
 * What Node counts for a stream of TLS are the bytes before they are encrypted, and those it takes all at once. So bytes are
 * counted below, where the connection itself is; and what its system has taken is what was handed to it without what still
 * waits in its queue.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type net from 'node:net'
import { isDiscarded } from '../refusals/discard-rest.ts'

/** What Node notes on a connection of HTTP/1.1. */
type HttpSocket = net.Socket & {
  readonly parser?: { readonly incoming?: IncomingMessage | null } | null
  readonly _httpMessage?: (ServerResponse & { readonly _expect_continue?: boolean; readonly _sent100?: boolean }) | null
  /** Of TLS: the connection below. */
  readonly _parent?: net.Socket | null
  readonly _handle?: Handle | null
  saolaWatched?: WatchedConnection
}

interface Handle {
  readonly bytesRead: number
  readonly bytesWritten: number
  readonly writeQueueSize: number
}

/** What the client has to do next; `nothing`: the application has, or the client may rest. */
export type Duty = 'send' | 'take' | 'both' | 'nothing'

export class WatchedConnection {
  readonly socket: HttpSocket
  /** The connection itself, below TLS. */
  readonly bottom: HttpSocket
  /** Its place in the list. */
  index: number
  /** How many requests have come on it. */
  requests = 0
  /** Since it was accepted, as far as it has been swept over. */
  ageMs = 0
  /** What is left of the client's patience, in milliseconds, and how long the transfer has gone on already. */
  sendCreditMs: number
  takeCreditMs: number
  sendMs = 0
  takeMs = 0
  /** How long the rest of a body is thrown away already, behind its answer. */
  restMs = 0
  /** Bytes at the last look. */
  received = 0
  taken = 0
  /** Bytes that the other end has confirmed; -1 before anybody has asked the system. */
  confirmed = -1
  /** Of a WebSocket: since when nothing went. */
  silentMs = 0

  constructor(socket: net.Socket, index: number, creditMs: number) {
    this.socket = socket
    this.bottom = (socket as HttpSocket)._parent ?? socket
    this.index = index
    this.sendCreditMs = creditMs
    this.takeCreditMs = creditMs
    ;(socket as HttpSocket).saolaWatched = this
  }

  /** After a handshake Node's parser is gone. */
  get isWebSocket(): boolean {
    return !this.socket.parser
  }

  get response(): ServerResponse | undefined {
    return this.socket._httpMessage ?? undefined
  }

  /** Bytes of answers that wait in memory. */
  get pendingBytes(): number {
    if (this.socket.destroyed) return 0
    return Math.max(this.response?.writableLength ?? this.socket.writableLength, this.queued)
  }

  /** Bytes that the system has not taken yet. */
  get queued(): number {
    return this.bottom._handle?.writeQueueSize ?? 0
  }

  /** Bytes that have come, and those that the system has taken, of all that there ever were. */
  get receivedNow(): number {
    return this.bottom._handle?.bytesRead ?? this.received
  }

  get takenNow(): number {
    const handle = this.bottom._handle
    return handle ? handle.bytesWritten - handle.writeQueueSize : this.taken
  }

  /** The request whose body is on its way. */
  get arriving(): IncomingMessage | undefined {
    const incoming = this.socket.parser?.incoming
    return incoming && !incoming.complete && !incoming.destroyed ? incoming : undefined
  }

  /** Its request was answered, and nobody reads what still comes of the body. */
  get isDiscarding(): boolean {
    const { arriving } = this
    return arriving !== undefined && isDiscarded(arriving)
  }

  get duty(): Duty {
    const mustTake = this.queued > 0 || this.socket.writableLength > 0
    const mustSend = this.#mustSend()
    if (mustSend) return mustTake ? 'both' : 'send'
    return mustTake ? 'take' : 'nothing'
  }

  /** Not while the application reads nothing, and not before it has said that it wants the body. */
  #mustSend(): boolean {
    const { arriving, socket } = this
    if (!arriving || socket.isPaused() || arriving.readableLength >= arriving.readableHighWaterMark) return false
    return arriving.headers.expect === undefined || !this.#waitsForContinue(arriving)
  }

  /** Until its turn has come, and then until somebody has asked for the body; one that is answered waits for nothing any more. */
  #waitsForContinue({ httpVersion }: IncomingMessage): boolean {
    const response = this.socket._httpMessage
    // Of HTTP/1.0 Node takes no such wish (RFC 9110, 10.1.1).
    if (!response || httpVersion === '1.0') return false
    return response.req !== this.arriving || (response._expect_continue === true && response._sent100 !== true)
  }
}

/** Undefined for a stream of HTTP/2, which shares its connection with others. */
export function watchedOf(socket: net.Socket): WatchedConnection | undefined {
  return (socket as HttpSocket).saolaWatched
}
