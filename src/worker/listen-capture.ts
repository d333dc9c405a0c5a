/**
 * A script that calls `listen()` itself must serve on Saola's sockets without a change. So the first server that
 * listens is adopted: it believes that it listens, and is given the connections of the inherited sockets.
 *
 * What stands in for its handle is the same small object that node:cluster gives a server in a worker; so `listening`,
 * `address()`, `close()`, `ref()` and the 'listening' event are Node's own.
 *
 * A server on another port, say for metrics, really listens there, in every worker. So that the second worker can, and
 * a new one beside the old during a reload, they share that port with SO_REUSEPORT: a connection to it goes to any of
 * them. That is less than the main sockets get, because what waits there when a worker ends is lost.
 * A second Unix socket cannot be shared so: there, a second worker gets EADDRINUSE.
 * `listen({ exclusive: true })` means here what it means under node:cluster: neither adopted nor shared.
 */
import net from 'node:net'

export interface CaptureOptions {
  /** What `server.address()` says; undefined where that is not known, and it says what was asked for. */
  readonly address: net.AddressInfo | string | undefined
  /** The application itself has closed the adopted server. */
  onClosed(server: net.Server): void
}

export interface ListenCapture {
  /** The server that is adopted, as long as it is not closed. */
  readonly adopted: net.Server | undefined
  /** The first one that was adopted and not closed again at once. */
  readonly listening: Promise<net.Server>
  /** Lets a server listen for real, on a descriptor or handle. */
  listenReally(server: net.Server, real: RealListen): void
}

export interface RealListen {
  /** A handle, or `{ fd }`. */
  readonly on: object
  readonly backlog: number
  done(): void
}

/** One call to listen(), whichever of its forms it had. */
interface ListenCall {
  readonly port?: number
  readonly host?: string
  readonly path?: string
  readonly backlog?: number
  readonly signal?: AbortSignal
}

/** What Node keeps in a server's fields; node:cluster relies on the same. */
interface ServerInternals {
  _handle: StandIn | null
  _pipeName: string | undefined
  _connections: number
  readonly blockList?: net.BlockList
}

interface StandIn {
  close(done?: () => void): void
  ref(): void
  unref(): void
  hasRef(): boolean
  getsockname?(out: Record<string, unknown>): number
  fd: number
}

// Where the kernel spreads connections over sockets that share a port; elsewhere the option is an error.
const canSharePort = ['linux', 'freebsd', 'sunos', 'aix'].includes(process.platform)

/** Replaces `net.Server.prototype.listen` for the life of this process. */
export function captureListen(options: CaptureOptions): ListenCapture {
  const listen = net.Server.prototype.listen as (...args: unknown[]) => net.Server
  const listening = Promise.withResolvers<net.Server>()
  let adopted: { readonly server: net.Server; readonly place: string } | undefined
  const onClosed = (server: net.Server) => {
    if (adopted?.server !== server) return
    adopted = undefined
    options.onClosed(server)
  }
  net.Server.prototype.listen = function (this: net.Server, ...args: unknown[]): net.Server {
    const call = readCall(args)
    // Twice is an error, and Node has the message.
    if (!call || this.listening) return listen.apply(this, args)
    const callback = args.findLast(arg => typeof arg === 'function') as (() => void) | undefined
    // A second server on the same port is the same one to its author: "localhost" has an IPv4 and an IPv6 address.
    const isTwin = adopted && (placeOf(call) === adopted.place || isSamePort(adopted.server, call))
    if (adopted && !isTwin) return listen.call(this, shared(call), callback)
    adopt({ server: this, call, address: options.address, onClosed })
    if (callback) this.once('listening', callback)
    if (adopted) return this
    adopted = { server: this, place: placeOf(call) }
    // Not before the application had its turn: some listen only to find out whether a port is free, and close.
    setImmediate(() => adopted?.server === this && listening.resolve(this))
    return this
  }
  return {
    get adopted() {
      return adopted?.server
    },
    listening: listening.promise,
    // Node takes the backlog of a descriptor as an argument only.
    listenReally: (server, { on, backlog, done }) => void listen.call(server, on, backlog, done),
  }
}

interface Adoption {
  readonly server: net.Server
  readonly call: ListenCall
  readonly address: CaptureOptions['address']
  onClosed(server: net.Server): void
}

function adopt({ server, call, address = addressOf(call), onClosed }: Adoption): void {
  const internals = server as unknown as ServerInternals
  const standIn: StandIn = {
    fd: -1,
    close(done) {
      onClosed(server)
      done?.()
    },
    ref() {},
    unref() {},
    hasRef: () => true,
  }
  if (typeof address === 'string') {
    internals._pipeName = address
  } else {
    standIn.getsockname = out => {
      Object.assign(out, address)
      return 0
    }
  }
  internals._handle = standIn
  process.nextTick(() => internals._handle === standIn && server.emit('listening'))
  const { signal } = call
  if (signal?.aborted) process.nextTick(() => server.close())
  else signal?.addEventListener('abort', () => server.close(), { once: true })
}

/** The call, or undefined for what is not ours: a descriptor, a handle, what is exclusive, and what Node refuses. */
function readCall([first, second, third]: readonly unknown[]): ListenCall | undefined {
  if (first === undefined || first === null || typeof first === 'function') return { port: 0 }
  if (typeof first === 'number' || typeof first === 'string') {
    if (isPort(first)) {
      const backlog = [second, third].find(arg => typeof arg === 'number')
      return {
        port: Number(first),
        ...(typeof second === 'string' ? { host: second } : {}),
        ...(backlog ? { backlog } : {}),
      }
    }
    return typeof first === 'string' ? { path: first } : undefined
  }
  if (typeof first !== 'object') return undefined
  const { fd, _handle, handle, exclusive, ...call } = first as ListenCall & Record<string, unknown>
  if (typeof fd === 'number' || _handle || handle || 'onconnection' in first || exclusive === true) return undefined
  if (call.port === undefined || call.port === null) {
    return typeof call.path === 'string' ? call : 'port' in first ? { ...call, port: 0 } : undefined
  }
  return isPort(call.port) ? { ...call, port: Number(call.port) } : undefined
}

/** As Node sees it, to whom the empty text is port 0. */
function isPort(value: number | string): boolean {
  const port = Number(value)
  return Number.isInteger(port) && port >= 0 && port <= 65_535
}

function placeOf({ port, path }: ListenCall): string {
  return port === undefined ? `path ${path}` : `port ${port}`
}

/** Whether it is the port that the adopted server says to have: port 0 is 8000 once it was asked. */
function isSamePort(server: net.Server, { port }: ListenCall): boolean {
  const address = server.address()
  return typeof address === 'object' && address?.port === port
}

function shared(call: ListenCall): object {
  if (call.port === undefined) return call
  return canSharePort && call.port > 0 ? { ...call, reusePort: true } : call
}

function addressOf({ port = 0, host = '0.0.0.0', path }: ListenCall): net.AddressInfo | string {
  return path ?? { address: host, family: net.isIPv6(host) ? 'IPv6' : 'IPv4', port }
}

/** Gives an adopted server a connection, as Node's own accept does. */
export function deliver(server: net.Server, socket: net.Socket): void {
  if (isRefused(server, socket)) {
    socket.destroy()
    return
  }
  const internals = socket as unknown as { server: net.Server; _server: net.Server & ServerInternals }
  const from = internals._server
  if (from) from._connections--
  internals.server = server
  internals._server = server as net.Server & ServerInternals
  internals._server._connections++
  server.emit('connection', socket)
}

/** The limits that an application may have set on its server are looked at where a connection is accepted. */
function isRefused(server: net.Server, socket: net.Socket): boolean {
  const { _connections, maxConnections, blockList } = server as net.Server & ServerInternals
  if (typeof maxConnections === 'number' && _connections >= maxConnections) {
    const { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily } = socket
    server.emit('drop', { localAddress, localPort, localFamily, remoteAddress, remotePort, remoteFamily })
    return true
  }
  if (!blockList) return false
  const { remoteAddress } = socket
  return remoteAddress !== undefined && blockList.check(remoteAddress, net.isIPv6(remoteAddress) ? 'ipv6' : 'ipv4')
}
