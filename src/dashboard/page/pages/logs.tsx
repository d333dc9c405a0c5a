import { useMemo, useState } from 'preact/hooks'
import type { ChildView } from '../../api.ts'
import { formatNumber } from '../formats.ts'
import { filterLines, type LogLevel } from '../log-lines.ts'
import { Badge } from '../parts/badge.tsx'
import { Button } from '../parts/button.tsx'
import { EmptyState } from '../parts/conditions.tsx'
import { CopyButton } from '../parts/copy-button.tsx'
import { FilterField, SelectField } from '../parts/fields.tsx'
import { LogList } from '../parts/log-list.tsx'
import { Page } from '../parts/page.tsx'
import { replaceQuery, useRoute } from '../router.ts'
import { useLive } from '../use-live.ts'
import { linesMax, useLogLines } from '../use-log-lines.ts'
import { visibleText } from '../visible-text.ts'

const levels: readonly (readonly [LogLevel, string])[] = [
  ['debug', 'All levels'],
  ['info', 'Info and above'],
  ['warn', 'Warnings and above'],
  ['error', 'Errors'],
]
/** So many of the past are asked for. */
const firstLines = 500

export function LogsPage() {
  const source = useRoute().query.get('source') ?? ''
  const [least, setLeast] = useState<LogLevel>('debug')
  const [text, setText] = useState('')
  const log = useLogLines(source || undefined, firstLines)
  const { lines, phase, isPaused, heldCount, setPaused, clear } = log
  const shown = useMemo(() => filterLines(lines, { least, text }), [lines, least, text])
  const isFiltered = shown.length !== lines.length
  return (
    <Page
      title="Logs"
      actions={
        <>
          <SourceField source={source} />
          <SelectField label="Level" value={least} options={levels} onChange={setLeast} />
          <FilterField label="Filter the lines" value={text} onChange={setText} />
          <Button isPressed={isPaused} onClick={() => setPaused(!isPaused)}>
            {isPaused ? 'Resume' : 'Pause'}
          </Button>
          <Button onClick={clear}>Clear</Button>
        </>
      }
    >
      <section class="panel log-panel" aria-label="Lines">
        {shown.length === 0 ? (
          <EmptyState title={lines.length === 0 ? 'No line has come yet.' : 'No line fits the filter.'} />
        ) : (
          <LogList label="Lines of output" lines={shown} hasSources={source === '' || !source.includes(':')} />
        )}
        <footer class="log-foot">
          {isPaused ? (
            <Badge tone="warn">paused, {formatNumber(heldCount)} more came</Badge>
          ) : (
            <Badge tone={phase === 'open' ? 'good' : phase === 'lost' ? 'bad' : 'busy'}>
              {phase === 'open' ? 'following' : phase === 'lost' ? 'lost, trying again' : 'connecting'}
            </Badge>
          )}
          <span>
            {isFiltered && `${formatNumber(shown.length)} of `}
            {formatNumber(lines.length)} lines{lines.length >= linesMax && ', the oldest are let go'}
          </span>
          <CopyButton text={() => shown.map(({ raw }) => raw).join('\n')} what="What is shown" />
        </footer>
      </section>
    </Page>
  )
}

function SourceField({ source }: { readonly source: string }) {
  const names = useLive(view => sourceNames(view.children))
  const options = useMemo(() => {
    const known = (names ?? '').split('\n').filter(Boolean)
    const all = source === '' || known.includes(source) ? known : [source, ...known]
    return [['', 'All sources'] as const, ...all.map(name => [name, visibleText(name)] as const)]
  }, [names, source])
  const choose = (next: string) => replaceQuery(next === '' ? {} : { source: next })
  return <SelectField label="Source" value={source} options={options} onChange={choose} />
}

/** One text: the same as long as they are the same. */
function sourceNames(children: readonly ChildView[]): string {
  const groups = new Set(children.map(({ app }) => app))
  const names = new Set(children.map(({ name }) => name))
  return ['saola', ...[...new Set([...groups, ...names])].sort()].join('\n')
}
