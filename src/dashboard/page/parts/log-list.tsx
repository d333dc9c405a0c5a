import { useState } from 'preact/hooks'
import { useNow } from '../clock.ts'
import type { ShownLine } from '../log-lines.ts'
import { memo } from '../memo.ts'
import { hrefOf } from '../router.ts'
import { formatExactTime } from '../times.ts'
import { cutText, visibleText } from '../visible-text.ts'
import { Button } from './button.tsx'
import { CodeBlock } from './code-block.tsx'
import { Text } from './text.tsx'
import { Time } from './time.tsx'
import { VirtualList } from './virtual-list.tsx'

const rowHeightPx = 22
/** What can be seen of a line in a row; all of it is shown when it is opened. */
const shownMax = 600

interface LogListProps {
  readonly label: string
  readonly lines: readonly ShownLine[]
  /** Whether each line says whose it is. */
  readonly hasSources: boolean
}

/** Lines of output, the latest at the end, where it stays unless somebody scrolls up; the one that is chosen in full below. */
export function LogList({ label, lines, hasSources }: LogListProps) {
  const [chosen, setChosen] = useState<ShownLine>()
  return (
    <div class="logs">
      <VirtualList
        label={label}
        items={lines}
        itemKey={({ id }) => id}
        rowHeightPx={rowHeightPx}
        rowClass={({ level, missed }) => `log-row log-${level} ${missed === undefined ? '' : 'log-gap'}`}
        row={line => <LogRow line={line} hasSources={hasSources} />}
        isTail
        chosenKey={chosen?.id}
        onOpen={line => setChosen(line.id === chosen?.id ? undefined : line)}
      />
      {chosen && <LogDetail line={chosen} onClose={() => setChosen(undefined)} />}
    </div>
  )
}

interface LogRowProps {
  readonly line: ShownLine
  readonly hasSources: boolean
}

const LogRow = memo(function LogRow({ line: { at, source, text, fields, missed }, hasSources }: LogRowProps) {
  if (missed !== undefined) return <>{text}</>
  return (
    <>
      <LogTime at={at} />
      {hasSources && <bdi class="log-source">{visibleText(source)}</bdi>}
      <bdi class="log-text">
        {visibleText(cutText(text, shownMax))}
        {fields !== '' && <span class="log-fields"> {visibleText(cutText(fields, shownMax))}</span>}
      </bdi>
    </>
  )
})

function LogTime({ at }: Pick<ShownLine, 'at'>) {
  return <span class="log-time">{useNow(now => formatExactTime(at, now))}</span>
}

interface LogDetailProps {
  readonly line: ShownLine
  onClose(): void
}

function LogDetail({ line: { at, source, level, raw, missed }, onClose }: LogDetailProps) {
  return (
    <section class="log-detail" aria-label="The chosen line">
      <header>
        <Time at={at} />
        {missed === undefined && (
          <a href={hrefOf('logs', { source })}>
            <Text value={source} isCode />
          </a>
        )}
        <span>{level}</span>
        <Button kind="plain" label="Close the line" onClick={onClose}>
          ✕
        </Button>
      </header>
      <CodeBlock label="The line as it came" text={readable(raw)} isWrapped />
    </section>
  )
}

/** A record of JSON with a field a line. */
function readable(raw: string): string {
  try {
    return raw.startsWith('{') ? JSON.stringify(JSON.parse(raw), undefined, 2) : raw
  } catch {
    return raw
  }
}
