import type { TasksView } from '../../api.ts'
import { PolledView } from '../parts/conditions.tsx'
import { Page } from '../parts/page.tsx'
import { usePolled } from '../use-polled.ts'
import { JobsPanel } from './task-jobs.tsx'
import { QueuesPanel, SchedulesPanel, TaskWorkersPanel } from './task-lists.tsx'

const everyMs = 2_000

/** Background tasks: what waits, runs and has failed, and what runs again and again. Only of a tree that has them. */
export function TasksPage() {
  const polled = usePolled<TasksView>('/api/tasks', everyMs)
  return (
    <Page title="Tasks">
      <PolledView polled={polled} what="the tasks">
        {view => (
          <>
            <JobsPanel counts={view.counts} queues={view.queues} onChange={polled.refresh} />
            <QueuesPanel queues={view.queues} onChange={polled.refresh} />
            <SchedulesPanel schedules={view.schedules} />
            <TaskWorkersPanel workers={view.workers} />
          </>
        )}
      </PolledView>
    </Page>
  )
}
