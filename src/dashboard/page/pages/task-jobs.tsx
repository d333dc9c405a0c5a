/** Jobs by state, task and queue, a page at a time. */
import { useMemo, useState } from 'preact/hooks'
import type { JobPage, JobState, JobSummary, QueueView, TaskDone, TasksView } from '../../api.ts'
import { post, withQuery } from '../api-client.ts'
import { formatCount, formatShort } from '../formats.ts'
import { ActionButton, Button } from '../parts/button.tsx'
import { EmptyState, PolledView } from '../parts/conditions.tsx'
import { FilterField, SelectField } from '../parts/fields.tsx'
import { Pager } from '../parts/pager.tsx'
import { Panel } from '../parts/panel.tsx'
import { type Column, Table } from '../parts/table.tsx'
import { Text } from '../parts/text.tsx'
import { RelativeTime } from '../parts/time.tsx'
import { replaceQuery, useRoute } from '../router.ts'
import { tell } from '../toasts.ts'
import { usePages } from '../use-pages.ts'
import { usePolled } from '../use-polled.ts'
import { useSettled } from '../use-settled.ts'
import { cutText, visibleText } from '../visible-text.ts'
import { JobDialog } from './task-job.tsx'
import { JobBadge, jobStates } from './task-state.tsx'

interface JobsProps {
  readonly counts: TasksView['counts']
  readonly queues: readonly QueueView[]
  onChange(): void
}

interface Filter {
  readonly state: JobState | ''
  readonly task: string
  readonly queue: string
}

const everyMs = 3_000

export function JobsPanel({ counts, queues, onChange }: JobsProps) {
  const filter = useFilter()
  const [opened, setOpened] = useState<string>()
  const settled = useSettled(filter.task)
  const query = { ...given('state', filter.state), ...given('task', settled), ...given('queue', filter.queue) }
  const pages = usePages(JSON.stringify(query))
  const path = withQuery('/api/tasks/jobs', { ...query, after: pages.after })
  // Older pages stay as they are while they are read.
  const polled = usePolled<JobPage>(path, pages.number === 1 ? everyMs : undefined)
  const columns = useMemo(() => columnsFor(setOpened), [])
  const change = () => {
    polled.refresh()
    onChange()
  }
  const set = (changed: Partial<Filter>) => {
    const next = { ...filter, ...changed }
    replaceQuery({ ...given('state', next.state), ...given('task', next.task), ...given('queue', next.queue) })
  }
  return (
    <Panel
      title="Jobs"
      isFlush
      actions={
        <>
          <FilterField
            label="Jobs of this task"
            placeholder="Task…"
            value={filter.task}
            onChange={task => set({ task })}
          />
          <SelectField
            label="Queue"
            value={filter.queue}
            options={queueOptions(queues, filter.queue)}
            onChange={queue => set({ queue })}
          />
          {filter.state === 'dead' && <RetryAllButton filter={filter} count={counts.dead} onChange={change} />}
        </>
      }
    >
      <StateTabs counts={counts} state={filter.state} onChange={state => set({ state })} />
      <PolledView polled={polled} what="the jobs">
        {({ jobs, next }) => (
          <>
            <Table
              label={filter.state === '' ? 'Jobs' : `Jobs that are ${filter.state}`}
              columns={columns}
              rows={jobs}
              rowKey={({ id }) => id}
              empty={<NoJobs hasMore={next !== undefined} />}
            />
            <Pager what="jobs" pages={pages} next={next} />
          </>
        )}
      </PolledView>
      {opened !== undefined && <JobDialog id={opened} onClose={() => setOpened(undefined)} onChange={change} />}
    </Panel>
  )
}

function useFilter(): Filter {
  const { query } = useRoute()
  const state = jobStates.find(one => one === query.get('state')) ?? ''
  return { state, task: query.get('task') ?? '', queue: query.get('queue') ?? '' }
}

function NoJobs({ hasMore }: { readonly hasMore: boolean }) {
  if (hasMore) return <EmptyState title="None found so far.">There are very many jobs: look on.</EmptyState>
  return <EmptyState title="No such job." />
}

interface TabsProps {
  readonly counts: TasksView['counts']
  readonly state: JobState | ''
  onChange(state: JobState | ''): void
}

function StateTabs({ counts, state, onChange }: TabsProps) {
  const all = Object.values(counts).reduce((sum, count) => sum + count, 0)
  const tabs: readonly (readonly [JobState | '', number])[] = [
    ['', all],
    ...jobStates.map(one => [one, counts[one]] as const),
  ]
  return (
    <fieldset class="state-tabs">
      <legend class="unseen">State</legend>
      {tabs.map(([one, count]) => (
        <Button
          key={one}
          isPressed={one === state}
          kind={one === 'dead' && count > 0 ? 'danger' : 'normal'}
          label={`${one === '' ? 'all' : one}, ${formatCount(count, 'job')}`}
          onClick={() => onChange(one)}
        >
          {one === '' ? 'all' : one} <span class="tab-count">{formatShort(count)}</span>
        </Button>
      ))}
    </fieldset>
  )
}

interface RetryAllProps {
  readonly filter: Filter
  readonly count: number
  onChange(): void
}

function RetryAllButton({ filter: { task, queue }, count, onChange }: RetryAllProps) {
  const isAll = task === '' && queue === ''
  const which = isAll ? `all ${formatCount(count, 'dead job')}` : 'the dead jobs of this filter'
  const retry = async () => {
    const input = { all: 'dead', ...given('task', task), ...given('queue', queue) }
    const { count: retried, problems } = await post<TaskDone>('/api/tasks/retry', input)
    tell(`${formatCount(retried, 'job')} will run again.`, problems)
    onChange()
  }
  return (
    <ActionButton
      confirm={{ title: `Retry ${which}?`, text: 'Each begins anew, with all its attempts.', yes: 'Retry' }}
      disabledReason={count === 0 ? 'There is none.' : undefined}
      onClick={retry}
    >
      Retry all
    </ActionButton>
  )
}

function columnsFor(open: (id: string) => void): readonly Column<JobSummary>[] {
  return [
    {
      key: 'task',
      title: 'Task',
      isHead: true,
      cell: ({ id, task }) => (
        <button type="button" class="link name-link" onClick={() => open(id)} title={id}>
          {task.trim() === '' ? '(blank)' : <Text value={task} isCode charactersMax={80} />}
        </button>
      ),
    },
    { key: 'state', title: 'State', cell: job => <JobBadge job={job} /> },
    { key: 'queue', title: 'Queue', cell: ({ queue }) => <Text value={queue} charactersMax={60} /> },
    {
      key: 'attempt',
      title: 'Attempt',
      isNumber: true,
      cell: ({ attempt, attempts }) => `${attempt} of ${attempts}`,
    },
    { key: 'when', title: 'When', cell: job => <RelativeTime at={momentOf(job)} /> },
    {
      key: 'text',
      title: 'Input or error',
      isWide: true,
      cell: ({ text }) => <Text value={text} isCode charactersMax={200} class="job-text" />,
    },
  ]
}

/** What counts most of its times. */
function momentOf({ finished, started, due, created, state }: JobSummary): number {
  return finished ?? (state === 'active' ? started : due) ?? created
}

function queueOptions(queues: readonly QueueView[], chosen: string): (readonly [string, string])[] {
  const names = new Set([...queues.map(({ name }) => name), ...(chosen === '' ? [] : [chosen])])
  return [['', 'All queues'], ...[...names].map(name => [name, visibleText(cutText(name, 60))] as const)]
}

function given<Name extends string>(name: Name, value: string): Record<string, string> {
  return value === '' ? {} : { [name]: value }
}
