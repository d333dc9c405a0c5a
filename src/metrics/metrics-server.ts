/** Answers `/metrics`, `/healthz` and `/readyz`. */
import type { IncomingMessage, ServerOptions, ServerResponse } from 'node:http'
import type { ListenOptions } from 'node:net'
import { NetworkList } from '../base/network-list.ts'
import { http } from '../base/node-http.ts'
import { limitConnections } from './connections.ts'
import { contentTypes, type Format, formatFor, writeExposition } from './exposition.ts'
import type { Health } from './health.ts'
import { openHealthAnswers } from './health-answers.ts'
import type { MetricsSources } from './look.ts'
import { metrics } from './metrics.ts'
import { type MinReady, parseMinReady } from './min-ready.ts'
import { singleFlight } from './single-flight.ts'
import { takeLook } from './take-look.ts'

export interface MetricsServer {
  readonly connections: number
  readonly requests: number
  close(): Promise<void>
}

export interface MetricsServerOptions {
  /** Where it listens: the descriptors that it was given. */
  readonly places: readonly (ListenOptions & { readonly fd?: number })[]
  /** Who may ask for `/metrics`, as `NetworkList` takes them; undefined: everybody. */
  readonly allow: readonly string[] | undefined
  /** As in the configuration. */
  readonly minReady: number | string
  readonly sources: MetricsSources
}

interface Answer {
  readonly status: number
  readonly text: string
  readonly type?: string
}

type Paths = ReadonlyMap<string, (req: IncomingMessage) => Promise<Answer> | Answer>

// A request is a few lines, and its answer some hundred kilobytes: who takes longer holds a connection that others need.
const limits: ServerOptions = {
  maxHeaderSize: 8 * 1024,
  headersTimeout: 5_000,
  requestTimeout: 10_000,
  connectionsCheckingInterval: 1_000,
  // Longer than Prometheus usually waits between two scrapes.
  keepAliveTimeout: 65_000,
}
const silenceMsMax = 10_000
// The figures of workers are up to a second old anyway; so those who ask without a pause cost no more than four looks a second.
const lookKeptMs = 250
const plainText = 'text/plain; charset=utf-8'

export async function openMetrics({ places, allow, minReady, sources }: MetricsServerOptions): Promise<MetricsServer> {
  const paths = pathsOf({
    allow: allow && new NetworkList(allow),
    minReady: parseMinReady(minReady) ?? { workers: 1 },
    sources,
  })
  let requests = 0
  const servers = places.map(() =>
    http.createServer(limits, (req, res) => {
      requests++
      void answer(paths, req, res)
    }),
  )
  for (const server of servers) server.timeout = silenceMsMax
  const connections = limitConnections(servers)
  await Promise.all(
    servers.map(
      (server, index) =>
        new Promise<void>((resolve, reject) => server.once('error', reject).listen(places[index], resolve)),
    ),
  )
  return {
    get connections() {
      return connections.size
    },
    get requests() {
      return requests
    },
    async close() {
      for (const server of servers) {
        server.close()
        server.closeAllConnections()
      }
    },
  }
}

interface PathsSource {
  readonly allow: NetworkList | undefined
  readonly minReady: MinReady
  readonly sources: MetricsSources
}

function pathsOf({ allow, minReady, sources }: PathsSource): Paths {
  const now = () => performance.now()
  const health = openHealthAnswers(() => sources.status(), minReady, now)
  const scrape = openScrapes(sources, minReady)
  const isAllowed = ({ socket }: IncomingMessage) =>
    // Who reaches a Unix socket has no address: its file says who may.
    allow === undefined || socket.remoteAddress === undefined || allow.has(socket.remoteAddress)
  return new Map<string, (req: IncomingMessage) => Promise<Answer> | Answer>([
    ['/metrics', req => (isAllowed(req) ? scrape(formatFor(req.headers.accept)) : notAllowed)],
    ['/healthz', async () => ofHealth(await health.liveness())],
    ['/readyz', async () => ofHealth(await health.readiness())],
  ])
}

/** A look is taken once for all who ask meanwhile or a moment later, and its text is written once a format. */
function openScrapes(sources: MetricsSources, minReady: MinReady): (format: Format) => Promise<Answer> {
  const clock = { date: Date.now, now: () => performance.now() }
  const look = singleFlight(
    async () => {
      const found = await takeLook(sources, minReady, clock)
      const texts = new Map<Format, string>()
      return (format: Format) => {
        const text = texts.get(format) ?? writeExposition(metrics, found, format)
        texts.set(format, text)
        return text
      }
    },
    { keepMs: lookKeptMs, now: clock.now },
  )
  return format =>
    look().then(
      write => ({ status: 200, text: write(format), type: contentTypes[format] }),
      () => ({ status: 503, text: 'The supervisor does not answer.\n' }),
    )
}

const notAllowed: Answer = { status: 403, text: 'metrics.allow does not have your address.\n' }

function ofHealth({ isWell, text }: Health): Answer {
  return { status: isWell ? 200 : 503, text }
}

async function answer(paths: Paths, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [path = ''] = (req.url ?? '').split('?', 1)
  const handle = paths.get(path)
  const isRead = req.method === 'GET' || req.method === 'HEAD'
  if (!handle) return send(req, res, { status: 404, text: 'There is /metrics, /healthz and /readyz.\n' })
  if (!isRead) return send(req, res, { status: 405, text: 'GET and HEAD are answered.\n' })
  send(req, res, await handle(req))
}

function send(req: IncomingMessage, res: ServerResponse, { status, text, type = plainText }: Answer): void {
  // Nobody reads a body: whoever sends one anyway need not send all of it.
  const hasBody = req.headers['content-length'] !== undefined || req.headers['transfer-encoding'] !== undefined
  res.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    // A probe that is answered from somebody's memory is none.
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...(status === 405 && { allow: 'GET, HEAD' }),
    ...(hasBody && { connection: 'close' }),
  })
  res.end(req.method === 'HEAD' ? undefined : text)
}
