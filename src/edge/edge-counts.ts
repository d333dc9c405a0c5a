/**
 * Counts what the edge does. Whoever takes a request up marks its response with a count of his own, and whoever refuses it
 * says why; when the response has closed, one count is raised, by what was marked last. So a request costs two assignments and
 * an addition, and there are as many counts as rules of the configuration.
 */
import { type RefusalReason, refusalReasons } from './refusals/reasons.ts'
import { reasonOf } from './refusals/refuse.ts'

/** Who answers: a step, by one of its rules. */
export interface RouteCount {
  readonly step: 'static' | 'cache' | 'proxy' | 'redirect' | 'application' | 'refusal'
  /** As in the configuration; empty where a step has none. */
  readonly rule: string
  requests: number
}

/** What a step tells of itself. */
export interface StepFigures {
  readonly routes?: readonly Readonly<RouteCount>[]
  readonly cache?: CacheCounts
  readonly upstreams?: readonly UpstreamCounts[]
}

export interface CacheCounts {
  /** Served from what is kept, fresh or not. */
  readonly hits: number
  /** Of these: not fresh any more. */
  readonly stale: number
  /** Fetched, or waited for one that was fetched. */
  readonly misses: number
  /** Went past the cache. */
  readonly passes: number
  /** Kept now. */
  readonly addresses: number
  /** Kept now. */
  readonly bytes: number
}

export interface UpstreamCounts {
  readonly rule: string
  readonly url: string
  readonly isHealthy: boolean
  /** Now. */
  readonly inFlight: number
  /** Those that were tried there, also in vain. */
  readonly requests: number
  readonly failures: number
}

/** What an edge has done since it was made. */
export interface EdgeCounted {
  readonly routes: readonly Readonly<RouteCount>[]
  readonly refusals: Readonly<Record<RefusalReason, number>>
  readonly cache?: CacheCounts
  readonly upstreams: readonly UpstreamCounts[]
}

type MarkedResponse = object & { saolaRoute?: RouteCount }

/** A handshake of a WebSocket, with the response that it is refused with. */
type Handshake = object & { saolaResponse?: object }

export function createRouteCount(step: RouteCount['step'], rule = ''): RouteCount {
  return { step, rule, requests: 0 }
}

/** Whoever marks last has answered. */
export function markRoute(res: object, route: RouteCount): void {
  ;(res as MarkedResponse).saolaRoute = route
}

/** What answers a handshake in another way is marked on this response, too. */
export function noteHandshake(req: object, res: object): void {
  ;(req as Handshake).saolaResponse = res
}

export class EdgeCounts {
  /** What no step has answered. */
  readonly application = createRouteCount('application')
  readonly #refused = createRouteCount('refusal')
  readonly #refusals = Object.fromEntries(Object.keys(refusalReasons).map(why => [why, 0])) as Record<
    RefusalReason,
    number
  >

  /** A response has closed. `isAnswered`: its client has got one, from whomever. */
  countAnswer(res: object, isAnswered: boolean): void {
    const why = reasonOf(res)
    if (why !== undefined) {
      this.#refusals[why]++
      this.#refused.requests++
      return
    }
    const { saolaRoute } = res as MarkedResponse
    if (isAnswered && saolaRoute) saolaRoute.requests++
  }

  /** A handshake has been answered, whose response does not close, or that has none. */
  countHandshake(req: object): void {
    const { saolaResponse } = req as Handshake
    if (saolaResponse) this.countAnswer(saolaResponse, true)
  }

  /** A connection was refused or cut off, with no request in it, or past its response. */
  countRefusal(why: RefusalReason): void {
    this.#refusals[why]++
  }

  figures(steps: Iterable<{ figures?(): StepFigures }>): EdgeCounted {
    const told = [...steps].flatMap(step => step.figures?.() ?? [])
    const routes = told.flatMap(({ routes = [] }) => routes)
    const cache = told.find(({ cache }) => cache)?.cache
    return {
      routes: [...routes, this.application, this.#refused].map(route => ({ ...route })),
      refusals: { ...this.#refusals },
      ...(cache && { cache }),
      upstreams: told.flatMap(({ upstreams = [] }) => upstreams),
    }
  }
}
