/**
 * What an application may export, and how it is served. One row a kind, looked through in order; each makes a server
 * listen, and listen-capture.ts adopts it.
 */
import http from 'node:http'
import net from 'node:net'
import { ServerError } from '../base/errors.ts'

const nodeKeepAliveMs = 5_000

type Anything = Record<string, unknown>
type Listener = http.RequestListener

interface Kind {
  readonly name: string
  matches(app: unknown): boolean
  serve(app: never, settings: ServeSettings): unknown
}

const kinds: readonly Kind[] = [
  { name: 'server', matches: app => app instanceof net.Server, serve: (server: net.Server) => server.listen(0) },
  { name: 'Koa application', matches: has('callback', 'middleware'), serve: serveKoa },
  { name: 'Fastify instance', matches: has('ready', 'listen', 'server', 'inject'), serve: serveFramework },
  { name: 'NestJS application', matches: has('getHttpAdapter', 'listen'), serve: serveFramework },
  { name: 'fetch handler', matches: has('fetch'), serve: serveFetch },
  { name: 'TCP service', matches: has('connection'), serve: serveTcp },
  { name: 'request listener', matches: app => typeof app === 'function', serve: serveListener },
]

/** Settings of the servers that are made here; one that an application makes keeps its own. */
export interface ServeSettings {
  readonly keepAliveMs: number
}

/**
 * Serves what a module exports, and returns the name of its kind; `undefined` when it exports nothing, and so must
 * call `listen()` itself.
 *
 * @throws {ServerError} ERR_APP_INVALID when it exports something that cannot answer.
 */
export async function serveExport(module: Anything, settings: ServeSettings): Promise<string | undefined> {
  const app = await exportOf(module)
  if (app === undefined) return undefined
  const kind = kinds.find(kind => kind.matches(app))
  if (!kind) throw notServable(app)
  await kind.serve(app as never, settings)
  return kind.name
}

/** The default export; in a CommonJS module compiled from ESM it is one level deeper. */
async function exportOf(module: Anything): Promise<unknown> {
  const outer = await module.default
  const app = (outer as Anything | undefined)?.__esModule === true ? await (outer as Anything).default : outer
  // A CommonJS script without exports has an empty object.
  const isEmpty = typeof app === 'object' && app !== null && Object.getPrototypeOf(app) === Object.prototype
  return app === null || (isEmpty && Object.keys(app as object).length === 0) ? undefined : app
}

function has(...names: string[]): (app: unknown) => boolean {
  return app =>
    (typeof app === 'object' || typeof app === 'function') && app !== null && names.every(name => name in app)
}

function notServable(app: unknown): ServerError {
  const what =
    typeof app === 'object' ? `an object with ${Object.keys(app as object).join(', ') || 'nothing'}` : typeof app
  return new ServerError(
    'ERR_APP_INVALID',
    `The application's default export expected a fetch handler, a (req, res) listener, an Express, Koa, Fastify, Hono ` +
      `or NestJS application, a server, or { connection(socket) }, got ${what}.`,
  )
}

function serveListener(listener: Listener, { keepAliveMs }: ServeSettings): void {
  const server = http.createServer(listener)
  server.keepAliveTimeout = keepAliveMs
  server.listen(0)
}

function serveKoa(app: { callback(): Listener }, settings: ServeSettings): void {
  serveListener(app.callback(), settings)
}

interface FetchHandler {
  fetch(request: Request, env?: unknown): Response | Promise<Response>
}

async function serveFetch(app: FetchHandler, settings: ServeSettings): Promise<void> {
  // Loaded only here: other applications need not pay for it.
  const { getRequestListener } = await import('@hono/node-server')
  const listener = getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false })
  serveListener(listener as Listener, settings)
}

interface Framework {
  readonly server?: http.Server
  listen(target: unknown): Promise<unknown>
}

async function serveFramework(app: Framework, { keepAliveMs }: ServeSettings): Promise<void> {
  // Node's own default, which the framework did not touch: shorter than the idle time of most balancers in front.
  if (app.server?.keepAliveTimeout === nodeKeepAliveMs) app.server.keepAliveTimeout = keepAliveMs
  await app.listen(app.server ? { port: 0 } : 0)
}

function serveTcp(app: { connection(socket: net.Socket): void }): void {
  net.createServer(socket => app.connection(socket)).listen(0)
}
