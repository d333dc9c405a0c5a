import type { Look, QueueFigures } from './look.ts'
import { flag, type MetricGroup, type Sample, secondsOf, single } from './metric.ts'

/** Names of queues may be made of data, and each costs Prometheus a series for ever. */
const queuesMax = 100
/** What the rest is summed as. */
const rest = 'other'
const queueStates = ['ready', 'active', 'scheduled', 'blocked'] as const

/** As many as are told of, the others summed. Those that a process works on come first, then they go by name, so that they stay. */
function boundQueues(queues: readonly QueueFigures[], worked: ReadonlySet<string>): QueueFigures[] {
  const ordered = queues.toSorted(
    (a, b) => flag(worked.has(b.name)) - flag(worked.has(a.name)) || (a.name < b.name ? -1 : 1),
  )
  const told = ordered.slice(0, queuesMax)
  const others = ordered.slice(queuesMax)
  if (others.length === 0) return told
  const own = told.find(({ name }) => name === rest)
  return [...told.filter(queue => queue !== own), sumOf(own ? [own, ...others] : others)]
}

function sumOf(queues: readonly QueueFigures[]): QueueFigures {
  const sum = (state: (typeof queueStates)[number]) => queues.reduce((total, queue) => total + queue[state], 0)
  return {
    name: rest,
    isPaused: queues.some(({ isPaused }) => isPaused),
    ready: sum('ready'),
    active: sum('active'),
    scheduled: sum('scheduled'),
    blocked: sum('blocked'),
  }
}

function queuesOf({ tasks }: Look): QueueFigures[] {
  if (!tasks) return []
  return boundQueues(tasks.queues, new Set(tasks.workers.flatMap(({ queues }) => queues)))
}

/** By pool, the same number of them. */
function ofPools({ tasks }: Look, value: (worker: { readonly active: number }) => number): Sample[] {
  const sums = new Map<string, number>()
  for (const worker of tasks?.workers ?? []) sums.set(worker.pool, (sums.get(worker.pool) ?? 0) + value(worker))
  return [...sums].slice(0, queuesMax).map(([pool, sum]) => [[pool], sum])
}

/** How late the latest of the schedules is. */
function lagOf({ tasks }: Look): number | undefined {
  return tasks && secondsOf(Math.max(0, ...tasks.schedules.map(({ next }) => tasks.now - next)))
}

export const taskMetrics: MetricGroup = {
  title: 'Tasks',
  about:
    'In a tree with a section `tasks`. They are of the store, so of all trees that share it. `state` is `scheduled`, `ready`, ' +
    '`blocked`, `waiting`, `active`, `done`, `dead` or `cancelled`. Of more than 100 queues the others are summed as `other`: first ' +
    'come those that a process works on.',
  metrics: [
    {
      name: 'saola_tasks_jobs',
      type: 'gauge',
      help: 'Jobs that are kept, by state.',
      labels: ['state'],
      read: ({ tasks }) => Object.entries(tasks?.counts ?? {}).map(([state, jobs]) => [[state], jobs]),
    },
    {
      name: 'saola_tasks_queue_jobs',
      type: 'gauge',
      help: 'Jobs of a queue that are not at an end, by state: ready, active, scheduled, blocked.',
      labels: ['queue', 'state'],
      read: look =>
        queuesOf(look).flatMap(queue => queueStates.map((state): Sample => [[queue.name, state], queue[state]])),
    },
    {
      name: 'saola_tasks_queue_paused',
      type: 'gauge',
      help: '1 when nothing of the queue begins, because somebody has paused it.',
      labels: ['queue'],
      read: look => queuesOf(look).map(({ name, isPaused }): Sample => [[name], flag(isPaused)]),
    },
    {
      name: 'saola_tasks_workers',
      type: 'gauge',
      help: 'Processes that run jobs, by pool.',
      labels: ['pool'],
      read: look => ofPools(look, () => 1),
    },
    {
      name: 'saola_tasks_worker_jobs',
      type: 'gauge',
      help: 'Jobs that the processes of a pool are running.',
      labels: ['pool'],
      read: look => ofPools(look, ({ active }) => active),
    },
    {
      name: 'saola_tasks_schedules',
      type: 'gauge',
      help: 'Schedules that there are.',
      labels: [],
      read: ({ tasks }) => single(tasks?.schedules.length),
    },
    {
      name: 'saola_tasks_schedule_lag_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long ago the schedule that is overdue most should have run; 0 when all are in time.',
      labels: [],
      read: look => single(lagOf(look)),
    },
  ],
}
