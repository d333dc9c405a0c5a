/**
 * The open connections of a worker, and what each has in flight.
 *
 * A connection is looked up at every request, comes and goes with every request of some clients, and must not cost either
 * of them. So it is a property of its socket, and knows its place in one list. In a Map by socket, each connection was
 * measured to take 2 µs (of some 30) for its entry; in a WeakMap it was 5 µs.
 */
import type { ServerResponse } from 'node:http'
import type net from 'node:net'

export interface Connection {
  readonly socket: net.Socket
  /** What encrypts on it, once a request has come that way: to be ended instead, so that the client is told. */
  secure: net.Socket | undefined
  /** Its place in the list. */
  index: number
  /** Requests that were read from it and are not answered yet. */
  open: number
  /** The response to the newest of them; undefined when none is open. */
  latest: ServerResponse | undefined
  /** The response with which the connection ends, once that is decided. */
  last: ServerResponse | undefined
  /** It needs nobody to close it: an HTTP/2 session ends after its last stream, an upgraded one when both sides say so. */
  endsItself: boolean
  /** `performance.now()` when the last of them was answered; only noted during a drain. */
  idleSince: number
  /** Of the client, once the access log has asked for it. */
  remoteAddress: string | undefined
  /** What was written before the responses that are still to be counted. */
  bytesBefore: number
}

/** A socket that came in through `enter`. */
type EnteredSocket = net.Socket & { saolaConnection?: Connection }

export class Connections {
  readonly #list: Connection[] = []
  readonly #onCount: (connections: number) => void
  readonly #onClose: (this: EnteredSocket) => void

  /** `onCount` is called with the number of connections whenever it has changed. */
  constructor(onCount: (connections: number) => void) {
    const connections = this
    this.#onCount = onCount
    // One function for all of them: it finds its socket in `this`.
    this.#onClose = function () {
      if (this.saolaConnection) connections.#remove(this.saolaConnection)
    }
  }

  get size(): number {
    return this.#list.length
  }

  [Symbol.iterator](): Iterator<Connection> {
    return this.#list.values()
  }

  /** A connection has come. */
  enter(socket: net.Socket): void {
    const connection = createConnection(socket, this.#list.length)
    const entered: EnteredSocket = socket
    entered.saolaConnection = connection
    this.#list.push(connection)
    socket.on('close', this.#onClose)
    this.#onCount(this.#list.length)
  }

  /** The connection that a request came on, whose `socket` may be a TLS socket, or HTTP/2's stand-in for one. */
  of(socket: net.Socket): Connection {
    const { saolaConnection } = socket as EnteredSocket
    if (saolaConnection) return saolaConnection
    // HTTP/2 hands out a Proxy, whose methods are those of the socket itself.
    const own: net.Socket = socket.valueOf() as net.Socket
    const root = rootOf(own)
    // Without an entry: a socket that the application has accepted itself, and must end itself.
    root.saolaConnection ??= createConnection(root, -1)
    if (own !== root) root.saolaConnection.secure = own
    return root.saolaConnection
  }

  /** The last of the list takes the place of the one that leaves. */
  #remove({ index }: Connection): void {
    const last = this.#list.pop()
    if (last && last.index !== index) {
      last.index = index
      this.#list[index] = last
    }
    this.#onCount(this.#list.length)
  }
}

function createConnection(socket: net.Socket, index: number): Connection {
  return {
    socket,
    secure: undefined,
    index,
    open: 0,
    latest: undefined,
    last: undefined,
    endsItself: false,
    idleSince: 0,
    remoteAddress: undefined,
    bytesBefore: 0,
  }
}

/** The socket that was accepted. */
function rootOf(socket: EnteredSocket & { readonly _parent?: EnteredSocket | null }): EnteredSocket {
  return socket._parent ?? socket
}
