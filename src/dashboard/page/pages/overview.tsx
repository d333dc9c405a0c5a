import { useMemo, useState } from 'preact/hooks'
import type { ChildView, History, HistorySpan, Mark, TreeView } from '../../api.ts'
import { historySpans } from '../../api.ts'
import { type ChartData, spansMs, totalsOf, workersOf } from '../chart-data.ts'
import { formatBytes, formatCount, formatMs, formatNumber, formatPercent, formatShort } from '../formats.ts'
import { memo } from '../memo.ts'
import { Badge } from '../parts/badge.tsx'
import { Chart } from '../parts/chart.tsx'
import { LoadingState, PolledView } from '../parts/conditions.tsx'
import { EventList } from '../parts/event-list.tsx'
import { Segments } from '../parts/fields.tsx'
import { Figure, Figures } from '../parts/figures.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ReloadButton } from '../parts/reload-button.tsx'
import { Since, Time } from '../parts/time.tsx'
import { parseTime } from '../times.ts'
import { useHistory } from '../use-history.ts'
import { useLive } from '../use-live.ts'
import { visibleText } from '../visible-text.ts'

const spanNames: readonly (readonly [HistorySpan, string])[] = historySpans.map(span => [
  span,
  span.replace(/(\d+)([mh])/, '$1 $2'),
])

export function OverviewPage() {
  const [span, setSpan] = useState<HistorySpan>('10m')
  const tree = useLive(view => view.tree)
  return (
    <Page
      title="Overview"
      lead={<Headline tree={tree} />}
      actions={
        <>
          <Segments label="Time shown" value={span} options={spanNames} onChange={value => setSpan(value)} />
          <ReloadButton />
        </>
      }
    >
      <NowFigures />
      <Charts span={span} />
      <Panel title="Events" note="the latest first" isFlush>
        <EventList />
      </Panel>
    </Page>
  )
}

function Headline({ tree }: { readonly tree: TreeView | undefined }) {
  if (!tree) return <p class="headline">&nbsp;</p>
  const { state, startedAt, generation, pid, lastReload } = tree
  return (
    <p class="headline">
      <Badge tone={state === 'running' ? 'good' : 'busy'}>{state}</Badge>
      <span>
        up <Since at={startedAt} />
      </span>
      <span>generation {generation}</span>
      <span>pid {pid}</span>
      {lastReload && (
        <span class={lastReload.ok ? '' : 'tone-bad'}>
          last reload {lastReload.ok ? 'worked' : 'failed'} <Time at={parseTime(lastReload.at)} /> in{' '}
          {formatMs(lastReload.durationMs)}
          {!lastReload.ok && `: ${visibleText(lastReload.message)}`}
        </span>
      )}
    </p>
  )
}

function NowFigures() {
  const sample = useLive(view => view.sample)
  const children = useLive(view => view.children)
  const { running, wanted, fatal } = countProcesses(children ?? [])
  const errors = sample?.errorsPerSecond ?? 0
  return (
    <Figures>
      <Figure label="Requests" value={formatNumber(sample?.requestsPerSecond)} note="/s" />
      <Figure
        label="Errors (5xx)"
        value={formatNumber(sample?.errorsPerSecond)}
        note="/s"
        tone={errors > 0 ? 'bad' : undefined}
      />
      <Figure label="Latency p50" value={formatMs(sample?.p50Ms)} />
      <Figure label="Latency p99" value={formatMs(sample?.p99Ms)} />
      <Figure label="In flight" value={formatNumber(sample?.inFlight)} />
      <Figure label="Connections" value={formatNumber(sample?.connections)} />
      <Figure
        label="Loop delay"
        value={formatMs(sample?.loopDelayMs)}
        tone={(sample?.loopDelayMs ?? 0) > 200 ? 'warn' : undefined}
      />
      <Figure label="CPU" value={formatPercent(sample?.cpuPercent)} />
      <Figure label="Memory" value={formatBytes(sample?.rssBytes)} />
      <Figure
        label="Processes up"
        value={children ? `${running} of ${wanted}` : '–'}
        tone={fatal > 0 ? 'bad' : running < wanted ? 'warn' : undefined}
        {...(fatal > 0 && { note: `${fatal} fatal` })}
      />
    </Figures>
  )
}

/** By places: while one replaces another, they count as one. Who is done, or was stopped, is not missed. */
function countProcesses(children: readonly ChildView[]) {
  const placesOf = (states: readonly string[]) =>
    new Set(children.filter(({ state }) => states.includes(state)).map(({ name }) => name)).size
  const running = placesOf(['RUNNING'])
  return { running, wanted: placesOf(['RUNNING', 'STARTING', 'BACKOFF', 'FATAL']), fatal: placesOf(['FATAL']) }
}

function Charts({ span }: { readonly span: HistorySpan }) {
  const polled = useHistory(span)
  if (polled.isLoading) {
    return (
      <div class="charts charts-waiting">
        <LoadingState what="the history" />
      </div>
    )
  }
  return (
    <PolledView polled={polled} what="the history">
      {history => (
        <>
          <ChartGrid history={history} span={span} />
          <MarkList marks={history.marks} />
        </>
      )}
    </PolledView>
  )
}

interface ChartRow {
  readonly title: string
  readonly unit?: string
  format(value: number): string
  readonly isFilled?: boolean
  readonly isBytes?: boolean
  data(history: History): ChartData
}

const charts: readonly ChartRow[] = [
  {
    title: 'Requests',
    unit: 'per second',
    format: formatShort,
    isFilled: true,
    data: history => totalsOf(history, { requestsPerSecond: 'all', errorsPerSecond: 'errors' }),
  },
  {
    title: 'Latency',
    format: formatMs,
    data: history => totalsOf(history, { p50Ms: 'p50', p90Ms: 'p90', p99Ms: 'p99' }),
  },
  {
    title: 'In flight',
    format: formatShort,
    data: history => totalsOf(history, { inFlight: 'requests', connections: 'connections' }),
  },
  { title: 'Loop delay', unit: 'of each worker', format: formatMs, data: history => workersOf(history, 'loopDelayMs') },
  { title: 'CPU', unit: 'of each worker', format: formatPercent, data: history => workersOf(history, 'cpuPercent') },
  {
    title: 'Memory',
    unit: 'of each worker',
    format: formatBytes,
    isBytes: true,
    data: history => workersOf(history, 'rssBytes'),
  },
]

const ChartGrid = memo(function ChartGrid({
  history,
  span,
}: {
  readonly history: History
  readonly span: HistorySpan
}) {
  const drawn = useMemo(() => charts.map(({ data, ...row }) => ({ ...row, data: data(history) })), [history])
  return (
    <div class="charts">
      {drawn.map(row => (
        <Chart key={row.title} {...row} marks={history.marks} spanMs={spansMs[span]} />
      ))}
    </div>
  )
})

const MarkList = memo(function MarkList({ marks }: { readonly marks: readonly Mark[] }) {
  return (
    <Panel title="Marked on the charts" note={formatCount(marks.length, 'mark')} isFlush>
      {marks.length === 0 ? (
        <p class="quiet-line">No reload, restart or death in this time.</p>
      ) : (
        // biome-ignore lint/a11y/noNoninteractiveTabindex: it scrolls, and must do so by keys.
        <ul class="events events-some" tabIndex={0} aria-label="Marks">
          {[...marks].reverse().map(({ at, kind, text }) => (
            <li key={`${at} ${text}`}>
              <Time at={at} />
              <Badge tone={kind === 'reload' ? 'quiet' : kind === 'restart' ? 'warn' : 'bad'}>
                {kind.replace('-', ' ')}
              </Badge>
              <bdi class="event-text">{visibleText(text)}</bdi>
            </li>
          ))}
        </ul>
      )}
    </Panel>
  )
})
