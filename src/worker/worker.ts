/**
 * One worker: a process that runs the application, from its first line to its last request. How the supervisor sees
 * it is in supervisor/fleet.ts.
 */
import net from 'node:net'
import { unavailable } from '../base/address.ts'
import { messageOf, ServerError } from '../base/errors.ts'
import type { Application } from '../edge/application.ts'
import type { Edge } from '../edge/edge.ts'
import { isSaolaMessage, sendToSupervisor, toldSupervisor } from '../ipc/channel.ts'
import type { SocketSpec, ToWorker, WorkerSpec } from '../ipc/messages.ts'
import { Acceptor, socketOptionsOf } from './acceptor.ts'
import { AccessLogWriter } from './access-log-writer.ts'
import { Admission } from './admission.ts'
import { installLifecycle, type Lifecycle } from './app-api.ts'
import { describeBootError, isPlaceless } from './boot-error.ts'
import { Connections } from './connections.ts'
import { drainConnections } from './drain.ts'
import { applicationOn } from './edge-application.ts'
import { startHeartbeat } from './heartbeat.ts'
import { captureListen, deliver, type ListenCapture } from './listen-capture.ts'
import { startApplication } from './start-application.ts'
import { type Exchange, Traffic } from './traffic.ts'
import { TrafficMeter } from './traffic-meter.ts'
import { startWatchThread } from './watch-thread.ts'

// Without a supervisor there is nobody to drain for; what is in flight gets a last chance.
const orphanDrainMs = 5_000
const logFlushMs = 500
const edgeCloseMs = 1_000
// As the supervisor gives it to workers that have no connections yet.
const shareAtFirst = 4

export interface WorkerOptions {
  readonly spec: WorkerSpec
  /** The pipes that the supervisor gave: see workerFds in supervisor/child-process.ts. */
  readonly fds: { readonly accessLog: number; readonly watch: number }
  /** File of the watch thread. */
  readonly watchFile: URL
  /** Makes the edge that takes the connections, before the application's server; undefined when that takes them itself. */
  readonly createEdge: ((application: Application | undefined) => Promise<Edge>) | undefined
  /** What the edge speaks TLS with has come, or has changed. */
  readonly receiveCredentials: ((credentials: object) => void) | undefined
  /** Makes an access-log line of an exchange; undefined when there is no access log. */
  readonly formatExchange: ((exchange: Exchange) => string) | undefined
}

/** Boots the application and serves until the supervisor says that it is enough. */
export async function runWorker(options: WorkerOptions): Promise<void> {
  const worker = new ApplicationWorker(options)
  try {
    await worker.boot()
  } catch (error) {
    await worker.failBoot(error)
  }
}

class ApplicationWorker {
  readonly #options: WorkerOptions
  readonly #connections: Connections
  readonly #traffic: Traffic
  readonly #meter: TrafficMeter | undefined
  readonly #admission: Admission
  readonly #acceptors: Acceptor[] = []
  readonly #accessLog: AccessLogWriter | undefined
  readonly #lifecycle: Lifecycle
  readonly #signalled = Promise.withResolvers<void>()
  readonly #capture: ListenCapture
  /** The application's own. */
  #server: net.Server | undefined
  #edge: Edge | undefined
  readonly #edgeMade = Promise.withResolvers<void>()
  /** The number of the request after which a successor is asked for; 0 never. */
  readonly #recycleAt: number
  readonly #onTerm = () => this.#leave()
  /** What must be done before this worker is ready. */
  readonly #conditions: Promise<unknown>[] = []
  #hasFailed = false
  #isReady = false
  #isDraining = false

  constructor(options: WorkerOptions) {
    const { spec, fds, formatExchange } = options
    this.#options = options
    const { recycleRequests, recycleJitter } = spec
    this.#recycleAt = recycleRequests && recycleRequests + Math.floor(Math.random() * (recycleJitter + 1))
    const name = `${spec.app}:${spec.index}`
    const accessLog = formatExchange && new AccessLogWriter(fds.accessLog)
    this.#accessLog = accessLog
    this.#admission = new Admission(spec.accept === 'worker' ? spec.maxConnections : Number.POSITIVE_INFINITY)
    this.#connections = new Connections(count => this.#admission.update(count))
    this.#meter = spec.countsTraffic ? new TrafficMeter() : undefined
    this.#traffic = new Traffic({
      name,
      connections: this.#connections,
      requestTimeoutMs: spec.requestTimeoutMs,
      onExchange: accessLog && formatExchange && (exchange => accessLog.write(formatExchange(exchange))),
      meter: this.#meter,
      onRequest: requests => this.#onRequest(requests),
      routeCookie: spec.stickyCookie ? { name: spec.stickyCookie, value: String(spec.index) } : undefined,
    })
    this.#lifecycle = {
      identity: { id: spec.index, name, generation: spec.generation },
      shutdownHooks: [],
      waitFor: condition => this.#waitFor(condition),
      signalReady: () => this.#signalled.resolve(),
    }
    this.#capture = captureListen({
      address: addressOf(spec.sockets[0]?.address ?? ''),
      onClosed: server => this.#onServerClosed(server),
    })
  }

  async boot(): Promise<void> {
    const { spec, watchFile, fds } = this.#options
    process.title = `saola: ${spec.tree} ${spec.app}:${spec.index}`
    installLifecycle(this.#lifecycle)
    this.#listenToSupervisor()
    startWatchThread(watchFile, fds.watch)
    this.#prepareAcceptors()
    const { entry } = spec
    const server = entry === undefined ? undefined : await startApplication({ ...spec, entry, capture: this.#capture })
    this.#server = server
    const edge = await this.#options.createEdge?.(server && applicationOn(server))
    this.#edge = edge
    if (this.#meter) this.#meter.edge = edge
    this.#edgeMade.resolve()
    const front = edge?.front.server ?? server
    if (!front) throw new ServerError('ERR_APP_INVALID', 'Without an application there must be an edge.')
    await this.#untilReady(server ?? front)
    // Told to end while it booted: a connection that it took now would be lost.
    if (this.#isDraining) return
    // Only now: what was asked to find out whether it is ready is nobody's traffic.
    this.#traffic.observe(front)
    await this.#open(front)
    startHeartbeat(
      () => ({
        connections: this.#connections.size,
        inFlight: this.#traffic.inFlight,
        requests: this.#traffic.requests,
        logDropped: this.#accessLog?.dropped ?? 0,
        ...(this.#meter && { figures: this.#meter.figures() }),
      }),
      beat => sendToSupervisor({ type: 'saola.beat', beat }),
    )
    this.#isReady = true
    sendToSupervisor({ type: 'saola.ready', bootMs: performance.now() })
  }

  /** The reason goes to the supervisor, which prints it once; then the process ends. */
  async failBoot(error: unknown): Promise<void> {
    if (this.#hasFailed) return
    this.#hasFailed = true
    const description = describeBootError(error, this.#options.spec.entry ?? '')
    await new Promise(resolve => {
      const message = { type: 'saola.boot-failed', ...description }
      if (process.connected) process.send?.(message, undefined, undefined, resolve)
      else resolve(undefined)
    })
    if (!isPlaceless(error, description)) process.exit(1)
    setImmediate(() => {
      throw Object.assign(error as Error, { stack: description.stack })
    })
  }

  async #untilReady(server: net.Server): Promise<void> {
    const { readyPath, readyStatus = 200, readySignal } = this.#options.spec
    await Promise.all(this.#conditions)
    if (readySignal) await this.#signalled.promise
    if (readyPath === undefined) return
    // Loaded only here: it brings TLS and HTTP/2.
    const { untilAnswering } = await import('./probe.ts')
    const onTrouble = (reason: string) => void sendToSupervisor({ type: 'saola.waiting', reason })
    await untilAnswering(server, { path: readyPath, status: readyStatus }, { onTrouble })
  }

  #waitFor(condition: Promise<unknown>): void {
    if (this.#isReady) return
    this.#conditions.push(condition)
    // At once, and not only when the application listens: perhaps it never does, for the same reason.
    condition.catch(error => void this.failBoot(error))
  }

  /** Before the application is loaded, so that spares have come when the first connection does. */
  #prepareAcceptors(): void {
    const { spec } = this.#options
    if (spec.accept !== 'worker') return
    for (const [index, { fd, protocol }] of spec.sockets.entries()) {
      const acceptor = new Acceptor({
        fd,
        backlog: spec.backlog,
        capture: this.#capture,
        onConnection: socket => this.#onConnection(socket, protocol),
        wantSpare: () => sendToSupervisor({ type: 'saola.listener-wanted', index }),
      })
      this.#acceptors.push(acceptor)
      this.#admission.add(acceptor)
      if (spec.sharesSocket || fd === undefined) acceptor.fetchSpares()
    }
    if (spec.sharesSocket) this.#admission.setShare(shareAtFirst)
  }

  async #open(server: net.Server): Promise<void> {
    for (const [index, acceptor] of this.#acceptors.entries()) {
      await acceptor.start(server).catch(error => {
        throw unavailable(this.#options.spec.sockets[index]?.address ?? '', error)
      })
    }
  }

  #onConnection(socket: net.Socket, protocol: SocketSpec['protocol']): void {
    this.#connections.enter(socket)
    if (this.#edge) this.#edge.front.accept(socket, protocol)
    else if (this.#server) deliver(this.#server, socket)
  }

  /** The application itself takes no more connections, so somebody else must. */
  #onServerClosed(server: net.Server): void {
    if (server !== this.#server) return
    this.#admission.close()
    if (this.#isReady && !this.#isDraining) {
      sendToSupervisor({ type: 'saola.recycle', reason: 'the application has closed its server' })
    }
  }

  #onRequest(requests: number): void {
    if (requests === this.#recycleAt) {
      sendToSupervisor({ type: 'saola.recycle', reason: `${requests} requests` })
    }
  }

  #listenToSupervisor(): void {
    // The application may use the channel, too, and its listeners should see nothing but its own messages.
    const emit = process.emit as (...args: unknown[]) => boolean
    process.emit = ((...args: unknown[]) => {
      const [event, message, handle] = args
      if (event !== 'message' || !isSaolaMessage(message)) return emit.apply(process, args)
      this.#receive(message as ToWorker, handle)
      return true
    }) as typeof process.emit
    // Without any listener Node keeps messages back.
    process.on('message', () => {})
    process.once('disconnect', () => this.#drain('orphan'))
    process.on('SIGTERM', this.#onTerm)
    process.on('uncaughtExceptionMonitor', error => {
      sendToSupervisor({ type: 'saola.last-words', message: messageOf(error) })
    })
  }

  #receive(message: ToWorker, handle: unknown): void {
    switch (message.type) {
      case 'saola.drain':
        void this.#drain(message.reason)
        return
      case 'saola.share':
        // Spares are fetched on the first need for them: an idle or a single worker has none.
        for (const acceptor of this.#acceptors) acceptor.fetchSpares()
        this.#admission.setShare(message.connections)
        return
      case 'saola.listener':
        this.#acceptors[message.index]?.receive(handle as object)
        this.#admission.reconsider()
        return
      case 'saola.credentials':
        this.#options.receiveCredentials?.(message.credentials)
        return
      case 'saola.ask':
        void this.#answer(message)
        return
      case 'saola.connection':
        this.#receiveConnection(handle as net.Socket | undefined, message)
    }
  }

  async #answer({ id, step, question }: Extract<ToWorker, { type: 'saola.ask' }>): Promise<void> {
    await this.#edgeMade.promise
    try {
      const answer = await this.#edge?.steps.get(step)?.answer?.(question)
      sendToSupervisor({ type: 'saola.answer', id, answer })
    } catch (error) {
      sendToSupervisor({ type: 'saola.answer', id, error: messageOf(error) })
    }
  }

  /** A connection that the supervisor has accepted. It is undefined when the client was gone before it arrived. */
  #receiveConnection(socket: net.Socket | undefined, { head, address }: HandedOver): void {
    sendToSupervisor({ type: 'saola.accepted' })
    const front = this.#front
    if (!socket || !front) {
      sendToSupervisor({ type: 'saola.released' })
      return
    }
    const { allowHalfOpen = false, noDelay, keepAlive, keepAliveInitialDelay } = socketOptionsOf(front)
    socket.allowHalfOpen = allowHalfOpen
    if (noDelay) socket.setNoDelay(true)
    if (keepAlive) socket.setKeepAlive(true, keepAliveInitialDelay)
    socket.once('close', () => sendToSupervisor({ type: 'saola.released' }))
    if (head) socket.unshift(Buffer.from(head, 'latin1'))
    const { protocol = 'http' } = this.#options.spec.sockets.find(other => other.address === address) ?? {}
    this.#onConnection(socket, protocol)
  }

  /** The server that takes the connections. */
  get #front(): net.Server | undefined {
    return this.#edge?.front.server ?? this.#server
  }

  /** Somebody has sent SIGTERM to this process alone: it goes when its successor is ready. */
  #leave(): void {
    const isHeard = this.#isReady && sendToSupervisor({ type: 'saola.recycle', reason: 'SIGTERM' })
    if (!isHeard) void this.#drain('SIGTERM')
  }

  async #drain(reason: string): Promise<void> {
    if (reason === 'quick') process.exit(0)
    if (this.#isDraining) return
    this.#isDraining = true
    const { graceful } = this.#options.spec
    const timeoutMs = reason === 'orphan' ? Math.min(orphanDrainMs, graceful.timeoutMs) : graceful.timeoutMs
    const endsAt = performance.now() + timeoutMs
    this.#admission.close()
    this.#edge?.front.drain()
    const server = this.#isReady ? this.#front : undefined
    const isHttpServer = server !== undefined && isHttp(server)
    // When a connection of another protocol is done, only the application can know; so it is told before.
    const isTold = server !== undefined && !isHttpServer && this.#raiseTerm()
    if (server) {
      const limits = { ...graceful, timeoutMs }
      const [traffic, connections] = [this.#traffic, this.#connections]
      await drainConnections({ graceful: limits, traffic, connections, isHttp: isHttpServer })
    }
    // What a step cannot close must not keep the hooks of the application from running.
    await Promise.race([this.#edge?.close().catch(reportClose), later(edgeCloseMs)])
    await Promise.race([this.#accessLog?.end(), later(logFlushMs)])
    await Promise.race([this.#tellFigures(), later(logFlushMs)])
    await Promise.race([this.#endApplication(isTold), later(endsAt - performance.now())])
    if (reason === 'orphan') process.kill(-process.pid, 'SIGKILL')
    process.exit(0)
  }

  /** What has ended since the last beat would be lost else: from here on nothing is answered. */
  async #tellFigures(): Promise<void> {
    if (!this.#meter) return
    // Responses that were cut off close in this turn.
    await new Promise(setImmediate)
    await toldSupervisor({ type: 'saola.figures', figures: this.#meter.figures() })
  }

  /** Resolves when there is nothing left to wait for; the process may also end before, by itself. */
  async #endApplication(isTold: boolean): Promise<void> {
    for (const hook of this.#lifecycle.shutdownHooks.reverse()) {
      try {
        await hook()
      } catch (error) {
        console.error('An onShutdown hook failed:', error)
      }
    }
    if (!isTold && !this.#raiseTerm()) return
    process.channel?.unref()
    await new Promise(() => {})
  }

  /**
   * An application that was written for a plain Node process closes its databases on SIGTERM (or on SIGINT, as PM2 has
   * it) and then exits, or lets its event loop run empty. Both end this process; who takes longer than
   * `graceful.timeout` is ended. Returns false when nobody listens to it.
   */
  #raiseTerm(): boolean {
    process.off('SIGTERM', this.#onTerm)
    const signal = (['SIGTERM', 'SIGINT'] as const).find(name => process.listenerCount(name) > 0)
    // Not as a signal, which may come too late for a loop that is empty; but like one, an error in it ends the process.
    if (signal) setImmediate(() => process.emit(signal, signal))
    return signal !== undefined
  }
}

function reportClose(error: unknown): void {
  console.error('The edge could not be closed:', error)
}

type HandedOver = Extract<ToWorker, { type: 'saola.connection' }>

function isHttp(server: net.Server): boolean {
  return server.listenerCount('request') > 0 || server.listenerCount('stream') > 0
}

/** Does not keep the process alive: an event loop that is empty before may end it. */
function later(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, ms)).unref())
}

/** What an adopted server says that its address is; undefined for a socket that somebody passed. */
function addressOf(label: string): net.AddressInfo | string | undefined {
  if (label.startsWith('unix:')) return label.slice('unix:'.length)
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|([^/]*)):(\d+)$/.exec(label) ?? []
  const address = bracketed ?? plain
  return address && { address, family: net.isIPv6(address) ? 'IPv6' : 'IPv4', port: Number(port) }
}
