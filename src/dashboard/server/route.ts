import type { IncomingMessage, ServerResponse } from 'node:http'
import type { DashboardContext } from './context.ts'
import type { Session } from './sessions.ts'

/** A request of somebody who has signed in, from the page itself. */
export interface ApiRequest {
  readonly req: IncomingMessage
  readonly res: ServerResponse
  readonly query: URLSearchParams
  /** Of a POST: the JSON object in its body. */
  readonly body: Readonly<Record<string, unknown>>
  /** Who has signed in, for the log. */
  readonly user: string
  /** Undefined for who sends a name and a password with each request. */
  readonly session: Session | undefined
}

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  /** It changes something: refused where the dashboard is read-only, and noted in the log. */
  readonly changes?: boolean
  /** For the log: what a change is about. Never a value: those may be secrets. */
  target?(body: ApiRequest['body']): string | undefined
  /** What it returns is the answer, as JSON; undefined: it has answered itself, by a stream, say. */
  handle(request: ApiRequest, context: DashboardContext): Promise<unknown> | unknown
}
