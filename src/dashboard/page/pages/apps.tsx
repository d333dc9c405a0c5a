import { useMemo, useState } from 'preact/hooks'
import type { AppStatus, ChildView } from '../../api.ts'
import { act } from '../api-client.ts'
import { formatCount, formatNumber, formatPercent, none } from '../formats.ts'
import { ActionButton } from '../parts/button.tsx'
import { ChildActions, isStill } from '../parts/child-actions.tsx'
import {
  type ChildColumn,
  childRowClass,
  cpuColumn,
  generationColumn,
  loopColumn,
  memoryColumn,
  pidColumn,
  ReasonDetail,
  reasonColumn,
  restartsColumn,
  stateColumn,
  uptimeColumn,
} from '../parts/child-cells.tsx'
import { EmptyState, LoadingState } from '../parts/conditions.tsx'
import { Share } from '../parts/figures.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ReloadButton } from '../parts/reload-button.tsx'
import { ScaleStepper } from '../parts/scale-stepper.tsx'
import { Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { WorkerPanel } from '../parts/worker-panel.tsx'
import { tell } from '../toasts.ts'
import { useChildRows } from '../use-child-rows.ts'
import { useLive } from '../use-live.ts'
import { useToggled } from '../use-toggled.ts'
import { visibleText } from '../visible-text.ts'

export function AppsPage() {
  const apps = useLive(view => view.tree.apps)
  const children = useLive(view => view.children)
  const [shown, setShown] = useState<string>()
  const chosen = children?.find(({ id }) => id === shown)
  return (
    <Page title="Apps" actions={<ReloadButton />}>
      {!apps || !children ? (
        <LoadingState what="the applications" />
      ) : (
        <>
          {apps.length === 0 && (
            <Panel title="Applications">
              <EmptyState title="This tree has no application.">One is an entry of the section apps.</EmptyState>
            </Panel>
          )}
          {apps.map(app => (
            <AppPanel key={app.name} app={app} children={children} onShow={setShown} />
          ))}
          <Services children={children} onShow={setShown} />
        </>
      )}
      {chosen && <WorkerPanel child={chosen} onClose={() => setShown(undefined)} />}
    </Page>
  )
}

interface AppPanelProps {
  readonly app: AppStatus
  readonly children: readonly ChildView[]
  onShow(id: string): void
}

function AppPanel({ app, children, onShow }: AppPanelProps) {
  const { name, listen, balance, entry, workers } = app
  const own = children.filter(child => child.kind === 'web' && child.app === name)
  return (
    <Panel
      title={<Text value={name} />}
      note={<Text value={[listen.join(', '), balance, entry].filter(Boolean).join(' · ')} />}
      isFlush
      class="panel-scroll"
      actions={
        <>
          <ScaleStepper target={name} count={workers} what="workers" />
          <RestartButton target={name} />
        </>
      }
    >
      <ChildTable label={`Workers of ${name}`} rows={own} isServing onShow={onShow} />
    </Panel>
  )
}

function RestartButton({ target }: { readonly target: string }) {
  const restart = async () => tell((await act('restart', { target })).message)
  return (
    <ActionButton label={`Restart all of ${visibleText(target)}, one after the other`} onClick={restart}>
      Restart all
    </ActionButton>
  )
}

const serviceKinds = ['tasks', 'store', 'monitor']

function Services({ children, onShow }: Omit<AppPanelProps, 'app'>) {
  const services = children.filter(({ kind }) => serviceKinds.includes(kind))
  return (
    <Panel title="Services" note={formatCount(services.length, 'process', 'processes')} isFlush class="panel-scroll">
      <ChildTable label="Services" rows={services} isServing={false} onShow={onShow} />
    </Panel>
  )
}

interface ChildTableProps {
  readonly label: string
  readonly rows: readonly ChildView[]
  /** They have requests. */
  readonly isServing: boolean
  onShow(id: string): void
}

function ChildTable({ label, rows: children, isServing, onShow }: ChildTableProps) {
  const [open, toggle] = useToggled()
  const rows = useChildRows(children, open)
  const columns = useMemo(() => columnsOf({ isServing, onShow, onToggle: toggle }), [isServing, onShow, toggle])
  return (
    <Table
      label={label}
      columns={columns}
      rows={rows}
      rowKey={({ child }) => child.id}
      rowClass={childRowClass}
      detail={({ child, isOpen }) => isOpen && <ReasonDetail child={child} />}
      empty={<EmptyState title="None of it runs." />}
    />
  )
}

interface ColumnOptions {
  readonly isServing: boolean
  onShow(id: string): void
  onToggle(id: string): void
}

function columnsOf({ isServing, onShow, onToggle }: ColumnOptions): readonly ChildColumn[] {
  const name: ChildColumn = {
    key: 'name',
    title: isServing ? 'Worker' : 'Process',
    isHead: true,
    sort: ({ child }) => child.name,
    cell: ({ child: { id, name } }) => (
      <button type="button" class="link" onClick={() => onShow(id)}>
        <Text value={name} />
      </button>
    ),
  }
  return [
    name,
    stateColumn,
    pidColumn,
    generationColumn,
    uptimeColumn,
    ...(isServing ? servingColumns : []),
    loopColumn,
    cpuColumn,
    memoryColumn,
    restartsColumn,
    reasonColumn(onToggle),
    actionsColumn,
  ]
}

const servingColumns: readonly ChildColumn[] = [
  {
    key: 'rate',
    title: 'Requests/s',
    isNumber: true,
    sort: ({ child }) => child.requestsPerSecond,
    cell: ({ child }) => formatNumber(child.requestsPerSecond),
  },
  {
    key: 'share',
    title: 'Share of load',
    isNumber: true,
    sort: ({ share }) => share,
    cell: ({ share }) => <Share share={share} text={formatPercent(100 * share)} />,
  },
  {
    key: 'flight',
    title: 'In flight',
    isNumber: true,
    sort: ({ child }) => child.inFlight,
    cell: ({ child: { pid, inFlight } }) => (pid === undefined ? none : formatNumber(inFlight)),
  },
  {
    key: 'connections',
    title: 'Conns',
    hint: 'Connections',
    isNumber: true,
    sort: ({ child }) => child.connections,
    cell: ({ child: { pid, connections } }) => (pid === undefined ? none : formatNumber(connections)),
  },
]

const actionsColumn: ChildColumn = {
  key: 'actions',
  title: 'Actions',
  isActions: true,
  cell: ({ child: { kind, name, state } }) =>
    // Who drains is done with; the store and this page are started when they are needed.
    state === 'STOPPING' || kind === 'store' || kind === 'monitor' ? null : (
      <ChildActions
        target={name}
        isRunning={!isStill(state)}
        stopText="It finishes what it has begun. Its place stays empty until it is started again."
      />
    ),
}
