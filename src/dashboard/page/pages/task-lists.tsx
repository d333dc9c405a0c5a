/** What is not a job: queues, processes, schedules. */
import { useMemo } from 'preact/hooks'
import type { QueueView, ScheduleView, TaskWorkerView } from '../../api.ts'
import { post } from '../api-client.ts'
import { formatNumber } from '../formats.ts'
import { Badge } from '../parts/badge.tsx'
import { ActionButton } from '../parts/button.tsx'
import { EmptyState } from '../parts/conditions.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { tell } from '../toasts.ts'
import { cutText, visibleText } from '../visible-text.ts'

interface QueuesProps {
  readonly queues: readonly QueueView[]
  onChange(): void
}

export function QueuesPanel({ queues, onChange }: QueuesProps) {
  const columns = useMemo(() => queueColumns(onChange), [onChange])
  return (
    <Panel title="Queues" isFlush>
      <Table
        label="Queues"
        columns={columns}
        rows={queues}
        rowKey={({ name }) => name}
        empty={<EmptyState title="No queue has a job or a process." />}
      />
    </Panel>
  )
}

function queueColumns(onChange: () => void): readonly Column<QueueView>[] {
  const count = (key: 'ready' | 'active' | 'scheduled' | 'blocked', title: string, hint: string) => ({
    ...{ key, title, hint, isNumber: true },
    sort: (queue: QueueView) => queue[key],
    cell: (queue: QueueView) => formatNumber(queue[key]),
  })
  return [
    {
      key: 'name',
      title: 'Queue',
      isHead: true,
      isWide: true,
      sort: ({ name }) => name,
      cell: queue => <Text value={queue.name} isCode charactersMax={120} />,
    },
    {
      key: 'state',
      title: 'State',
      cell: ({ isPaused }) => <Badge tone={isPaused ? 'warn' : 'good'}>{isPaused ? 'paused' : 'open'}</Badge>,
    },
    count('ready', 'Ready', 'Wait for a process that is free.'),
    count('active', 'Active', 'Are run now.'),
    count('scheduled', 'Scheduled', 'Wait for their time.'),
    count('blocked', 'Blocked', 'Wait for others of their key.'),
    {
      key: 'actions',
      title: 'Actions',
      isActions: true,
      cell: queue => <PauseButton queue={queue} onChange={onChange} />,
    },
  ]
}

function PauseButton({ queue: { name, isPaused }, onChange }: { readonly queue: QueueView; onChange(): void }) {
  const shown = visibleText(cutText(name, 80))
  const change = async () => {
    await post(`/api/tasks/${isPaused ? 'resume' : 'pause'}`, { queue: name })
    tell(isPaused ? `${shown} goes on.` : `${shown} is paused: nothing of it begins.`)
    onChange()
  }
  const word = isPaused ? 'Resume' : 'Pause'
  return (
    <ActionButton label={`${word} ${shown}`} onClick={change}>
      {word}
    </ActionButton>
  )
}

const scheduleColumns: readonly Column<ScheduleView>[] = [
  {
    key: 'name',
    title: 'Schedule',
    isHead: true,
    sort: ({ name }) => name,
    cell: ({ name }) => <Text value={name} isCode charactersMax={120} />,
  },
  {
    key: 'task',
    title: 'Task',
    sort: ({ task }) => task,
    cell: ({ task }) => <Text value={task} isCode charactersMax={120} />,
  },
  { key: 'when', title: 'When', isWide: true, cell: ({ when }) => <Text value={when} charactersMax={300} /> },
  { key: 'next', title: 'Next run', sort: ({ next }) => next, cell: ({ next }) => <RelativeTime at={next} /> },
  {
    key: 'last',
    title: 'Last run',
    sort: ({ last }) => last,
    cell: ({ last }) => (last === undefined ? <span class="faint">never</span> : <RelativeTime at={last} />),
  },
]

export function SchedulesPanel({ schedules }: { readonly schedules: readonly ScheduleView[] }) {
  return (
    <Panel title="Schedules" isFlush>
      <Table
        label="Schedules"
        columns={scheduleColumns}
        rows={schedules}
        rowKey={({ name }) => name}
        empty={<EmptyState title="Nothing runs again and again." />}
      />
    </Panel>
  )
}

const workerColumns: readonly Column<TaskWorkerView>[] = [
  {
    key: 'slot',
    title: 'Process',
    isHead: true,
    sort: ({ slot }) => slot,
    cell: ({ slot }) => <Text value={slot} isCode />,
  },
  { key: 'pool', title: 'Pool', sort: ({ pool }) => pool, cell: ({ pool }) => <Text value={pool} /> },
  {
    key: 'host',
    title: 'Host',
    sort: ({ host }) => host,
    cell: ({ host }) => <Text value={host} charactersMax={80} />,
  },
  { key: 'pid', title: 'Pid', isNumber: true, sort: ({ pid }) => pid, cell: ({ pid }) => String(pid) },
  {
    key: 'active',
    title: 'Active',
    isNumber: true,
    sort: ({ active }) => active,
    cell: ({ active }) => formatNumber(active),
  },
  {
    key: 'lease',
    title: 'Lease ends',
    hint: 'It is made longer again and again; when it ends, others take its jobs.',
    sort: ({ leaseUntil }) => leaseUntil,
    cell: ({ leaseUntil }) => <RelativeTime at={leaseUntil} />,
  },
  { key: 'queues', title: 'Queues', cell: ({ queues }) => <Text value={queues.join(', ')} charactersMax={200} /> },
  {
    key: 'tasks',
    title: 'Tasks',
    isWide: true,
    cell: ({ tasks }) => <Text value={tasks.join(', ')} charactersMax={300} />,
  },
]

export function TaskWorkersPanel({ workers }: { readonly workers: readonly TaskWorkerView[] }) {
  return (
    <Panel title="Processes" isFlush>
      <Table
        label="Processes that run tasks"
        columns={workerColumns}
        rows={workers}
        rowKey={({ slot }) => slot}
        empty={<EmptyState title="No process runs tasks now.">What is enqueued waits for one.</EmptyState>}
      />
    </Panel>
  )
}
