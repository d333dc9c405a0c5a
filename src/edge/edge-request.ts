import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import type { StepFigures } from './edge-counts.ts'

/** What is asked for: the path decoded and percent-encoded, and the query. */
export interface Target {
  readonly path: string
  readonly encodedPath: string
  readonly search: string
}

/**
 * One request on its way through the edge, in the one form that every step decides by. What the client wrote is read
 * once, in canonical/; nobody after that looks at the raw target, at Host or at forwarded headers again.
 */
export interface EdgeRequest {
  /** The request as the application will get it: `req.url` and `req.rawHeaders` are canonical, too. */
  readonly req: IncomingMessage
  /** A handshake of WebSocket has one, too: whoever refuses it, answers with it. */
  readonly res: ServerResponse
  /** How the client came: to this server, or to the trusted proxy before it. */
  readonly scheme: 'http' | 'https'
  /** Lower case, with its port unless that is the scheme's own; empty when an HTTP/1.0 client sent none. */
  readonly host: string
  /** Decoded, without dot segments and repeated slashes: for comparing, and for files. Begins with a slash. */
  path: string
  /** The same path, percent-encoded again: for sending on. */
  encodedPath: string
  /** With its `?`, as it came; empty without one. */
  search: string
  /** Who asks: the address of the connection, or what a trusted proxy says of it. Empty on a Unix socket. */
  readonly clientAddress: string
  /** The other end of the connection. Empty on a Unix socket. */
  readonly peerAddress: string
  /** Set for the handshake of a WebSocket: the connection, and what came behind the handshake. */
  readonly upgrade: { readonly socket: Duplex; readonly head: Buffer } | undefined
  /** The length of the body in bytes, as announced: 0 without a body, undefined where only its end will tell. */
  readonly bodyBytes: number | undefined
  /**
   * Set where a rewrite matches: where it leads, without a target where no request may ask for that. The target becomes the
   * request's own behind the steps that protect it; until then rules are held against both.
   */
  rewrite?: { readonly target: Target | undefined } | undefined
  /**
   * Set where access is limited: asks it for the path of the file that answers, where that is another one than was asked for.
   * `done`: it has refused.
   */
  askAccess?: ((servedPath: string) => Outcome | Promise<Outcome>) | undefined
  /** The client waits for `100 Continue` before it sends the body: whoever begins to read it calls `continueBody`. */
  expectsContinue: boolean
}

/** `done`: the step has answered, or will; nothing behind it runs. */
export type Outcome = 'next' | 'done'

/** One step of the pipeline. It must not throw on anything that a client can send. */
export interface Step {
  /** For errors and measurements: `rate limit`. */
  readonly name: string
  /** What it has done so far, for those who measure. */
  readonly counters?: Readonly<Record<string, number>>
  run(request: EdgeRequest): Outcome | Promise<Outcome>
  /** Given once how to send a request of its own through what is behind it. */
  connect?(behind: (request: EdgeRequest) => void): void
  /** What it has answered and counted since it was made. */
  figures?(): StepFigures
  /** Answers what the control socket asks all workers: a purge of the cache. */
  answer?(question: unknown): Promise<unknown>
  /** Ends what the step keeps open: files, timers, connections to upstreams. */
  close?(): void | Promise<void>
}

/** Lets a client that asked with `Expect: 100-continue` send its body. Of no effect for others, and the second time. */
export function continueBody(request: EdgeRequest): void {
  if (!request.expectsContinue) return
  request.expectsContinue = false
  request.res.writeContinue()
}

/** Changes the target for the steps that follow, and for the application. */
export function changeTarget(request: EdgeRequest, target: Target): void {
  request.path = target.path
  request.encodedPath = target.encodedPath
  request.search = target.search
  request.req.url = target.encodedPath + target.search
}
