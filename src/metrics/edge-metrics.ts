import type { CacheCounts, EdgeFigures, UpstreamFigures } from '../ipc/figures.ts'
import type { Look } from './look.ts'
import { flag, type Metric, type MetricGroup, type Sample } from './metric.ts'

/** What is read of the edge of each application that has one. */
function ofEdges({ figures }: Look, read: (app: string, edge: EdgeFigures) => Sample[]): Sample[] {
  return figures?.apps.flatMap(({ app, edge }) => (edge ? read(app, edge) : [])) ?? []
}

function ofCaches(look: Look, read: (app: string, cache: CacheCounts) => Sample[]): Sample[] {
  return ofEdges(look, (app, { cache }) => (cache ? read(app, cache) : []))
}

function ofUpstreams(look: Look, read: (upstream: UpstreamFigures) => number): Sample[] {
  return ofEdges(look, (app, { upstreams }) =>
    upstreams.map((upstream): Sample => [[app, upstream.rule, withoutUser(upstream.url)], read(upstream)]),
  )
}

/** Whoever reads metrics need not know a password. */
function withoutUser(url: string): string {
  return url.replace(/^([a-z+]+:\/\/)[^/@]*@/i, '$1')
}

const answers: readonly Metric[] = [
  {
    name: 'saola_edge_requests_total',
    type: 'counter',
    help: 'Requests by who has answered them: the step of the edge, and its rule.',
    labels: ['app', 'step', 'rule'],
    read: look =>
      ofEdges(look, (app, { routes }) => routes.map(({ step, rule, requests }) => [[app, step, rule], requests])),
  },
  {
    name: 'saola_edge_refusals_total',
    type: 'counter',
    help: 'What was refused, by why: requests, and connections that were cut off, also those that had sent none.',
    labels: ['app', 'reason'],
    read: look =>
      ofEdges(look, (app, { refusals }) => Object.entries(refusals).map(([reason, count]) => [[app, reason], count])),
  },
]

const caches: readonly Metric[] = [
  {
    name: 'saola_edge_cache_requests_total',
    type: 'counter',
    help: 'Requests by what the cache did: hit, stale (a hit that was not fresh any more), miss, pass (went past it).',
    labels: ['app', 'result'],
    read: look =>
      ofCaches(look, (app, { hits, stale, misses, passes }) => [
        [[app, 'hit'], Math.max(0, hits - stale)],
        [[app, 'stale'], stale],
        [[app, 'miss'], misses],
        [[app, 'pass'], passes],
      ]),
  },
  {
    name: 'saola_edge_cache_entries',
    type: 'gauge',
    help: 'Addresses that the caches of the workers have answers for.',
    labels: ['app'],
    read: look => ofCaches(look, (app, { addresses }) => [[[app], addresses]]),
  },
  {
    name: 'saola_edge_cache_size_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Memory that the answers in the caches of the workers take.',
    labels: ['app'],
    read: look => ofCaches(look, (app, { bytes }) => [[[app], bytes]]),
  },
]

const upstreamLabels = ['app', 'rule', 'url']

const upstreams: readonly Metric[] = [
  {
    name: 'saola_edge_upstream_healthy',
    type: 'gauge',
    help: '1 when every worker finds the upstream healthy.',
    labels: upstreamLabels,
    read: look => ofUpstreams(look, ({ isHealthy }) => flag(isHealthy)),
  },
  {
    name: 'saola_edge_upstream_in_flight',
    type: 'gauge',
    help: 'Requests that the upstream is answering.',
    labels: upstreamLabels,
    read: look => ofUpstreams(look, ({ inFlight }) => inFlight),
  },
  {
    name: 'saola_edge_upstream_requests_total',
    type: 'counter',
    help: 'Requests that were sent to the upstream.',
    labels: upstreamLabels,
    read: look => ofUpstreams(look, ({ requests }) => requests),
  },
  {
    name: 'saola_edge_upstream_failures_total',
    type: 'counter',
    help: 'Of them those that have failed.',
    labels: upstreamLabels,
    read: look => ofUpstreams(look, ({ failures }) => failures),
  },
]

export const edgeMetrics: MetricGroup = {
  title: 'The edge',
  about:
    'Of applications with a section `edge`: the sums over all workers that they have had, and of what is of now, over those that ' +
    'live. `step` is `static`, `cache`, `proxy`, `redirect`, `application` or `refusal`; `rule` and `url` are as in the configuration, ' +
    'without a password.',
  metrics: [...answers, ...caches, ...upstreams],
}
