/**
 * What an application may export, and how it is served. One row a kind, looked through in order; each makes a server
 * listen, and listen-capture.ts adopts it.
 */
import type { RequestListener, Server } from 'node:http'
import net from 'node:net'
import { ServerError } from '../base/errors.ts'
import { http } from '../base/node-http.ts'

const nodeKeepAliveMs = 5_000

type Anything = Record<string, unknown>
type Listener = RequestListener

interface Kind {
  readonly name: string
  matches(app: unknown): boolean
  serve(app: never, settings: ServeSettings): unknown
}

const kinds: readonly Kind[] = [
  { name: 'server', matches: app => app instanceof net.Server, serve: (server: net.Server) => server.listen(0) },
  { name: 'Koa application', matches: can('callback', 'listen'), serve: serveKoa },
  { name: 'Fastify instance', matches: can('ready', 'listen', 'inject'), serve: serveFramework },
  { name: 'fetch handler', matches: can('fetch'), serve: serveFetch },
  { name: 'TCP service', matches: can('connection'), serve: serveTcp },
  { name: 'request listener', matches: app => typeof app === 'function', serve: serveListener },
  { name: 'framework such as NestJS', matches: can('listen'), serve: serveFramework },
]

/** Settings of the servers that are made here; one that an application makes keeps its own. */
export interface ServeSettings {
  readonly keepAliveMs: number
}

/**
 * What a module exports as its application, or undefined when it exports nothing and so must call `listen()` itself.
 * It is the default export; in a CommonJS module that was compiled from ESM that is one level deeper.
 */
export async function exportedApp(module: Anything): Promise<unknown> {
  const outer = await module.default
  const app = (outer as Anything | undefined)?.__esModule === true ? await (outer as Anything).default : outer
  // A CommonJS script without exports has an empty object.
  const isEmpty = typeof app === 'object' && app !== null && Object.getPrototypeOf(app) === Object.prototype
  return app === null || (isEmpty && Object.keys(app as object).length === 0) ? undefined : app
}

/**
 * Makes an exported application listen.
 *
 * @throws {ServerError} ERR_APP_INVALID when it cannot answer.
 */
export async function serveExport(app: unknown, settings: ServeSettings): Promise<void> {
  const kind = kinds.find(kind => kind.matches(app))
  if (!kind) throw notServable(app)
  await kind.serve(app as never, settings)
}

function can(...names: string[]): (app: unknown) => boolean {
  return app =>
    (typeof app === 'object' || typeof app === 'function') &&
    app !== null &&
    names.every(name => typeof (app as Anything)[name] === 'function')
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

/** An application with nothing left to do, and nothing that answers; `module` is undefined when it is not even loaded. */
export function notServing(module: Anything | undefined): ServerError {
  if (!module) {
    const message = 'The application never finishes loading: it awaits something, and nothing is left that could come.'
    return new ServerError('ERR_APP_INVALID', message)
  }
  const names = Object.keys(module).filter(name => !['default', 'module.exports', '__esModule'].includes(name))
  const exported = names.length === 0 ? 'exports nothing' : `exports ${names.join(', ')} but no default`
  return new ServerError(
    'ERR_APP_INVALID',
    `The application has run to its end and serves nothing: it ${exported}, and no server of it listens. ` +
      'Export the application as default, or call listen().',
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
  // Loaded only here: other applications need not pay for it. Its own Request and Response stay out of the globals,
  // though a request would take 11 µs with them instead of 18: what fetch() returns would be no `instanceof Response`.
  const { getRequestListener } = await import('@hono/node-server')
  const listener = getRequestListener((request, env) => app.fetch(request, env), { overrideGlobalObjects: false })
  serveListener(listener as Listener, settings)
}

interface Framework {
  readonly server?: Server
  getHttpServer?(): Server
  listen(target: unknown): unknown
}

async function serveFramework(app: Framework, { keepAliveMs }: ServeSettings): Promise<void> {
  const server = app.server ?? app.getHttpServer?.()
  // Node's own default, which the framework did not touch: shorter than the idle time of most balancers in front.
  if (server?.keepAliveTimeout === nodeKeepAliveMs) server.keepAliveTimeout = keepAliveMs
  // Fastify wants an object, and would listen on a second server for the second address of "localhost".
  await app.listen('inject' in app ? { port: 0, host: '127.0.0.1' } : 0)
}

function serveTcp(app: { connection(socket: net.Socket): unknown }): void {
  const server = net.createServer(socket => {
    // A client that breaks its connection must not end the worker when the service has forgotten to listen for it.
    socket.on('error', () => socket.destroy())
    return app.connection(socket)
  })
  server.listen(0)
}
