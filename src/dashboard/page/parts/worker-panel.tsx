import type { ChildView, StackView } from '../../api.ts'
import { withQuery } from '../api-client.ts'
import { formatBytes, formatMs, formatNumber, formatPercent } from '../formats.ts'
import { hrefOf } from '../router.ts'
import { parseTime } from '../times.ts'
import { usePolled } from '../use-polled.ts'
import { visibleText } from '../visible-text.ts'
import { StateBadge } from './badge.tsx'
import { Button } from './button.tsx'
import { CodeBlock } from './code-block.tsx'
import { PolledView } from './conditions.tsx'
import { Dialog } from './dialog.tsx'
import { Facts } from './facts.tsx'
import { Since, Time } from './time.tsx'

interface WorkerPanelProps {
  readonly child: ChildView
  onClose(): void
}

/** What one worker is at: its figures, and where its code is right now. */
export function WorkerPanel({ child, onClose }: WorkerPanelProps) {
  const { name, state, pid, generation, startedAt, lastExit, restarts, waitsFor, kind } = child
  // What does not run has no figures: what is known are those of its last moment.
  const ofRunning = <Value,>(value: Value) => (pid === undefined ? undefined : value)
  return (
    <Dialog title={visibleText(name)} place="side" onClose={onClose}>
      <Facts
        facts={{
          State: <StateBadge child={child} />,
          Pid: pid,
          Generation: generation,
          Up: ofRunning(<Since at={startedAt} />),
          Requests: ofRunning(kind === 'web' ? formatNumber(child.requests) : undefined),
          'Loop delay': ofRunning(formatMs(child.loopDelayMs)),
          'Loop in use': ofRunning(formatPercent(100 * child.utilization)),
          CPU: ofRunning(formatPercent(child.cpuPercent)),
          Memory: ofRunning(formatBytes(child.rssBytes)),
          Restarts: restarts,
          'Lines dropped': child.logDropped > 0 ? formatNumber(child.logDropped) : undefined,
          'Waits for': waitsFor,
          'Last exit': lastExit && visibleText(lastExit.reason),
          'Exited at': lastExit && <Time at={parseTime(lastExit.at)} />,
        }}
      />
      <p>
        <a href={hrefOf('logs', { source: name })} onClick={onClose}>
          Its output
        </a>
      </p>
      {pid !== undefined && state !== 'STOPPING' && <Stack target={name} />}
    </Dialog>
  )
}

function Stack({ target }: { readonly target: string }) {
  const polled = usePolled<StackView>(withQuery('/api/stack', { target }), undefined)
  return (
    <section class="stack" aria-label="Stack">
      <header>
        <h3>What it is doing</h3>
        <Button onClick={polled.refresh}>Look again</Button>
      </header>
      <PolledView polled={polled} what="the stack">
        {({ stack }) => <CodeBlock label={`Stack of ${target}`} text={stack} />}
      </PolledView>
    </section>
  )
}
