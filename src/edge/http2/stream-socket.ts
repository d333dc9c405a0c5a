/**
 * A stream of HTTP/2 as the socket of a request and its response: frameworks ask `req.socket` for addresses, write to
 * `res.socket` through Node's own response, and destroy both.
 *
 * The stream gets a prototype of its own between itself and Node's, instead of a second Duplex around it: that would cost
 * each request as much again as HTTP/2 itself. Bytes are given to Node in pieces, so that what a slow client has
 * taken of a large answer can be seen, and a connection is never charged with more than it is about to send.
 */
import type { OutgoingHttpHeaders, Server } from 'node:http'
import type { ServerHttp2Session, ServerHttp2Stream } from 'node:http2'
import type net from 'node:net'
import type { TLSSocket } from 'node:tls'
import type { Data, SocketInternals, WriteCallback } from './node-internals.ts'

/** So much of an answer is given to Node at once. */
export const pieceBytes = 64 * 1024
const noError = 0
const internalError = 2

/** What all streams of a connection share. */
export interface ConnectionFacts {
  readonly server: Server
  readonly socket: net.Socket | TLSSocket
  /** The socket that was accepted: under TLS, the one below it. */
  readonly root: net.Socket
}

export interface StreamState {
  readonly connection: ConnectionFacts
  /** A stream that has closed does not know its own any more. */
  readonly session: ServerHttp2Session | undefined
  bytesRead: number
  bytesWritten: number
  /** Not given to Node yet; undefined when there is none. */
  pieces: Piece[] | undefined
  piecesBytes: number
  /** The end comes behind them. */
  isEnding: boolean
  hasTimeout: boolean
  trailers: OutgoingHttpHeaders | undefined
  /** Nothing more of the answer comes: who ends the stream ends a whole one. */
  isAnswered: boolean
  /** Who waits for the last write. */
  lastWritten: WriteCallback | undefined
}

interface Piece {
  readonly data: Uint8Array
  readonly callback: WriteCallback | undefined
}

/** A stream that `becomeSocket` has changed. */
export type StreamSocket = ServerHttp2Stream & net.Socket & SocketInternals & { readonly saola: StreamState }

/** Makes a socket of a stream. */
export function becomeSocket(stream: ServerHttp2Stream, connection: ConnectionFacts): StreamSocket {
  const isEncrypted = 'encrypted' in connection.socket
  prototypes ??= createPrototypes(Object.getPrototypeOf(stream))
  Object.setPrototypeOf(stream, isEncrypted ? prototypes.encrypted : prototypes.plain)
  const socket = stream as StreamSocket & { saola: StreamState }
  socket.saola = {
    connection,
    session: stream.session as ServerHttp2Session | undefined,
    bytesRead: 0,
    bytesWritten: 0,
    pieces: undefined,
    piecesBytes: 0,
    isEnding: false,
    hasTimeout: false,
    trailers: undefined,
    isAnswered: false,
    lastWritten: undefined,
  }
  return socket
}

/** Bytes of the answer that the client, or at least the kernel, has taken. */
export function bytesTaken({ saola, writableLength }: StreamSocket): number {
  return saola.bytesWritten - writableLength
}

let prototypes: { readonly plain: object; readonly encrypted: object } | undefined

/** Node's own methods. */
interface Base {
  write(data: Data, encoding?: BufferEncoding, callback?: WriteCallback): boolean
  end(): unknown
  destroy(error?: Error): unknown
  setTimeout(ms: number): unknown
}

function createPrototypes(base: object): { plain: object; encrypted: object } {
  const plain = Object.create(base, {
    ...getters(inherited(base, 'writableLength')),
    ...methods(base as Base),
  })
  return { plain, encrypted: Object.create(plain, tlsProperties()) }
}

/** Node's own getter, wherever in the chain it is. */
function inherited(base: object, name: string): (this: object) => number {
  for (let at: object | null = base; at; at = Object.getPrototypeOf(at)) {
    const { get } = Object.getOwnPropertyDescriptor(at, name) ?? {}
    if (get) return get
  }
  throw new Error(`Streams of HTTP/2 have no ${name} in Node ${process.version}.`)
}

const addresses = ['remoteAddress', 'remotePort', 'remoteFamily', 'localAddress', 'localPort', 'localFamily'] as const

function getters(writableLength: (this: object) => number): PropertyDescriptorMap {
  const map: PropertyDescriptorMap = {}
  for (const name of addresses) map[name] = getter(({ saola }) => saola.connection.root[name])
  map._parent = getter(({ saola }) => saola.connection.root)
  map.server = getter(({ saola }) => saola.connection.server)
  map.bytesRead = getter(({ saola }) => saola.bytesRead)
  map.bytesWritten = getter(({ saola }) => saola.bytesWritten)
  map.connecting = getter(() => false)
  map.readyState = getter(({ destroyed }) => (destroyed ? 'closed' : 'open'))
  map.writableLength = getter(stream => writableLength.call(stream) + stream.saola.piecesBytes)
  // Node ends the stream of a HEAD request before anybody has answered it; frameworks take that for a client that left.
  map.writable = getter(stream => !stream.destroyed && !stream.closed && stream._httpMessage?.finished !== true)
  return map
}

function getter(get: (stream: StreamSocket) => unknown): PropertyDescriptor {
  return {
    configurable: true,
    get(this: StreamSocket) {
      return get(this)
    },
    set() {},
  }
}

function methods(base: Base): PropertyDescriptorMap {
  const own: Record<string, (this: StreamSocket, ...args: never[]) => unknown> = {
    write(data: Data, encoding?: BufferEncoding | WriteCallback | null, callback?: WriteCallback) {
      const then = typeof encoding === 'function' ? encoding : callback
      const coding = typeof encoding === 'string' ? encoding : 'utf8'
      return write(base, this, { data, encoding: coding, callback: then ?? undefined })
    },
    end(...args: unknown[]) {
      const data = args[0]
      if (typeof data === 'string' || data instanceof Uint8Array) this.write(data, args[1] as BufferEncoding)
      return end(base, this)
    },
    destroy(error?: Error) {
      reset(this)
      return base.destroy.call(this, error)
    },
    setTimeout(ms: number, callback?: () => void) {
      if (ms > 0) listenToTimeout(this)
      if (callback) this.once('timeout', callback)
      base.setTimeout.call(this, ms)
      return this
    },
    destroySoon() {
      if (!this.writableEnded) this.end()
    },
    resetAndDestroy() {
      return this.destroy()
    },
    setNoDelay() {
      return this
    },
    setKeepAlive() {
      return this
    },
    ref() {
      return this
    },
    unref() {
      return this
    },
    address() {
      return this.saola.connection.root.address()
    },
  }
  const entries = Object.entries(own).map(([name, value]) => [name, { value, configurable: true, writable: true }])
  return Object.fromEntries(entries)
}

const tlsMethods = [
  'getCertificate',
  'getCipher',
  'getEphemeralKeyInfo',
  'getPeerCertificate',
  'getPeerX509Certificate',
  'getProtocol',
  'getSession',
  'isSessionReused',
] as const

function tlsProperties(): PropertyDescriptorMap {
  const map: PropertyDescriptorMap = { encrypted: { value: true, configurable: true } }
  for (const name of ['alpnProtocol', 'authorized', 'authorizationError', 'servername'] as const) {
    map[name] = getter(({ saola }) => (saola.connection.socket as TLSSocket)[name])
  }
  for (const name of tlsMethods) {
    const value = function (this: StreamSocket, ...args: unknown[]): unknown {
      const { socket } = this.saola.connection
      return (socket as unknown as Record<string, (...args: unknown[]) => unknown>)[name]?.apply(socket, args)
    }
    map[name] = { value, configurable: true, writable: true }
  }
  return map
}

interface Chunk {
  readonly data: Data
  readonly encoding: BufferEncoding
  readonly callback: WriteCallback | undefined
}

function write(base: Base, stream: StreamSocket, { data, encoding, callback }: Chunk): boolean {
  const { saola } = stream
  // Texts that are written together were seen to leave as other bytes of the process (Node 24.21): Buffers do not.
  const bytes = typeof data === 'string' ? Buffer.from(data, encoding) : data
  const length = bytes.byteLength
  saola.bytesWritten += length
  if (length <= pieceBytes && !saola.pieces) return base.write.call(stream, bytes, 'utf8', callback)
  const isBusy = saola.pieces !== undefined
  saola.pieces ??= []
  for (let start = 0; start === 0 || start < length; start += pieceBytes) {
    const end = start + pieceBytes
    saola.pieces.push({ data: bytes.subarray(start, end), callback: end >= length ? callback : undefined })
  }
  saola.piecesBytes += length
  if (!isBusy) writeNext(base, stream)
  return false
}

function writeNext(base: Base, stream: StreamSocket): void {
  const { saola } = stream
  const piece = saola.pieces?.shift()
  if (!piece) {
    saola.pieces = undefined
    if (saola.isEnding) base.end.call(stream)
    stream.emit('drain')
    return
  }
  saola.piecesBytes -= piece.data.byteLength
  const then: WriteCallback = error => {
    piece.callback?.(error)
    if (error) dropPieces(stream, error)
    else writeNext(base, stream)
  }
  base.write.call(stream, piece.data, 'utf8', then)
}

function dropPieces({ saola }: StreamSocket, error: Error): void {
  const { pieces = [] } = saola
  saola.pieces = undefined
  saola.piecesBytes = 0
  for (const { callback } of pieces) callback?.(error)
}

function end(base: Base, stream: StreamSocket): StreamSocket {
  const { saola } = stream
  const isOpen = !stream.closed && !stream.destroyed
  if (!saola.isAnswered) {
    // Amid an answer: it must not look whole, and in HTTP/1.1 it would not. Of one that is being reset Node ends the stream
    // first, and that could overtake the reset.
    if (isOpen) cutOff(stream)
  } else if (saola.pieces && isOpen) {
    saola.isEnding = true
  } else {
    base.end.call(stream)
  }
  return stream
}

/** What was written goes out before. */
function cutOff(stream: StreamSocket): void {
  if (stream.headersSent) stream.write('', () => stream.destroy())
  else stream.destroy()
}

/** An answer that was not finished must not look like one that was: without this Node says NO_ERROR. */
function reset(stream: StreamSocket): void {
  const { session } = stream
  if (stream.destroyed || stream.closed || !session || session.destroyed) return
  stream.close(stream.writableFinished ? noError : internalError)
}

/** As the HTTP/1.1 of Node: whoever listens decides, and without anybody it ends. */
function listenToTimeout(stream: StreamSocket): void {
  const { saola } = stream
  if (saola.hasTimeout) return
  saola.hasTimeout = true
  stream.on('timeout', () => {
    const res = stream._httpMessage
    const isHeard = [
      res && !res.req.complete && res.req.emit('timeout', stream),
      res?.emit('timeout', stream),
      saola.connection.server.emit('timeout', stream),
      stream.listenerCount('timeout') > 1,
    ]
    if (!isHeard.includes(true)) stream.destroy()
  })
}
