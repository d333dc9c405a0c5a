/**
 * A script that calls `listen()` itself must serve on Saola's sockets without a change. So the first server that
 * listens is adopted: it believes that it listens, and is given the connections of the inherited sockets.
 *
 * What stands in for its handle is the same small object that node:cluster gives a server in a worker; so `listening`,
 * `address()`, `close()`, `ref()` and the 'listening' event are Node's own.
 */
import net from 'node:net'

/** A server that was adopted. */
export interface Captured {
  readonly server: net.Server
  /** The port or path that it asked for, for people. */
  readonly wanted: string
}

/** What Node keeps in a server's fields; node:cluster relies on the same. */
interface ServerInternals {
  _handle: StandIn | null
  _connections: number
}

interface StandIn {
  close(done?: () => void): void
  ref(): void
  unref(): void
  hasRef(): boolean
  getsockname(out: Record<string, unknown>): number
  fd: number
}

export interface CaptureOptions {
  /** What `server.address()` says. */
  readonly address: { readonly address: string; readonly family: string; readonly port: number }
  onCaptured(captured: Captured): void
  /** The application itself has closed an adopted server. */
  onClosed(server: net.Server): void
}

export interface ListenCapture {
  /** Lets a server listen for real, on a descriptor or handle. */
  listenReally(server: net.Server, target: object, done: () => void): void
}

/** Replaces `net.Server.prototype.listen` for the life of this process. */
export function captureListen(options: CaptureOptions): ListenCapture {
  const listen = net.Server.prototype.listen as (...args: unknown[]) => net.Server
  let first: string | undefined
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]): net.Server {
    const wanted = wantedOf(args)
    // A second server on the same port is the same one to its author: "localhost" has an IPv4 and an IPv6 address.
    if (wanted === undefined || (first !== undefined && first !== wanted)) return listen.apply(this, args)
    const isFirst = first === undefined
    first = wanted
    adopt(this, options, args)
    if (isFirst) process.nextTick(() => options.onCaptured({ server: this, wanted }))
    return this
  }
  return {
    listenReally: (server, target, done) => void listen.call(server, target, done),
  }
}

function adopt(server: net.Server, options: CaptureOptions, args: readonly unknown[]): void {
  const callback = args.findLast(arg => typeof arg === 'function') as (() => void) | undefined
  if (callback) server.once('listening', callback)
  const internals = server as unknown as ServerInternals
  internals._handle = {
    fd: -1,
    close(done) {
      options.onClosed(server)
      done?.()
    },
    ref() {},
    unref() {},
    hasRef: () => true,
    getsockname(out) {
      Object.assign(out, options.address)
      return 0
    },
  }
  process.nextTick(() => internals._handle && server.emit('listening'))
}

/** The port or path of a call to listen(), or undefined for what is not ours: a descriptor, a handle. */
function wantedOf(args: readonly unknown[]): string | undefined {
  const [first] = args
  if (first === undefined || first === null || typeof first === 'function') return 'port 0'
  if (typeof first === 'number') return `port ${first}`
  if (typeof first === 'string') return /^\d+$/.test(first) ? `port ${first}` : first
  if (typeof first !== 'object') return undefined
  const { port, path, fd, _handle, handle } = first as Record<string, unknown>
  if (typeof fd === 'number' || _handle || handle || 'onconnection' in first) return undefined
  if (typeof path === 'string') return path
  return `port ${port ?? 0}`
}

/** Gives an adopted server a connection, as Node's own accept does. */
export function deliver(server: net.Server, socket: net.Socket): void {
  const internals = socket as unknown as { server: net.Server; _server: net.Server & ServerInternals }
  const from = internals._server
  if (from) from._connections--
  internals.server = server
  internals._server = server as net.Server & ServerInternals
  internals._server._connections++
  server.emit('connection', socket)
}
