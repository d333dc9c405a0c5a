/**
 * One worker: a process that runs the application, from its first line to its last request. How the supervisor sees
 * it is in supervisor/fleet.ts.
 */
import net from 'node:net'
import { Worker as Thread } from 'node:worker_threads'
import { messageOf, ServerError } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { isSaolaMessage, sendToSupervisor } from '../ipc/channel.ts'
import type { ToWorker, WorkerSpec } from '../ipc/messages.ts'
import { Acceptor } from './acceptor.ts'
import { AccessLogWriter } from './access-log-writer.ts'
import { serveExport } from './adapters.ts'
import { Admission } from './admission.ts'
import { installLifecycle, type Lifecycle } from './app-api.ts'
import { drainConnections } from './drain.ts'
import { startHeartbeat } from './heartbeat.ts'
import { type Captured, captureListen, deliver, type ListenCapture } from './listen-capture.ts'
import { untilAnswering } from './probe.ts'
import { type Exchange, Traffic } from './traffic.ts'
import { hearWaking } from './waking.ts'

// Without a supervisor there is nobody to drain for; what is in flight gets a last chance.
const orphanDrainMs = 5_000
const logFlushMs = 500
// As the supervisor gives it to workers that have no connections yet.
const shareAtFirst = 8

export interface WorkerOptions {
  readonly spec: WorkerSpec
  /** The pipes that the supervisor gave: see workerFds in supervisor/child-process.ts. */
  readonly fds: { readonly accessLog: number; readonly watch: number }
  /** File of the watch thread. */
  readonly watchFile: URL
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
  readonly #traffic: Traffic
  readonly #admission: Admission
  readonly #acceptors: Acceptor[] = []
  readonly #accessLog: AccessLogWriter | undefined
  readonly #lifecycle: Lifecycle
  readonly #signalled = Promise.withResolvers<void>()
  readonly #captured = Promise.withResolvers<Captured>()
  readonly #capture: ListenCapture
  #server: net.Server | undefined
  /** The number of the request after which a successor is asked for; 0 never. */
  readonly #recycleAt: number
  readonly #onTerm = () => this.#leave()
  #isReady = false
  #isDraining = false

  constructor(options: WorkerOptions) {
    const { spec, fds, formatExchange } = options
    this.#options = options
    const { recycleRequests, recycleJitter } = spec
    this.#recycleAt = recycleRequests && recycleRequests + Math.floor(Math.random() * (recycleJitter + 1))
    const accessLog = formatExchange && new AccessLogWriter(fds.accessLog)
    this.#accessLog = accessLog
    this.#admission = new Admission(spec.accept === 'worker' ? spec.maxConnections : Number.POSITIVE_INFINITY)
    this.#traffic = new Traffic({
      requestTimeoutMs: spec.requestTimeoutMs,
      onExchange: accessLog && formatExchange && (exchange => accessLog.write(formatExchange(exchange))),
      onRequest: requests => this.#onRequest(requests),
      routeCookie: spec.stickyCookie ? { name: spec.stickyCookie, value: String(spec.index) } : undefined,
    })
    this.#lifecycle = {
      identity: { id: spec.index, name: `${spec.app}:${spec.index}`, generation: spec.generation },
      shutdownHooks: [],
      conditions: [],
      signalReady: () => this.#signalled.resolve(),
    }
    this.#capture = captureListen({
      address: addressOf(spec.sockets[0]?.address ?? ''),
      onCaptured: captured => this.#captured.resolve(captured),
      onClosed: () => this.#admission.close(),
    })
  }

  async boot(): Promise<void> {
    const { spec, watchFile, fds } = this.#options
    process.title = `saola: ${spec.tree} ${spec.app}:${spec.index}`
    installLifecycle(this.#lifecycle)
    this.#listenToSupervisor()
    const thread = new Thread(watchFile, {
      workerData: { fd: fds.watch, supervisorPid: process.ppid },
      execArgv: [],
      env: {},
    })
    thread.on('message', hearWaking)
    thread.unref()
    this.#prepareAcceptors()
    const module = await loadModule(spec.entry)
    await serveExport(module, { keepAliveMs: spec.keepAliveMs })
    const { server } = await this.#captured.promise
    this.#server = server
    await this.#untilReady(server)
    // Told to end while it booted: a connection that it took now would be lost.
    if (this.#isDraining) return
    this.#traffic.observe(server)
    await this.#open(server)
    startHeartbeat(
      () => ({
        connections: this.#admission.sockets.size,
        inFlight: this.#traffic.inFlight,
        requests: this.#traffic.requests,
        logDropped: this.#accessLog?.dropped ?? 0,
      }),
      beat => sendToSupervisor({ type: 'saola.beat', beat }),
    )
    this.#isReady = true
    sendToSupervisor({ type: 'saola.ready', bootMs: performance.now(), protocol: isHttp(server) ? 'http' : 'tcp' })
  }

  /** The reason goes to the supervisor, which prints it once; then the process ends. */
  async failBoot(error: unknown): Promise<void> {
    const stack = error instanceof ServerError ? '' : ((error as Error | undefined)?.stack ?? '')
    await new Promise(resolve => {
      const message = { type: 'saola.boot-failed', message: messageOf(error), stack }
      if (process.connected) process.send?.(message, undefined, undefined, resolve)
      else resolve(undefined)
    })
    process.exit(1)
  }

  async #untilReady(server: net.Server): Promise<void> {
    const { readyPath, readyStatus = 200, readySignal } = this.#options.spec
    await Promise.all(this.#lifecycle.conditions)
    if (readySignal) await this.#signalled.promise
    if (readyPath !== undefined) await untilAnswering(server, { path: readyPath, status: readyStatus })
  }

  /** Before the application is loaded, so that spares have come when the first connection does. */
  #prepareAcceptors(): void {
    const { spec } = this.#options
    if (spec.accept !== 'worker') return
    for (const [index, { fd }] of spec.sockets.entries()) {
      const acceptor = new Acceptor({
        fd,
        backlog: spec.backlog,
        capture: this.#capture,
        onConnection: socket => this.#onConnection(socket),
        wantSpare: () => sendToSupervisor({ type: 'saola.listener-wanted', index }),
      })
      this.#acceptors.push(acceptor)
      this.#admission.add(acceptor)
      if (spec.sharesSocket) acceptor.fetchSpares()
    }
    if (spec.sharesSocket) this.#admission.setShare(shareAtFirst)
  }

  async #open(server: net.Server): Promise<void> {
    for (const [index, acceptor] of this.#acceptors.entries()) {
      await acceptor.start(server).catch(error => {
        const address = this.#options.spec.sockets[index]?.address
        throw new Error(`Cannot listen on ${address} (${messageOf(error)}).`, { cause: error })
      })
    }
  }

  #onConnection(socket: net.Socket): void {
    if (!this.#server) return
    this.#admission.enter(socket)
    deliver(this.#server, socket)
  }

  #onRequest(requests: number): void {
    if (requests === this.#recycleAt) {
      sendToSupervisor({ type: 'saola.recycle', reason: `${requests} requests` })
    }
  }

  #listenToSupervisor(): void {
    process.on('message', (message, handle) => {
      if (isSaolaMessage(message)) this.#receive(message as ToWorker, handle)
    })
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
      case 'saola.connection':
        this.#receiveConnection(handle as net.Socket | undefined, message.head)
    }
  }

  /** A connection that the supervisor has accepted. It is undefined when the client was gone before it arrived. */
  #receiveConnection(socket: net.Socket | undefined, head: string | undefined): void {
    sendToSupervisor({ type: 'saola.accepted' })
    if (!socket || !this.#server) {
      sendToSupervisor({ type: 'saola.released' })
      return
    }
    const { allowHalfOpen, noDelay } = this.#server as unknown as net.ServerOpts
    socket.allowHalfOpen = allowHalfOpen ?? false
    if (noDelay) socket.setNoDelay(true)
    socket.once('close', () => sendToSupervisor({ type: 'saola.released' }))
    if (head) socket.unshift(Buffer.from(head, 'latin1'))
    this.#onConnection(socket)
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
    if (this.#isReady && this.#server) {
      const traffic = this.#traffic
      const limits = { ...graceful, timeoutMs }
      const { sockets } = this.#admission
      await drainConnections({ graceful: limits, traffic, sockets, isHttp: isHttp(this.#server) })
    }
    await Promise.race([this.#accessLog?.end(), later(logFlushMs)])
    await Promise.race([this.#runShutdownHooks(), later(endsAt - performance.now())])
    if (reason === 'orphan') process.kill(-process.pid, 'SIGKILL')
    process.exit(0)
  }

  async #runShutdownHooks(): Promise<void> {
    for (const hook of this.#lifecycle.shutdownHooks.reverse()) {
      try {
        await hook()
      } catch (error) {
        console.error('An onShutdown hook failed:', error)
      }
    }
    await this.#runTermListeners()
  }

  /**
   * An application that was written for a plain Node process closes its databases on SIGTERM and then exits, or lets
   * its event loop run empty. Both end this process; who takes longer than `graceful.timeout` is ended.
   */
  async #runTermListeners(): Promise<void> {
    const listeners = process.listeners('SIGTERM').filter(listener => listener !== this.#onTerm)
    if (listeners.length === 0) return
    await Promise.allSettled(listeners.map(async listener => listener('SIGTERM')))
    process.channel?.unref()
    await new Promise(() => {})
  }
}

function isHttp(server: net.Server): boolean {
  return server.listenerCount('request') > 0
}

/** Does not keep the process alive: an event loop that is empty before may end it. */
function later(ms: number): Promise<void> {
  return new Promise(resolve => setTimeout(resolve, Math.max(0, ms)).unref())
}

/** What an adopted server says that its address is. */
function addressOf(label: string): { address: string; family: string; port: number } {
  const [, bracketed, plain, port] = /^(?:\[(.+)\]|(.*)):(\d+)$/.exec(label) ?? []
  const address = bracketed ?? plain ?? label
  return { address, family: net.isIPv6(address) ? 'IPv6' : 'IPv4', port: Number(port ?? 0) }
}
