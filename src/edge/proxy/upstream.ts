import { readFileSync } from 'node:fs'
import type { LookupFunction, Socket } from 'node:net'
import type { buildConnector, Dispatcher, Pool } from 'undici'
import type { EdgeServices } from '../services.ts'
import type { Balanced } from './balance.ts'
import type { ProxyRule } from './options.ts'
import { parseUpstreamUrl, serverNameOf, type UpstreamAddress } from './upstream-address.ts'
import { UpstreamHealth } from './upstream-health.ts'

/** Loaded only when a proxy is configured. */
export type Undici = typeof import('undici')

/** An answer's head: above it 502. */
const responseHeaderBytesMax = 64 * 1024

export interface UpstreamOptions {
  readonly url: string
  readonly weight: number
  readonly rule: ProxyRule
  readonly undici: Undici
  readonly lookup: LookupFunction
  readonly services: Pick<EdgeServices, 'log' | 'clock'>
}

/** One server behind the proxy, and the connections of this worker to it. */
export class Upstream implements Balanced {
  readonly url: string
  readonly weight: number
  readonly address: UpstreamAddress
  readonly health: UpstreamHealth
  /** Requests that were given to it and have not ended, those that wait for a connection included. */
  inFlight = 0
  readonly #inFlightMax: number
  readonly #connections: number
  readonly #pool: Pool
  readonly #connect: buildConnector.connector
  readonly #undici: Undici
  readonly #timeouts: { readonly headersTimeout: number; readonly bodyTimeout: number }
  /** The errors of connections that have carried an answer before. */
  readonly #afterAnswers = new WeakSet<Error>()

  constructor({ url, weight, rule, undici, lookup, services }: UpstreamOptions) {
    this.url = url
    this.weight = weight
    this.address = parseUpstreamUrl(url)
    this.#connections = rule.connections
    this.#inFlightMax = rule.connections + rule.queue
    this.#undici = undici
    this.#timeouts = { headersTimeout: rule.timeouts.firstByte, bodyTimeout: rule.timeouts.idle }
    this.#connect = this.#createConnector(rule, lookup)
    this.#pool = new undici.Pool(this.#origin, {
      ...this.#clientOptions,
      connections: rule.connections,
      keepAliveTimeout: Math.max(1, rule.keepAlive),
    })
    this.health = new UpstreamHealth({
      maxFails: rule.maxFails,
      failTimeoutMs: rule.failTimeout,
      clock: services.clock,
      onChange: (isUp, reason) => {
        if (isUp) services.log.info('edge.upstream.up', { url, reason })
        else services.log.warn('edge.upstream.down', { url, reason })
      },
    })
  }

  get hasRoom(): boolean {
    return this.inFlight < this.#inFlightMax
  }

  /** Would a request have to wait until another one has ended? */
  get isBusy(): boolean {
    return this.inFlight >= this.#connections
  }

  /** `isFresh`: on a connection of its own, that has never carried anything, and ends with the answer. */
  dispatch(options: Dispatcher.DispatchOptions, handler: Dispatcher.DispatchHandler, isFresh: boolean): void {
    // One name for all: by default undici would take that from the Host of the request.
    const named = this.address.isTls ? { ...options, servername: this.address.hostname } : options
    if (!isFresh) {
      this.#pool.dispatch(named, handler)
      return
    }
    const client = this.openClient()
    client.dispatch(named, handler)
    client.close().catch(() => {})
  }

  /** A connection beside those of the requests, anew for each question: a check must not wait for them. */
  openClient(): Dispatcher {
    return new this.#undici.Client(this.#origin, { ...this.#clientOptions, pipelining: 0 })
  }

  /** A connection that nothing else is sent on. Rejects when there is none in `timeouts.connect`. */
  openSocket(): Promise<Socket> {
    const { hostname, port, isTls } = this.address
    const protocol = isTls ? 'https:' : 'http:'
    return new Promise((resolve, reject) => {
      this.#connect({ hostname, host: this.address.host, protocol, port: String(port) }, (error, socket) => {
        if (socket) resolve(socket)
        else reject(error)
      })
    })
  }

  wasAnsweredBefore(error: Error): boolean {
    const { socket } = error as { socket?: { bytesRead?: number } }
    return this.#afterAnswers.has(error) || (socket?.bytesRead ?? 0) > 0
  }

  close(): Promise<void> {
    return this.#pool.destroy()
  }

  get #origin(): string {
    return this.address.socketPath === undefined ? this.url : 'http://localhost'
  }

  get #clientOptions() {
    const shared = { connect: this.#connect, allowH2: false, maxHeaderSize: responseHeaderBytesMax, pipelining: 1 }
    return { ...shared, ...this.#timeouts }
  }

  #createConnector(rule: ProxyRule, lookup: LookupFunction): buildConnector.connector {
    const { ca, verify, serverName } = rule.tls
    const connect = this.#undici.buildConnector({
      allowH2: false,
      timeout: rule.timeouts.connect,
      socketPath: this.address.socketPath,
      lookup,
      rejectUnauthorized: verify,
      ...(ca === undefined ? {} : { ca: readFileSync(ca) }),
    })
    const servername = serverName ?? serverNameOf(this.address)
    return (options, callback) => {
      const socket: unknown = connect({ ...options, servername: this.address.isTls ? servername : undefined }, callback)
      watchSocket(socket as Socket, this.#afterAnswers)
    }
  }
}

function watchSocket(socket: Socket, afterAnswers: WeakSet<Error>): void {
  socket.on('error', error => {
    if (socket.bytesRead > 0) afterAnswers.add(error)
  })
}
