import type { EdgeAppView, EdgeView, SocketFigures } from '../../api.ts'
import { formatBytes, formatCount, formatNumber, formatPercent, formatShort, none } from '../formats.ts'
import { Badge } from '../parts/badge.tsx'
import { CachePurge } from '../parts/cache-purge.tsx'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { Figure, Figures, Share } from '../parts/figures.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { usePolled } from '../use-polled.ts'

const everyMs = 2_000

export function EdgePage() {
  const polled = usePolled<EdgeView>('/api/edge', everyMs)
  return (
    <Page title="Edge" lead="Counts are since the start of the tree.">
      <PolledView polled={polled} what="the edge">
        {({ apps, sockets }) => (
          <>
            <Panel title="Listen sockets" note={formatCount(sockets.length, 'socket')} isFlush>
              <Table
                label="Listen sockets"
                columns={socketColumns}
                rows={sockets}
                rowKey={({ app, address }) => `${app} ${address}`}
                empty={<EmptyState title="Nothing listens." />}
              />
            </Panel>
            {apps.map(app => (
              <AppEdge key={app.app} view={app} />
            ))}
          </>
        )}
      </PolledView>
    </Page>
  )
}

const socketColumns: readonly Column<SocketFigures>[] = [
  {
    key: 'address',
    title: 'Address',
    isHead: true,
    sort: ({ address }) => address,
    cell: ({ address }) => <Text value={address} isCode />,
  },
  { key: 'app', title: 'Of', sort: ({ app }) => app, cell: ({ app }) => <Text value={app} /> },
  {
    key: 'waiting',
    title: 'Waiting',
    hint: 'Connections that no worker has accepted yet.',
    isNumber: true,
    sort: ({ waiting }) => waiting,
    cell: ({ waiting, backlog }) =>
      waiting === undefined ? (
        <span class="faint" title="The system does not tell.">
          {none}
        </span>
      ) : (
        <span class={waiting > backlog / 2 ? 'tone-bad' : ''}>{formatNumber(waiting)}</span>
      ),
  },
  {
    key: 'backlog',
    title: 'Backlog',
    hint: 'So many may wait.',
    isNumber: true,
    sort: ({ backlog }) => backlog,
    cell: ({ backlog }) => formatNumber(backlog),
  },
]

const classNames = ['1xx', '2xx', '3xx', '4xx', '5xx']

function AppEdge({ view: { app, responses, bytesSent, edge } }: { readonly view: EdgeAppView }) {
  const total = responses.reduce((sum, count) => sum + count, 0)
  return (
    <Panel title={<Text value={app} />} note={`${formatNumber(total)} responses`} class="edge-app">
      <Figures>
        {responses.map((count, index) => (
          <Figure
            key={classNames[index]}
            label={classNames[index] ?? ''}
            value={formatShort(count)}
            note={total > 0 ? formatPercent((100 * count) / total) : ''}
            tone={index === 4 && count > 0 ? 'bad' : undefined}
          />
        ))}
        <Figure label="Sent" value={formatBytes(bytesSent)} />
      </Figures>
      {edge ? (
        <EdgeParts app={app} edge={edge} />
      ) : (
        <p class="faint">No section edge: the application answers all by itself.</p>
      )}
    </Panel>
  )
}

type Edge = NonNullable<EdgeAppView['edge']>

function EdgeParts({
  app,
  edge: { routes, refusals, cache, upstreams },
}: {
  readonly app: string
  readonly edge: Edge
}) {
  const total = routes.reduce((sum, { requests }) => sum + requests, 0)
  const refused = Object.entries(refusals).flatMap(([why, count]) => (count > 0 ? [{ why, count }] : []))
  return (
    <>
      {cache && <Cache app={app} cache={cache} />}
      <h3>Who has answered</h3>
      <Table
        label={`Who has answered requests of ${app}`}
        columns={routeColumns}
        rows={routes.map(route => ({ ...route, share: total > 0 ? route.requests / total : 0 }))}
        rowKey={({ step, rule }) => `${step} ${rule}`}
        firstSort={{ key: 'requests', isDescending: true }}
        empty={<EmptyState title="No request yet." />}
      />
      {upstreams.length > 0 && (
        <>
          <h3>Upstreams</h3>
          <Table
            label={`Upstreams of ${app}`}
            columns={upstreamColumns}
            rows={upstreams}
            rowKey={({ rule, url }) => `${rule} ${url}`}
          />
        </>
      )}
      <h3>Refused</h3>
      <Table
        label={`Requests of ${app} that were refused`}
        columns={refusalColumns}
        rows={refused}
        rowKey={({ why }) => why}
        firstSort={{ key: 'count', isDescending: true }}
        empty={<p class="faint">No request was refused.</p>}
      />
    </>
  )
}

interface RouteRow {
  readonly step: string
  readonly rule: string
  readonly requests: number
  readonly share: number
}

const routeColumns: readonly Column<RouteRow>[] = [
  { key: 'step', title: 'Step', isHead: true, sort: ({ step }) => step, cell: ({ step }) => <Text value={step} /> },
  {
    key: 'rule',
    title: 'Rule',
    isWide: true,
    sort: ({ rule }) => rule,
    cell: ({ rule }) => (rule === '' ? <span class="faint">{none}</span> : <Text value={rule} isCode />),
  },
  {
    key: 'requests',
    title: 'Requests',
    isNumber: true,
    sort: ({ requests }) => requests,
    cell: ({ requests }) => formatNumber(requests),
  },
  {
    key: 'share',
    title: 'Share',
    isNumber: true,
    cell: ({ share }) => <Share share={share} text={formatPercent(100 * share)} />,
  },
]

const upstreamColumns: readonly Column<Edge['upstreams'][number]>[] = [
  {
    key: 'url',
    title: 'Upstream',
    isHead: true,
    sort: ({ url }) => url,
    cell: ({ url }) => <Text value={url} isCode />,
  },
  { key: 'rule', title: 'Rule', sort: ({ rule }) => rule, cell: ({ rule }) => <Text value={rule} isCode /> },
  {
    key: 'health',
    title: 'Health',
    sort: ({ isHealthy }) => Number(isHealthy),
    cell: ({ isHealthy }) => <Badge tone={isHealthy ? 'good' : 'bad'}>{isHealthy ? 'healthy' : 'down'}</Badge>,
  },
  {
    key: 'inFlight',
    title: 'In flight',
    isNumber: true,
    sort: ({ inFlight }) => inFlight,
    cell: ({ inFlight }) => formatNumber(inFlight),
  },
  {
    key: 'requests',
    title: 'Requests',
    isNumber: true,
    sort: ({ requests }) => requests,
    cell: ({ requests }) => formatNumber(requests),
  },
  {
    key: 'failures',
    title: 'Failures',
    isNumber: true,
    sort: ({ failures }) => failures,
    cell: ({ failures }) => <span class={failures > 0 ? 'tone-warn' : 'faint'}>{formatNumber(failures)}</span>,
  },
]

const refusalColumns: readonly Column<{ readonly why: string; readonly count: number }>[] = [
  { key: 'why', title: 'Why', isHead: true, sort: ({ why }) => why, cell: ({ why }) => <Text value={why} /> },
  {
    key: 'count',
    title: 'Requests',
    isNumber: true,
    sort: ({ count }) => count,
    cell: ({ count }) => formatNumber(count),
  },
]

function Cache({ app, cache }: { readonly app: string; readonly cache: NonNullable<Edge['cache']> }) {
  const { hits, stale, misses, passes, addresses, bytes } = cache
  const asked = hits + misses
  return (
    <>
      <div class="sub-head">
        <h3>Cache</h3>
        <CachePurge app={app} />
      </div>
      <Figures>
        <Figure label="Hit rate" value={asked > 0 ? formatPercent((100 * hits) / asked) : none} />
        <Figure label="Hits" value={formatShort(hits)} note={`${formatShort(stale)} stale`} />
        <Figure label="Misses" value={formatShort(misses)} />
        <Figure label="Passed by" value={formatShort(passes)} />
        <Figure label="Addresses kept" value={formatNumber(addresses)} />
        <Figure label="Kept" value={formatBytes(bytes)} />
      </Figures>
    </>
  )
}
