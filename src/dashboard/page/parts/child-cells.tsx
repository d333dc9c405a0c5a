/** Cells of tables of children: workers, programs and services have most of them in common. */
import type { ChildView } from '../../api.ts'
import { formatBytes, formatMs, formatNumber, formatPercent, none } from '../formats.ts'
import { isDraining, stateWord } from '../live-state.ts'
import { parseTime } from '../times.ts'
import { visibleText } from '../visible-text.ts'
import { StateBadge } from './badge.tsx'
import type { ChildRow } from './child-rows.ts'
import { Facts } from './facts.tsx'
import type { Column } from './table.tsx'
import { Since, Time } from './time.tsx'

export type ChildColumn = Column<ChildRow>

export const stateColumn: ChildColumn = {
  key: 'state',
  title: 'State',
  sort: ({ child }) => stateWord(child),
  cell: ({ child }) => <StateBadge child={child} />,
}

export const pidColumn: ChildColumn = {
  key: 'pid',
  title: 'Pid',
  isNumber: true,
  sort: ({ child }) => child.pid,
  cell: ({ child: { pid } }) => pid ?? none,
}

export const generationColumn: ChildColumn = {
  key: 'generation',
  title: 'Gen.',
  hint: 'The reload that it came with.',
  isNumber: true,
  sort: ({ child }) => child.generation,
  cell: ({ child: { generation } }) => generation,
}

export const uptimeColumn: ChildColumn = {
  key: 'uptime',
  title: 'Up',
  isNumber: true,
  // The longest up is the one that has started first.
  sort: ({ child: { startedAt } }) => startedAt && -startedAt,
  cell: ({ child: { startedAt, pid } }) => <Since at={pid === undefined ? undefined : startedAt} />,
}

export const loopColumn: ChildColumn = {
  key: 'loop',
  title: 'Loop delay',
  hint: 'How late its event loop was, at worst, in the last second.',
  isNumber: true,
  sort: ({ child }) => child.loopDelayMs,
  cell: ({ child: { pid, loopDelayMs } }) => (
    <span class={loopDelayMs > 200 ? 'tone-warn' : ''}>{pid === undefined ? none : formatMs(loopDelayMs)}</span>
  ),
}

export const cpuColumn: ChildColumn = {
  key: 'cpu',
  title: 'CPU',
  isNumber: true,
  sort: ({ child }) => child.cpuPercent,
  cell: ({ child: { pid, cpuPercent } }) => (pid === undefined ? none : formatPercent(cpuPercent)),
}

export const memoryColumn: ChildColumn = {
  key: 'memory',
  title: 'Memory',
  isNumber: true,
  sort: ({ child }) => child.rssBytes,
  cell: ({ child: { pid, rssBytes } }) => (pid === undefined ? none : formatBytes(rssBytes)),
}

export const restartsColumn: ChildColumn = {
  key: 'restarts',
  title: 'Restarts',
  hint: 'How often this place was filled again after an end that nobody asked for.',
  isNumber: true,
  sort: ({ child }) => child.restarts,
  cell: ({ child: { restarts } }) => <span class={restarts > 0 ? 'tone-warn' : 'faint'}>{formatNumber(restarts)}</span>,
}

/** Why it has ended, or waits: cut in the row, and in full below it. */
export function reasonColumn(onToggle: (id: string) => void): ChildColumn {
  return {
    key: 'reason',
    title: 'Last exit',
    isWide: true,
    sort: ({ child }) => child.lastExit?.at,
    cell: ({ child: { id, lastExit, waitsFor }, isOpen }) => {
      const text = waitsFor === undefined ? lastExit?.reason : `waits for ${waitsFor}`
      if (text === undefined) return <span class="faint">{none}</span>
      return (
        <button type="button" class="link reason" aria-expanded={isOpen} onClick={() => onToggle(id)}>
          <bdi>{visibleText(text)}</bdi>
        </button>
      )
    },
  }
}

/** All of it, below its row. */
export function ReasonDetail({ child: { lastExit, waitsFor } }: { readonly child: ChildView }) {
  return (
    <Facts
      facts={{
        'Waits for': waitsFor,
        'Last exit': lastExit && visibleText(lastExit.reason),
        At: lastExit && <Time at={parseTime(lastExit.at)} />,
        Code: lastExit?.code,
        Signal: lastExit?.signal,
      }}
    />
  )
}

/** Marks the rows of those that end. */
export function childRowClass({ child }: ChildRow): string | undefined {
  return isDraining(child) ? 'row-quiet' : undefined
}
