/** What is published in topics, as it comes. */
import { useRef, useState } from 'preact/hooks'
import type { LogGap, TopicMessage } from '../../api.ts'
import { withQuery } from '../api-client.ts'
import { formatCount } from '../formats.ts'
import { Button } from '../parts/button.tsx'
import { EmptyState } from '../parts/conditions.tsx'
import { FilterField } from '../parts/fields.tsx'
import { Panel } from '../parts/panel.tsx'
import { Text } from '../parts/text.tsx'
import { Time } from '../parts/time.tsx'
import { VirtualList } from '../parts/virtual-list.tsx'
import { type StreamNews, type StreamPhase, useStream } from '../use-stream.ts'
import { visibleText } from '../visible-text.ts'

/** The latest of them are kept. */
const keptMax = 500
const rowHeightPx = 28
const names = ['message', 'gap']

type Row = { readonly number: number } & ({ readonly message: TopicMessage } | { readonly gap: LogGap })

export function TopicsPanel() {
  const [pattern, setPattern] = useState('*')
  const [heard, setHeard] = useState<string>()
  const [rows, setRows] = useState<readonly Row[]>([])
  const count = useRef(0)
  const opened = useRef(0)
  const onNews = (news: readonly StreamNews[]) => {
    const added = news.map(({ name, data }): Row => {
      const number = ++count.current
      return name === 'gap' ? { number, gap: data as LogGap } : { number, message: data as TopicMessage }
    })
    add(added)
  }
  const add = (added: readonly Row[]) => setRows(before => [...before, ...added].slice(-keptMax))
  const onOpen = () => {
    // Of what was published while nobody listened, nothing comes later.
    if (opened.current++ > 0) add([{ number: ++count.current, gap: { missed: 0 } }])
  }
  const path = heard === undefined ? undefined : withQuery('/api/store/topics', { pattern: heard })
  const phase = useStream(path, names, { onNews, onOpen })
  const start = () => {
    setRows([])
    opened.current = 0
    setHeard(pattern === '' ? '*' : pattern)
  }
  const messages = rows.filter(row => 'message' in row).length
  return (
    <Panel
      title="Topics"
      note={`${describePhase(heard, phase)}, ${formatCount(messages, 'message')}`}
      isFlush
      actions={
        <>
          <FilterField label="Topics of this pattern" placeholder="chat:*" value={pattern} onChange={setPattern} />
          {heard === undefined ? (
            <Button kind="main" onClick={start}>
              Listen
            </Button>
          ) : (
            <Button onClick={() => setHeard(undefined)}>Stop</Button>
          )}
          <Button kind="plain" onClick={() => setRows([])}>
            Clear
          </Button>
        </>
      }
    >
      {rows.length === 0 ? (
        <EmptyState title={heard === undefined ? 'Nobody listens.' : 'Nothing was published yet.'}>
          A topic keeps no messages: what was published before is not to be seen.
        </EmptyState>
      ) : (
        <div class="topics">
          <VirtualList
            label="Messages"
            items={rows}
            itemKey={({ number }) => number}
            rowHeightPx={rowHeightPx}
            isTail
            row={row => <TopicRow row={row} />}
          />
        </div>
      )}
    </Panel>
  )
}

function describePhase(heard: string | undefined, phase: StreamPhase): string {
  if (heard === undefined) return 'stopped'
  const what = visibleText(heard)
  if (phase === 'open') return `listening to ${what}`
  return phase === 'lost' ? `lost ${what}, trying again` : `connecting to ${what}…`
}

function TopicRow({ row }: { readonly row: Row }) {
  if ('gap' in row) {
    const { missed } = row.gap
    return (
      <span class="topic-gap">
        {missed > 0
          ? `${formatCount(missed, 'message')} left out`
          : 'Some messages may be missing: for a while nobody listened.'}
      </span>
    )
  }
  const { at, topic, message, isCut } = row.message
  return (
    <span class="topic-row">
      <Time at={at} />
      <Text value={topic} isCode charactersMax={80} class="topic-name" />
      <Text value={isCut ? `${message}…` : message} isCode charactersMax={500} />
    </span>
  )
}
