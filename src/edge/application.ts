import type { IncomingMessage } from 'node:http'
import type { EdgeRequest } from './edge-request.ts'

/** What answers the requests that the edge lets through; the worker gives its own. */
export interface Application {
  /** Answers on `request.res`, or takes `request.upgrade` over. */
  handle(request: EdgeRequest): void
  /** Would it take this WebSocket? Otherwise the handshake is handled like any other GET. */
  takesUpgrade(req: IncomingMessage): boolean
}
