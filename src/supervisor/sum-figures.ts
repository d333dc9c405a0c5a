/** Adds figures of workers up, and takes them apart again in time. */
import { durationBoundsMs } from '../base/durations.ts'
import type { CacheCounts, EdgeFigures, RouteFigures, UpstreamFigures, WorkerFigures } from '../ipc/figures.ts'

const nothing: WorkerFigures = {
  responses: [0, 0, 0, 0, 0],
  durations: new Array<number>(durationBoundsMs.length + 1).fill(0),
  durationSumMs: 0,
  bytesSent: 0,
}

/** All together: counts are added, and so is what is of now; an upstream is healthy if all of them find it so. */
export function sumFigures(all: Iterable<WorkerFigures>): WorkerFigures {
  return [...all].reduce((sum, figures) => combine(sum, figures, 1), nothing)
}

/** What a worker has done between two looks; what is of now is that of the later one. */
export function figuresBetween(before: WorkerFigures | undefined, after: WorkerFigures): WorkerFigures {
  return before ? withNowOf(combine(after, before, -1), [after]) : after
}

/** These counts, with what is of now as the living find it: the sum over them. */
export function withNowOf(counts: WorkerFigures, living: readonly WorkerFigures[]): WorkerFigures {
  if (!counts.edge) return counts
  const now = sumFigures(living).edge
  const found = byKey(now?.upstreams ?? [], keyOfUpstream)
  const { cache, upstreams } = counts.edge
  const kept = {
    ...counts.edge,
    upstreams: upstreams.map(upstream => {
      const { isHealthy = true, inFlight = 0 } = found.get(keyOfUpstream(upstream)) ?? {}
      return { ...upstream, isHealthy, inFlight }
    }),
  }
  if (!cache) return { ...counts, edge: kept }
  const { addresses = 0, bytes = 0 } = now?.cache ?? {}
  return { ...counts, edge: { ...kept, cache: { ...cache, addresses, bytes } } }
}

/** Without what other rules than these have counted: those of an earlier configuration. */
export function onlyRulesOf(counts: WorkerFigures, { edge: known }: WorkerFigures): WorkerFigures {
  const { edge, ...rest } = counts
  if (!edge || !known) return rest
  const { cache, ...others } = edge
  const routes = byKey(known.routes, keyOfRoute)
  const upstreams = byKey(known.upstreams, keyOfUpstream)
  return {
    ...rest,
    edge: {
      ...others,
      routes: edge.routes.filter(route => routes.has(keyOfRoute(route))),
      upstreams: edge.upstreams.filter(upstream => upstreams.has(keyOfUpstream(upstream))),
      ...(cache && known.cache && { cache }),
    },
  }
}

/** `sign`: 1 adds, -1 takes away. */
type Sign = 1 | -1

function combine(a: WorkerFigures, b: WorkerFigures, sign: Sign): WorkerFigures {
  const edge = a.edge && b.edge ? combineEdges(a.edge, b.edge, sign) : (a.edge ?? (sign === 1 ? b.edge : undefined))
  return {
    responses: a.responses.map((count, index) => count + sign * (b.responses[index] ?? 0)),
    durations: a.durations.map((count, index) => count + sign * (b.durations[index] ?? 0)),
    durationSumMs: a.durationSumMs + sign * b.durationSumMs,
    bytesSent: a.bytesSent + sign * b.bytesSent,
    ...(edge && { edge }),
  }
}

function combineEdges(a: EdgeFigures, b: EdgeFigures, sign: Sign): EdgeFigures {
  const words = new Set([...Object.keys(a.refusals), ...Object.keys(b.refusals)])
  const refusals = [...words].map(why => [why, (a.refusals[why] ?? 0) + sign * (b.refusals[why] ?? 0)] as const)
  const cache = a.cache && b.cache ? combineCaches(a.cache, b.cache, sign) : (a.cache ?? b.cache)
  return {
    routes: merge([...a.routes, ...b.routes], keyOfRoute, (one, other) => combineRoutes(one, other, sign)),
    refusals: Object.fromEntries(refusals),
    ...(cache && { cache }),
    upstreams: merge([...a.upstreams, ...b.upstreams], keyOfUpstream, (one, other) =>
      combineUpstreams(one, other, sign),
    ),
  }
}

/** Those that are the same become one; the rest stays as it is. */
function merge<Item>(
  items: readonly Item[],
  keyOf: (item: Item) => string,
  join: (one: Item, other: Item) => Item,
): Item[] {
  // There may be a thousand redirects, and this is done for each worker every second.
  const merged = new Map<string, Item>()
  for (const item of items) {
    const key = keyOf(item)
    const one = merged.get(key)
    merged.set(key, one ? join(one, item) : item)
  }
  return [...merged.values()]
}

function byKey<Item>(items: readonly Item[], keyOf: (item: Item) => string): ReadonlyMap<string, Item> {
  return new Map(items.map(item => [keyOf(item), item]))
}

function keyOfRoute({ step, rule }: RouteFigures): string {
  return `${step} ${rule}`
}

function keyOfUpstream({ rule, url }: UpstreamFigures): string {
  return `${rule} ${url}`
}

function combineRoutes(a: RouteFigures, b: RouteFigures, sign: Sign): RouteFigures {
  return { ...a, requests: a.requests + sign * b.requests }
}

function combineUpstreams(a: UpstreamFigures, b: UpstreamFigures, sign: Sign): UpstreamFigures {
  return {
    ...a,
    isHealthy: a.isHealthy && b.isHealthy,
    inFlight: a.inFlight + sign * b.inFlight,
    requests: a.requests + sign * b.requests,
    failures: a.failures + sign * b.failures,
  }
}

function combineCaches(a: CacheCounts, b: CacheCounts, sign: Sign): CacheCounts {
  return {
    hits: a.hits + sign * b.hits,
    stale: a.stale + sign * b.stale,
    misses: a.misses + sign * b.misses,
    passes: a.passes + sign * b.passes,
    addresses: a.addresses + sign * b.addresses,
    bytes: a.bytes + sign * b.bytes,
  }
}
