/**
 * The id and trace of the request that is about to be answered, for the jobs that it enqueues. Nobody pays for this who does not
 * load the tasks: a worker's edge looks for `registry[key]`, and node:http tells of requests only when somebody listens.
 */
import { AsyncLocalStorage } from 'node:async_hooks'
import { subscribe } from 'node:diagnostics_channel'
import type { JobContext } from './engine/job.ts'

/** Of a request only its headers, read when a job is enqueued; or what a job has inherited. */
export type Origin = { readonly headers: Readonly<Record<string, string | readonly string[] | undefined>> } | JobContext

const origins = new AsyncLocalStorage<Origin>()
const requestIdPattern = /^[\w.:+/=@-]{1,128}$/
const traceparentPattern = /^(?!ff)[\da-f]{2}-(?!0{32})[\da-f]{32}-(?!0{16})[\da-f]{16}-[\da-f]{2}(?:$|-)/
const traceparentLengthMax = 256

// Another copy of this package may be loaded than the worker's: both find the same function here.
const key = Symbol.for('saola.requests')
const registry = globalThis as { [key]?: (request: object, work: () => void) => void }

let isFollowing = false

/** From now on this process knows which request its code runs for. */
export function followRequests(): void {
  if (isFollowing) return
  isFollowing = true
  registry[key] = (request, work) => {
    keepEvents(request)
    origins.run(request as Origin, work)
  }
  // Told right before 'request' is emitted, in the same callback of the parser.
  subscribe('http.server.request.start', message => {
    const { request } = message as { request: object }
    keepEvents(request)
    origins.enterWith(request as Origin)
  })
}

/** Runs what enqueues for a job or request. */
export function withOrigin<Result>(origin: Origin, work: () => Result): Result {
  return origins.run(origin, work)
}

/** Undefined when there is nothing to tell. */
export function currentContext(): JobContext | undefined {
  const origin = origins.getStore()
  if (origin === undefined) return undefined
  const { requestId, traceparent } = origin as JobContext
  return contextOf('headers' in origin ? origin.headers : { 'x-request-id': requestId, traceparent })
}

/**
 * What a request says of itself, where it has to be given by hand: a fetch handler behind another server.
 *
 * ```ts
 * await sendEmail.enqueue(input, { context: fromRequest(request) })
 * ```
 */
export function fromRequest(request: { readonly headers: object }): JobContext {
  const { headers } = request
  const read = (name: string) =>
    headers instanceof Headers ? (headers.get(name) ?? undefined) : (headers as Record<string, string>)[name]
  return contextOf({ 'x-request-id': read('x-request-id'), traceparent: read('traceparent') }) ?? {}
}

function contextOf(headers: Readonly<Record<string, unknown>>): JobContext | undefined {
  const requestId = headers['x-request-id']
  const { traceparent } = headers
  const hasId = typeof requestId === 'string' && requestIdPattern.test(requestId)
  const isTraced =
    typeof traceparent === 'string' &&
    traceparent.length <= traceparentLengthMax &&
    traceparentPattern.test(traceparent)
  if (!hasId && !isTraced) return undefined
  return { ...(hasId ? { requestId } : {}), ...(isTraced ? { traceparent } : {}) }
}

type Emitter = { emit(name: string, ...args: unknown[]): boolean; saolaOrigin?: boolean }

/** The events of a body come from its connection, which knows no request: 'end' must be in the context, too. */
function keepEvents(request: object): void {
  const emitter = request as Emitter
  if (emitter.saolaOrigin) return
  emitter.saolaOrigin = true
  const { emit } = emitter
  emitter.emit = (...args) => origins.run(request as Origin, () => emit.apply(emitter, args))
}
