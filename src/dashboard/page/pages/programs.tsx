import { useMemo, useState } from 'preact/hooks'
import type { ChildView, CronStatus } from '../../api.ts'
import { act } from '../api-client.ts'
import { formatCount, formatMs, formatNumber, none } from '../formats.ts'
import { stateWord } from '../live-state.ts'
import { Badge } from '../parts/badge.tsx'
import { ActionButton } from '../parts/button.tsx'
import { ChildActions, isStill } from '../parts/child-actions.tsx'
import {
  type ChildColumn,
  childRowClass,
  cpuColumn,
  memoryColumn,
  pidColumn,
  ReasonDetail,
  reasonColumn,
  restartsColumn,
  stateColumn,
  uptimeColumn,
} from '../parts/child-cells.tsx'
import { EmptyState, LoadingState } from '../parts/conditions.tsx'
import { FilterField } from '../parts/fields.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ProgramPanel } from '../parts/program-panel.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { hrefOf } from '../router.ts'
import { parseTime } from '../times.ts'
import { tell } from '../toasts.ts'
import { useChildRows } from '../use-child-rows.ts'
import { useLive } from '../use-live.ts'
import { useToggled } from '../use-toggled.ts'
import { visibleText } from '../visible-text.ts'

export function ProgramsPage() {
  const children = useLive(view => view.children)
  const cron = useLive(view => view.tree.cron)
  const [filter, setFilter] = useState('')
  const [shown, setShown] = useState<string>()
  const programs = useMemo(() => children?.filter(({ kind }) => kind === 'program'), [children])
  const matching = programs?.filter(child => fits(child, filter)) ?? []
  const chosen = programs?.find(({ name }) => name === shown)
  return (
    <Page title="Programs" actions={<FilterField label="Filter the programs" value={filter} onChange={setFilter} />}>
      <Panel title="Programs" note={programs && noteOf(programs)} isFlush class="panel-scroll">
        {programs ? (
          <ProgramTable programs={matching} hasFilter={filter !== ''} onShow={setShown} />
        ) : (
          <LoadingState what="the programs" />
        )}
      </Panel>
      <Panel title="Cron" note={cron && formatCount(cron.length, 'entry', 'entries')} isFlush class="panel-scroll">
        {cron ? <CronTable entries={cron} /> : <LoadingState what="the entries" />}
      </Panel>
      {chosen && programs && <ProgramPanel child={chosen} siblings={programs} onClose={() => setShown(undefined)} />}
    </Page>
  )
}

function fits(child: ChildView, filter: string): boolean {
  return `${child.name} ${child.state} ${stateWord(child)}`.toLowerCase().includes(filter.trim().toLowerCase())
}

function noteOf(programs: readonly ChildView[]): string {
  const running = programs.filter(({ state }) => state === 'RUNNING').length
  const fatal = programs.filter(({ state }) => state === 'FATAL').length
  return `${running} of ${programs.length} running${fatal > 0 ? `, ${fatal} fatal` : ''}`
}

interface ProgramTableProps {
  readonly programs: readonly ChildView[]
  readonly hasFilter: boolean
  onShow(name: string): void
}

function ProgramTable({ programs, hasFilter, onShow }: ProgramTableProps) {
  const [open, toggle] = useToggled()
  const rows = useChildRows(programs, open)
  const columns = useMemo(() => programColumns(onShow, toggle), [onShow, toggle])
  return (
    <Table
      label="Programs"
      columns={columns}
      rows={rows}
      rowKey={({ child }) => child.id}
      rowClass={childRowClass}
      detail={({ child, isOpen }) => isOpen && <ReasonDetail child={child} />}
      empty={
        hasFilter ? (
          <EmptyState title="No program fits the filter." />
        ) : (
          <EmptyState title="This tree has no programs.">
            Any command is one: an entry of the section programs.
          </EmptyState>
        )
      }
    />
  )
}

function programColumns(onShow: (name: string) => void, onToggle: (id: string) => void): readonly ChildColumn[] {
  return [
    {
      key: 'name',
      title: 'Program',
      isHead: true,
      sort: ({ child }) => child.name,
      cell: ({ child: { name } }) => (
        <button type="button" class="link" onClick={() => onShow(name)}>
          <Text value={name} />
        </button>
      ),
    },
    stateColumn,
    pidColumn,
    uptimeColumn,
    cpuColumn,
    memoryColumn,
    restartsColumn,
    reasonColumn(onToggle),
    {
      key: 'actions',
      title: 'Actions',
      isActions: true,
      cell: ({ child: { name, state } }) => (
        <ChildActions
          target={name}
          isRunning={!isStill(state)}
          stopText="It is asked to end, and killed if it does not in time. It stays stopped until it is started again."
        />
      ),
    },
  ]
}

function CronTable({ entries }: { readonly entries: readonly CronStatus[] }) {
  return (
    <Table
      label="Entries of cron"
      columns={cronColumns}
      rows={entries}
      rowKey={({ name }) => name}
      empty={
        <EmptyState title="Nothing is run at certain times.">
          A command at a time is an entry of the section cron.
        </EmptyState>
      }
    />
  )
}

const cronColumns: readonly Column<CronStatus>[] = [
  {
    key: 'name',
    title: 'Entry',
    isHead: true,
    sort: ({ name }) => name,
    cell: ({ name }) => (
      <a href={hrefOf('logs', { source: `cron:${name}` })}>
        <Text value={name} />
      </a>
    ),
  },
  {
    key: 'schedule',
    title: 'Schedule',
    cell: ({ schedule, timeZone }) => (
      <>
        <Text value={schedule} isCode /> <span class="faint">{timeZone}</span>
      </>
    ),
  },
  {
    key: 'next',
    title: 'Next',
    sort: ({ next }) => next,
    cell: ({ next, running, isWaiting }) =>
      running.length > 0 ? (
        <Badge tone="busy">
          runs since <RelativeTime at={parseTime(running[0]?.startedAt)} />
          {isWaiting && ', one waits'}
        </Badge>
      ) : (
        <RelativeTime at={parseTime(next)} />
      ),
  },
  {
    key: 'last',
    title: 'Last',
    isWide: true,
    sort: ({ last }) => last?.startedAt,
    cell: ({ last }) =>
      last ? (
        <>
          <Badge tone={last.ok ? 'good' : 'bad'}>{last.ok ? 'ok' : 'failed'}</Badge>{' '}
          <RelativeTime at={parseTime(last.startedAt)} /> <span class="faint">in {formatMs(last.durationMs)}</span>
          {last.reason !== undefined && <Text value={` ${last.reason}`} class="tone-bad" charactersMax={300} />}
        </>
      ) : (
        <span class="faint">{none}</span>
      ),
  },
  {
    key: 'runs',
    title: 'Runs',
    hint: 'Since the start of the tree.',
    isNumber: true,
    sort: ({ runs }) => runs,
    cell: ({ runs }) => formatNumber(runs),
  },
  {
    key: 'failures',
    title: 'Failed',
    isNumber: true,
    sort: ({ failures }) => failures,
    cell: ({ failures }) => <span class={failures > 0 ? 'tone-warn' : 'faint'}>{formatNumber(failures)}</span>,
  },
  {
    key: 'skipped',
    title: 'Skipped',
    isNumber: true,
    sort: ({ skipped }) => skipped,
    cell: ({ skipped }) => formatNumber(skipped),
  },
  {
    key: 'actions',
    title: 'Actions',
    isActions: true,
    cell: ({ name }) => (
      <ActionButton
        kind="plain"
        label={`Run now: ${visibleText(name)}`}
        onClick={async () => tell((await act('run', { name })).message)}
      >
        Run now
      </ActionButton>
    ),
  },
]
