import { useState } from 'preact/hooks'
import type { StoreView } from '../../api.ts'
import { formatBytes, formatDuration, formatNumber } from '../formats.ts'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { Segments } from '../parts/fields.tsx'
import { Figure, Figures } from '../parts/figures.tsx'
import { Page } from '../parts/page.tsx'
import { Panel } from '../parts/panel.tsx'
import { Text } from '../parts/text.tsx'
import { usePolled } from '../use-polled.ts'
import { KeysPanel } from './store-keys.tsx'
import { TopicsPanel } from './store-topics.tsx'

const everyMs = 5_000
const views = [
  ['keys', 'Keys'],
  ['topics', 'Topics'],
] as const

/** The shared store: what is in it, and what is published there. */
export function StorePage() {
  const polled = usePolled<StoreView>('/api/store', everyMs)
  const [view, setView] = useState<(typeof views)[number][0]>('keys')
  const isOpen = polled.answer?.state === 'open'
  return (
    <Page
      title="Store"
      actions={
        isOpen && <Segments label="What to look at" value={view} options={views} onChange={chosen => setView(chosen)} />
      }
      lead={polled.answer && <Text value={polled.answer.place} isCode />}
    >
      <PolledView polled={polled} what="the store">
        {({ state, info }) =>
          state === 'idle' ? (
            <Unused />
          ) : (
            <>
              <StoreFigures info={info} />
              {view === 'keys' ? <KeysPanel /> : <TopicsPanel />}
              <Particulars info={info} />
            </>
          )
        }
      </PolledView>
    </Page>
  )
}

function Unused() {
  return (
    <EmptyState title="Nobody has used the store yet.">
      It begins with the first key that a process writes, by <code>import {'{ store }'} from 'saola/store'</code>. A
      look from here does not start it.
    </EmptyState>
  )
}

function StoreFigures({ info }: Pick<StoreView, 'info'>) {
  const number = (name: string) => (typeof info[name] === 'number' ? info[name] : undefined)
  return (
    <Figures>
      <Figure label="Keys" value={formatNumber(number('keys'))} />
      {number('bytes') !== undefined && <Figure label="File" value={formatBytes(number('bytes'))} />}
      <Figure label="Memory" value={formatBytes(number('rssBytes'))} />
      <Figure label="Runs for" value={formatDuration((number('uptimeSeconds') ?? Number.NaN) * 1_000)} />
    </Figures>
  )
}

/** All that the store tells of itself. */
function Particulars({ info }: Pick<StoreView, 'info'>) {
  return (
    <Panel title="What it tells of itself">
      <dl class="facts">
        {Object.entries(info).map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>
              <Text value={String(value)} isCode />
            </dd>
          </div>
        ))}
      </dl>
    </Panel>
  )
}
