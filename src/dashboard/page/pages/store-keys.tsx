/** The keys of the store by their beginning, a page at a time. */
import { useMemo, useState } from 'preact/hooks'
import type { KeyPage, KeySummary } from '../../api.ts'
import { withQuery } from '../api-client.ts'
import { formatBytes, formatCount, formatNumber } from '../formats.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { FilterField } from '../parts/fields.tsx'
import { Pager } from '../parts/pager.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { replaceQuery, useRoute } from '../router.ts'
import { usePages } from '../use-pages.ts'
import { usePolled } from '../use-polled.ts'
import { useSettled } from '../use-settled.ts'
import { cutText, visibleText } from '../visible-text.ts'
import { KeyDialog } from './store-key.tsx'

export function KeysPanel() {
  const { query } = useRoute()
  const prefix = query.get('prefix') ?? ''
  const [opened, setOpened] = useState<KeySummary>()
  const settled = useSettled(prefix)
  const pages = usePages(settled)
  const polled = usePolled<KeyPage>(withQuery('/api/store/keys', { prefix: settled, after: pages.after }), undefined)
  const setPrefix = (text: string) => replaceQuery(text === '' ? {} : { prefix: text })
  const columns = useMemo(() => columnsFor(setOpened), [])
  return (
    <Panel
      title="Keys"
      isFlush
      actions={
        <>
          <FilterField label="Keys that begin with" placeholder="Begins with…" value={prefix} onChange={setPrefix} />
          <Button onClick={polled.refresh}>Refresh</Button>
        </>
      }
    >
      <PolledView polled={polled} what="the keys">
        {({ keys, spaces, next }) => (
          <>
            <Spaces prefix={settled} spaces={spaces} onChoose={setPrefix} />
            <Table
              label="Keys"
              columns={columns}
              rows={keys}
              rowKey={({ id }) => id}
              empty={<NoKeys prefix={settled} hasMore={next !== undefined} />}
            />
            <Pager what="keys" pages={pages} next={next} />
          </>
        )}
      </PolledView>
      {opened && <KeyDialog summary={opened} onClose={() => setOpened(undefined)} onChange={polled.refresh} />}
    </Panel>
  )
}

function NoKeys({ prefix, hasMore }: { readonly prefix: string; readonly hasMore: boolean }) {
  if (hasMore) return <EmptyState title="None found so far.">There are very many keys here: look on.</EmptyState>
  if (prefix === '') return <EmptyState title="The store is empty." />
  return (
    <EmptyState title="No key begins with this.">
      <Text value={prefix} isCode />
    </EmptyState>
  )
}

interface SpacesProps {
  readonly prefix: string
  readonly spaces: readonly string[]
  onChoose(prefix: string): void
}

/** What is in front of colons: one step down each, and one up. */
function Spaces({ prefix, spaces, onChoose }: SpacesProps) {
  const parent = prefix.slice(0, prefix.lastIndexOf(':', prefix.length - 2) + 1)
  if (spaces.length === 0 && prefix === '') return null
  return (
    <nav class="spaces" aria-label="Beginnings of keys">
      {prefix !== '' && (
        <Button
          kind="plain"
          label={`Up to ${parent === '' ? 'all keys' : visibleText(parent)}`}
          onClick={() => onChoose(parent)}
        >
          ↑ {parent === '' ? 'All' : <Text value={parent} charactersMax={40} />}
        </Button>
      )}
      {spaces.map(space => (
        <Button
          key={space}
          label={`Keys that begin with ${visibleText(cutText(space, 200))}`}
          onClick={() => onChoose(space)}
        >
          <Text value={space.slice(prefix.length) || space} charactersMax={40} />
        </Button>
      ))}
    </nav>
  )
}

function columnsFor(open: (key: KeySummary) => void): readonly Column<KeySummary>[] {
  return [
    {
      key: 'name',
      title: 'Name',
      isHead: true,
      isWide: true,
      cell: key => (
        <button type="button" class="link name-link" onClick={() => open(key)}>
          <KeyName name={key.name} />
        </button>
      ),
    },
    {
      key: 'type',
      title: 'Type',
      sort: ({ type }) => type,
      cell: ({ type, purpose }) => (
        <>
          {type}
          {purpose !== undefined && (
            <Badge tone="quiet" title="Saola itself has written it.">
              {visibleText(purpose)}
            </Badge>
          )}
        </>
      ),
    },
    { key: 'size', title: 'Size', isNumber: true, sort: ({ size }) => size, cell: key => sizeOf(key) },
    {
      key: 'expiresAt',
      title: 'Ends',
      sort: ({ expiresAt }) => expiresAt,
      cell: ({ expiresAt }) =>
        expiresAt === undefined ? <span class="faint">never</span> : <RelativeTime at={expiresAt} />,
    },
  ]
}

/** One can see it, and press it, also when it has no letter that could be seen. */
function KeyName({ name }: { readonly name: string }) {
  if (name.trim() === '') return <span class="faint">{blankName(name)}</span>
  return <Text value={name} isCode charactersMax={200} />
}

export function blankName(name: string): string {
  return name === '' ? '(empty name)' : `(a name of ${formatCount(name.length, 'space')})`
}

export function sizeOf({ type, size }: Pick<KeySummary, 'type' | 'size'>): string {
  return type === 'string' ? formatBytes(size) : type === 'other' ? '' : formatNumber(size)
}
