/**
 * The edge: what is done with a request before and around the application, in the order in which it happens. One file or
 * folder a step; a step that the configuration does not ask for is not there at all.
 *
 * Everything is decided by the canonical request (canonical/), never by what the client wrote.
 */
import type { IncomingMessage, ServerResponse } from 'node:http'
import type { Duplex } from 'node:stream'
import { createAccess } from './access/access.ts'
import type { Application } from './application.ts'
import { createCache } from './cache/cache.ts'
import { createCanonicaliser } from './canonical/canonicalise.ts'
import { createCompression } from './compression/compression.ts'
import { type ConnectionGuard, createConnectionGuard } from './connections/connection-guard.ts'
import { type EdgeCounted, EdgeCounts, markRoute } from './edge-counts.ts'
import type { EdgeRequest, Step } from './edge-request.ts'
import { createErrorPages } from './error-pages/error-pages.ts'
import { Front } from './front.ts'
import { createResponseHeaders } from './headers/response-headers.ts'
import { createBodyLimits } from './limits/body-limits.ts'
import type { EdgeSettings } from './options.ts'
import { createOverload } from './overload/overload.ts'
import { createProxy } from './proxy/proxy.ts'
import { createRateLimits } from './rate-limit/rate-limits.ts'
import { createRedirects, createRewrites } from './redirects/redirects.ts'
import { refuse } from './refusals/refuse.ts'
import { createRunner } from './runner.ts'
import type { EdgeServices } from './services.ts'
import { createStaticFiles } from './static/static-files.ts'
import { createClientCertificate } from './tls/client-certificate.ts'
import { createRedirectToHttps } from './tls/redirect-to-https.ts'
import { createStrictTransport } from './tls/strict-transport.ts'

export interface Edge {
  /** Takes connections and speaks HTTP with them. */
  readonly front: Front
  /** The steps by name, for what is asked of one of them from outside: a purge of the cache. */
  readonly steps: ReadonlyMap<string, Step>
  /** Whoever sees responses close tells it of them. */
  readonly counts: Pick<EdgeCounts, 'countAnswer' | 'countHandshake'>
  /** What it has done since it was made. */
  figures(): EdgeCounted
  /** Ends what the steps keep open. What is in flight must have ended before. */
  close(): Promise<void>
}

/** Builds the whole pipeline. `application` is undefined for a front that answers itself. */
export async function createEdge(
  settings: EdgeSettings,
  application: Application | undefined,
  given: EdgeServices,
): Promise<Edge> {
  const counts = new EdgeCounts()
  const services = { ...given, counts }
  const canonicalise = createCanonicaliser(settings, services)
  const guard = createConnectionGuard(settings, services)
  const steps = await createSteps(settings, services, guard)
  const run = createRunner(steps, request => finish(request, application, counts), services)
  const handle = (req: IncomingMessage, res: ServerResponse, upgrade?: { socket: Duplex; head: Buffer }) => {
    const request = canonicalise(req, res, upgrade)
    if (request) run(request)
  }
  const proxy = steps.find(step => step.name === 'proxy')
  const front = new Front(settings, services, guard, {
    onRequest: handle,
    onUpgrade: (req, res, upgrade) => handle(req, res, upgrade),
    takesUpgrade: req => proxy !== undefined || application?.takesUpgrade(req) === true,
  })
  return {
    front,
    steps: new Map(steps.map(step => [step.name, step])),
    counts,
    figures: () => counts.figures(steps),
    close: async () => {
      await front.close()
      guard.close()
      await Promise.allSettled(steps.map(step => step.close?.()))
    },
  }
}

async function createSteps(settings: EdgeSettings, services: EdgeServices, guard: ConnectionGuard): Promise<Step[]> {
  const steps = await Promise.all([
    // Before all that decides by a path: a rule must hold for what is asked for, and for where that leads.
    createRewrites(settings),
    // Before all that may answer: their answers have these headers and pages, too.
    createResponseHeaders(settings),
    createStrictTransport(settings),
    createErrorPages(settings, services),
    createRedirectToHttps(settings, services),
    createClientCertificate(settings),
    createOverload(settings, services),
    guard.step,
    // Before access: a password that is guessed is counted, too.
    createRateLimits(settings, services),
    createAccess(settings, services),
    createBodyLimits(settings),
    createRedirects(settings, services),
    createStaticFiles(settings, services),
    createCache(settings, services),
    createCompression(settings),
    createProxy(settings, services),
  ])
  return steps.filter(step => step !== undefined)
}

/** What no step has answered. */
function finish(request: EdgeRequest, application: Application | undefined, counts: EdgeCounts): void {
  markRoute(request.res, counts.application)
  // The proxy lets handshakes in for its own prefixes; an application without WebSockets would leave the others open.
  const isWanted = request.upgrade === undefined || application?.takesUpgrade(request.req) === true
  if (application && isWanted) application.handle(request)
  else refuse(request.res, 404, 'not-found')
}
