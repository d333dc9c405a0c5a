/** A reverse proxy in the process of the test, with upstreams of the test's own: all ended when the test is over. */
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import { type AddressInfo, createServer as createNetServer, type Server, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { systemClock } from '../../src/base/clock.ts'
import type { Log, LogLevel } from '../../src/base/log.ts'
import type { Application } from '../../src/edge/application.ts'
import { createEdge } from '../../src/edge/edge.ts'
import { createHttp2 } from '../../src/edge/http2/http2-front.ts'
import { defaultEdge } from '../../src/edge/options.ts'
import { proxyOptions } from '../../src/edge/proxy/options.ts'

export interface ProxyStage {
  readonly url: string
  /** `edge.upstream.down` and its kin, in their order. */
  readonly events: { readonly event: string; readonly fields: Record<string, unknown> }[]
  /** The connections of clients that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** Resolves when an event of this name is there, with its fields. */
  waitForEvent(name: string): Promise<Record<string, unknown>>
  close(): Promise<void>
}

export interface ProxyStageOptions {
  /** For deadlines of ours; those of connections are real. */
  readonly now?: () => number
  /** What is behind the proxy. */
  readonly application?: Application
  /** Speaks HTTP/2 with its clients, without TLS. */
  readonly isHttp2?: boolean
  /** Default 0: what is long here is a body on its way through, not a limit of the edge. */
  readonly bodyBytes?: number
}

/** Starts a proxy; `rules` are written as in a configuration file. */
export async function startProxy(t: TestContext, rules: object, options: ProxyStageOptions = {}): Promise<ProxyStage> {
  const { now = systemClock.now, application, isHttp2 = false, bodyBytes = 0 } = options
  const events: ProxyStage['events'] = []
  const waiting: (() => void)[] = []
  const log = logTo((event, fields) => {
    events.push({ event, fields })
    for (const look of waiting.splice(0)) look()
  })
  const services = {
    worker: 'web:0',
    app: 'web',
    workers: 1,
    clock: { ...systemClock, now },
    log,
    openStore: () => Promise.reject(new Error('There is no store in this test.')),
  }
  const defaults = defaultEdge()
  const limits = { ...defaults.limits, bodyBytes }
  const settings = { ...defaults, limits, tls: undefined, keepAliveMs: 5_000, proxy: proxyOptions.parse(rules) }
  const edge = await createEdge(settings, application, services)
  const http2 =
    isHttp2 && settings.http2 ? createHttp2({ limits, http2: settings.http2 }, services, edge.front.server) : undefined
  const { server, sockets, close } = listener(socket => {
    if (http2) http2.accept(socket)
    else edge.front.accept(socket, 'http')
  })
  const stage: ProxyStage = {
    url: await listen(server),
    events,
    sockets,
    waitForEvent: async name => {
      for (;;) {
        const found = events.find(({ event }) => event === name)
        if (found) return found.fields
        await new Promise<void>(resolve => waiting.push(resolve))
      }
    },
    close: async () => {
      close()
      http2?.close()
      await edge.close()
    },
  }
  t.after(stage.close)
  return stage
}

export interface TestUpstream {
  /** As the configuration of a proxy names it. */
  readonly url: string
  readonly port: number
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>
  /** How many connections it has ever taken. */
  readonly connections: number
  close(): void
}

/** A server of node:http on a port of 127.0.0.1, or on a Unix socket. */
export function startUpstream(
  t: TestContext,
  answer: RequestListener,
  { isUnix = false, port = 0 } = {},
): Promise<TestUpstream> {
  const http = createServer({ keepAliveTimeout: 30_000 }, answer)
  return start(t, socket => http.emit('connection', socket), { isUnix, port })
}

/** A server that does with the bytes of a connection what it likes. */
export function startRawUpstream(t: TestContext, onSocket: (socket: Socket) => void): Promise<TestUpstream> {
  return start(t, onSocket, { isUnix: false, port: 0 })
}

/** Answers each request that begins on a connection with the same bytes; requests must have no body. */
export function rawAnswer(bytes: string): (socket: Socket) => void {
  return socket => {
    let received = ''
    socket.on('data', chunk => {
      received += chunk.toString('latin1')
      for (let end = received.indexOf('\r\n\r\n'); end >= 0; end = received.indexOf('\r\n\r\n')) {
        received = received.slice(end + 4)
        socket.write(Buffer.from(bytes, 'latin1'))
      }
    })
  }
}

/** A port where nobody listens. */
export async function deadUrl(): Promise<string> {
  const server = createNetServer()
  const url = await listen(server)
  server.close()
  await once(server, 'close')
  return url
}

async function start(
  t: TestContext,
  onSocket: (socket: Socket) => void,
  { isUnix, port }: { isUnix: boolean; port: number },
): Promise<TestUpstream> {
  let connections = 0
  const { server, sockets, close } = listener(socket => {
    connections++
    onSocket(socket)
  })
  const dir = isUnix ? mkdtempSync(join(tmpdir(), 'saola-')) : undefined
  t.after(() => {
    close()
    if (dir) rmSync(dir, { recursive: true, force: true })
  })
  const url = await listen(server, dir ? { path: join(dir, 'upstream.sock') } : { port, host: '127.0.0.1' })
  const address = server.address() as AddressInfo | string
  return {
    url,
    port: typeof address === 'string' ? 0 : address.port,
    sockets,
    close,
    get connections() {
      return connections
    },
  }
}

function listener(onSocket: (socket: Socket) => void): { server: Server; sockets: Set<Socket>; close(): void } {
  const sockets = new Set<Socket>()
  const server = createNetServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket))
    onSocket(socket)
  })
  const close = () => {
    server.close()
    for (const socket of sockets) socket.destroy()
  }
  return { server, sockets, close }
}

async function listen(server: Server, where: object = { port: 0, host: '127.0.0.1' }): Promise<string> {
  server.listen(where)
  await once(server, 'listening')
  const address = server.address() as AddressInfo | string
  return typeof address === 'string' ? `unix:${address}` : `http://127.0.0.1:${address.port}`
}

function logTo(write: (event: string, fields: Record<string, unknown>) => void): Log {
  const writer =
    (_level: LogLevel): Log['info'] =>
    (event, fields = {}) =>
      write(event, fields)
  const levels = ['debug', 'info', 'warn', 'error', 'fatal'] as LogLevel[]
  return Object.fromEntries(levels.map(level => [level, writer(level)])) as unknown as Log
}
