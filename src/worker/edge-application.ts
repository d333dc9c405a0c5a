import type { ServerResponse } from 'node:http'
import type net from 'node:net'
import { ServerError } from '../base/errors.ts'
import { http } from '../base/node-http.ts'
import type { Application } from '../edge/application.ts'
import { continueBody, type EdgeRequest } from '../edge/edge-request.ts'
import { refuse } from '../edge/refusals/refuse.ts'

/**
 * The application behind an edge: its server gets every request as if it had read it from a connection of its own.
 *
 * @throws {ServerError} ERR_APP_INVALID when it is no server of HTTP/1.1.
 */
export function applicationOn(server: net.Server): Application {
  if (!(server instanceof http.Server) || speaksTls(server)) throw notBehindEdge(server)
  return {
    takesUpgrade: () => server.listenerCount('upgrade') > 0,
    handle: request => handle(server, request),
  }
}

function handle(server: net.Server, request: EdgeRequest): void {
  const { req, res, upgrade } = request
  if (upgrade) {
    release(res, upgrade.socket as net.Socket)
    server.emit('upgrade', req, upgrade.socket, upgrade.head)
  } else if (request.expectsContinue && server.listenerCount('checkContinue') > 0) {
    server.emit('checkContinue', req, res)
  } else {
    continueBody(request)
    const follow = registry[requestsKey]
    if (follow) follow(req, () => answer(server, request))
    else answer(server, request)
  }
}

// Set by 'saola/tasks' where the application uses it, and in whichever copy of this package: what it enqueues then knows the request.
const requestsKey = Symbol.for('saola.requests')
const registry = globalThis as { [requestsKey]?: (request: object, work: () => void) => void }

function answer(server: net.Server, { req, res }: EdgeRequest): void {
  // A server of WebSockets alone listens to no requests: by itself, Node would leave the client without any answer.
  if (!server.emit('request', req, res)) refuse(res, 404, 'not-found')
}

/** From now on the application writes to the connection itself. */
function release(res: ServerResponse, socket: net.Socket): void {
  if (res.socket === socket) res.detachSocket(socket)
}

/** By what only such a server has: to ask for its class, TLS would have to be loaded. */
function speaksTls(server: net.Server): boolean {
  return 'setSecureContext' in server
}

function notBehindEdge(server: net.Server): ServerError {
  const what = speaksTls(server) || 'updateSettings' in server ? 'TLS or HTTP/2 itself' : 'no HTTP'
  return new ServerError(
    'ERR_APP_INVALID',
    `The edge expected an application that serves plain HTTP/1.1, and this one speaks ${what}. ` +
      "Let it use node:http: TLS and HTTP/2 are the edge's. Or remove `edge` and `tls` from its configuration.",
  )
}
