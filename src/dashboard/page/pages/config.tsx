import { useEffect, useMemo, useRef, useState } from 'preact/hooks'
import type { ConfigView, ReloadOutcome } from '../../api.ts'
import { filterSettings, parseConfig, type Setting } from '../config-text.ts'
import { formatCount, formatMs } from '../formats.ts'
import { Badge } from '../parts/badge.tsx'
import { CodeBlock } from '../parts/code-block.tsx'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { FilterField, Segments } from '../parts/fields.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { ReloadButton } from '../parts/reload-button.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { Time } from '../parts/time.tsx'
import { parseTime } from '../times.ts'
import { useLive } from '../use-live.ts'
import { type Polled, usePolled } from '../use-polled.ts'
import { visibleLines } from '../visible-text.ts'

export function ConfigPage() {
  const file = useLive(view => view.tree.configFile)
  return (
    <Page title="Config" lead={file === undefined ? '\u00a0' : <Text value={file} isCode />} actions={<ReloadButton />}>
      <ConfigPanels />
    </Page>
  )
}

function ConfigPanels() {
  const polled = usePolled<ConfigView>('/api/config', 30_000)
  const reloadedAt = useLive(view => view.tree.lastReload?.at)
  const lastReloadedAt = useRef(reloadedAt)
  useEffect(() => {
    // After a reload it is another one. What is typed and chosen here stays.
    if (lastReloadedAt.current !== reloadedAt) polled.refresh()
    lastReloadedAt.current = reloadedAt
  }, [reloadedAt])
  return (
    <>
      <Panel title="Last reload">
        <PolledView polled={polled} what="the last reload">
          {({ lastReload, changes }) => <LastReload outcome={lastReload} changes={changes} />}
        </PolledView>
      </Panel>
      <Settings polled={polled} />
    </>
  )
}

type Changes = NonNullable<ConfigView['changes']>

function LastReload({
  outcome,
  changes,
}: {
  readonly outcome: ReloadOutcome | undefined
  readonly changes: Changes | undefined
}) {
  if (!outcome) return <EmptyState title="There was no reload since the tree has started." />
  const { ok, at, durationMs, generation, message } = outcome
  return (
    <>
      <p class="headline">
        <Badge tone={ok ? 'good' : 'bad'}>{ok ? 'worked' : 'failed'}</Badge>
        <Time at={parseTime(at)} />
        <span>in {formatMs(durationMs)}</span>
        <span>generation {generation}</span>
      </p>
      <p class="reload-message">{visibleLines(message)}</p>
      {changes && changes.length > 0 ? (
        <Table
          label="What the last reload has changed"
          columns={changeColumns}
          rows={changes}
          rowKey={({ path }) => path}
        />
      ) : (
        <p class="faint">No setting was another one.</p>
      )}
    </>
  )
}

const effects: Readonly<Record<Changes[number]['effect'], string>> = {
  live: 'in force',
  restart: 'in force after a restart of the tree',
  refused: 'refused',
}

const changeColumns: readonly Column<Changes[number]>[] = [
  { key: 'path', title: 'Setting', isHead: true, cell: ({ path }) => <Text value={path} isCode /> },
  { key: 'from', title: 'Before', isWide: true, cell: ({ from }) => <Value text={from} /> },
  { key: 'to', title: 'Now', isWide: true, cell: ({ to }) => <Value text={to} /> },
  {
    key: 'effect',
    title: 'Effect',
    cell: ({ effect }) => (
      <Badge tone={effect === 'live' ? 'good' : effect === 'refused' ? 'bad' : 'warn'}>{effects[effect]}</Badge>
    ),
  },
]

function Value({ text }: { readonly text: string | undefined }) {
  return text === undefined ? <span class="faint">absent</span> : <Text value={text} isCode charactersMax={600} />
}

const shownOptions = [
  ['all', 'All'],
  ['set', 'Set'],
] as const

function Settings({ polled }: { readonly polled: Polled<ConfigView> }) {
  const [text, setText] = useState('')
  const [shown, setShown] = useState<'all' | 'set'>('all')
  const settings = useMemo(() => parseConfig(polled.answer?.text ?? ''), [polled.answer?.text])
  const rows = useMemo(
    () => filterSettings(settings ?? [], { text, isSetOnly: shown === 'set' }),
    [settings, text, shown],
  )
  return (
    <Panel
      title="Values in force"
      note={settings && formatCount(rows.length, 'setting')}
      isFlush
      actions={
        <>
          <Segments label="Which settings" value={shown} options={shownOptions} onChange={value => setShown(value)} />
          <FilterField label="Filter the settings" value={text} onChange={setText} />
          <CopyButton text={polled.answer?.text ?? ''} what="The configuration" />
        </>
      }
    >
      <PolledView polled={polled} what="the configuration">
        {answer =>
          settings ? (
            <Table
              label="Values in force"
              columns={settingColumns}
              rows={rows}
              rowKey={({ path }) => path}
              rowClass={({ isDefault }) => (isDefault ? 'row-quiet' : undefined)}
              empty={<EmptyState title="No setting fits." />}
            />
          ) : (
            <CodeBlock label="The configuration" text={answer.text} />
          )
        }
      </PolledView>
    </Panel>
  )
}

const settingColumns: readonly Column<Setting>[] = [
  {
    key: 'path',
    title: 'Setting',
    isHead: true,
    sort: ({ path }) => path,
    cell: ({ path }) => <Text value={path} isCode />,
  },
  {
    key: 'value',
    title: 'Value',
    isWide: true,
    cell: ({ value }) => <Text value={value} isCode charactersMax={1_000} />,
  },
  {
    key: 'origin',
    title: 'From',
    sort: ({ origin }) => origin,
    cell: ({ origin }) => <Text value={origin} />,
  },
]
