import type { ChildView } from '../../api.ts'
import { formatBytes, formatPercent } from '../formats.ts'
import { hrefOf } from '../router.ts'
import { parseTime } from '../times.ts'
import { useLogLines } from '../use-log-lines.ts'
import { visibleText } from '../visible-text.ts'
import { StateBadge } from './badge.tsx'
import { ChildActions, isStill } from './child-actions.tsx'
import { EmptyState, LoadingState } from './conditions.tsx'
import { Dialog } from './dialog.tsx'
import { Facts } from './facts.tsx'
import { LogList } from './log-list.tsx'
import { ScaleStepper } from './scale-stepper.tsx'
import { Since, Time } from './time.tsx'

interface ProgramPanelProps {
  readonly child: ChildView
  /** All programs: those of the same one are counted. */
  readonly siblings: readonly ChildView[]
  onClose(): void
}

const firstLines = 200

/** One process of a program: how it is, and what it prints. */
export function ProgramPanel({ child, siblings, onClose }: ProgramPanelProps) {
  const { name, app, state, pid, startedAt, restarts, lastExit, waitsFor, cpuPercent, rssBytes } = child
  const count = new Set(siblings.filter(sibling => sibling.app === app).map(sibling => sibling.name)).size
  return (
    <Dialog
      title={visibleText(name)}
      place="side"
      onClose={onClose}
      actions={
        <ChildActions
          target={name}
          isRunning={!isStill(state)}
          stopText="It is asked to end, and killed if it does not in time. It stays stopped until it is started again."
        />
      }
    >
      <Facts
        facts={{
          State: <StateBadge child={child} />,
          Pid: pid,
          Up: pid === undefined ? undefined : <Since at={startedAt} />,
          CPU: pid === undefined ? undefined : formatPercent(cpuPercent),
          Memory: pid === undefined ? undefined : formatBytes(rssBytes),
          Restarts: restarts,
          Processes: <ScaleStepper target={app} count={count} what="processes" />,
          'Waits for': waitsFor,
          'Last exit': lastExit && visibleText(lastExit.reason),
          'Exited at': lastExit && <Time at={parseTime(lastExit.at)} />,
        }}
      />
      <LogTail source={name} />
      <p>
        <a href={hrefOf('logs', { source: name })}>All of its output</a>
      </p>
    </Dialog>
  )
}

function LogTail({ source }: { readonly source: string }) {
  const { lines, phase } = useLogLines(source, firstLines)
  return (
    <section class="log-tail" aria-label="Output">
      {lines.length > 0 ? (
        <LogList label={`Output of ${source}`} lines={lines} hasSources={false} />
      ) : phase === 'connecting' ? (
        <LoadingState what="its output" />
      ) : (
        <EmptyState
          title={phase === 'open' ? 'It has printed nothing.' : 'Its output cannot be had now; it is tried again.'}
        />
      )}
    </section>
  )
}
