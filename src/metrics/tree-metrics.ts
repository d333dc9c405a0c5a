import { readyWorkers } from './health.ts'
import { flag, type MetricGroup, secondsOf, single, timestampOf } from './metric.ts'

const states = ['starting', 'running', 'stopping'] as const

/** The tree as a whole, and the process that keeps it. */
export const treeMetrics: MetricGroup = {
  title: 'The tree',
  about: 'Always there. `app` is the name of an application in the configuration.',
  metrics: [
    {
      name: 'saola_build_info',
      type: 'info',
      help: 'Always 1: the versions of Saola and of Node.js, and the name of the tree.',
      labels: ['tree', 'version', 'node'],
      read: ({ status }) => [[[status.name, status.version, status.node], 1]],
    },
    {
      name: 'saola_tree_state',
      type: 'gauge',
      help: '1 for the state that the tree is in, 0 for the others: starting, running, stopping.',
      labels: ['state'],
      read: ({ status }) => states.map(state => [[state], flag(status.state === state)]),
    },
    {
      name: 'saola_uptime_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'Since the supervisor has started.',
      labels: [],
      read: ({ status }) => single(secondsOf(status.uptimeMs)),
    },
    {
      name: 'saola_generation',
      type: 'gauge',
      help: 'Counts the reloads since the start, from 1.',
      labels: [],
      read: ({ status }) => single(status.generation),
    },
    {
      name: 'saola_reload_last_successful',
      type: 'gauge',
      help: '1 when the last reload has succeeded, 0 when it was refused or has failed; absent before the first.',
      labels: [],
      read: ({ status: { lastReload } }) => single(lastReload && flag(lastReload.ok)),
    },
    {
      name: 'saola_reload_last_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When the last reload has ended, since 1970; absent before the first.',
      labels: [],
      read: ({ status }) => single(timestampOf(status.lastReload?.at)),
    },
    {
      name: 'saola_reload_last_duration_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long the last reload has taken; absent before the first.',
      labels: [],
      read: ({ status: { lastReload } }) => single(lastReload && secondsOf(lastReload.durationMs)),
    },
    {
      name: 'saola_app_workers',
      type: 'gauge',
      help: 'Workers that the application is to have.',
      labels: ['app'],
      read: ({ status, minReady }) => readyWorkers(status, minReady).map(({ app, wanted }) => [[app], wanted]),
    },
    {
      name: 'saola_app_ready_workers',
      type: 'gauge',
      help: 'Workers of the application that are ready.',
      labels: ['app'],
      read: ({ status, minReady }) => readyWorkers(status, minReady).map(({ app, ready }) => [[app], ready]),
    },
    {
      name: 'saola_app_needed_workers',
      type: 'gauge',
      help: 'Workers that must be ready for /readyz to say so: metrics.minReady.',
      labels: ['app'],
      read: ({ status, minReady }) => readyWorkers(status, minReady).map(({ app, needed }) => [[app], needed]),
    },
    {
      name: 'saola_supervisor_cpu_seconds_total',
      type: 'counter',
      unit: 'seconds',
      help: 'Processor time of the supervisor.',
      labels: [],
      read: ({ figures }) => single(figures?.supervisor.cpuSeconds),
    },
    {
      name: 'saola_supervisor_resident_memory_bytes',
      type: 'gauge',
      unit: 'bytes',
      help: 'Resident memory of the supervisor.',
      labels: [],
      read: ({ figures }) => single(figures?.supervisor.rssBytes),
    },
    {
      name: 'saola_supervisor_open_fds',
      type: 'gauge',
      help: 'File descriptors that the supervisor has open.',
      labels: [],
      read: ({ figures }) => single(figures?.supervisor.openFds),
    },
    {
      name: 'saola_scrape_duration_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long it took to ask for these figures.',
      labels: [],
      read: ({ lookMs }) => single(secondsOf(lookMs)),
    },
    {
      name: 'saola_scrape_problems',
      type: 'gauge',
      help: '1 when a source has not answered within a second, so that its metrics are missing: figures, store, tasks.',
      labels: ['source'],
      read: ({ problems }) => Object.entries(problems).map(([source, isProblem]) => [[source], flag(isProblem)]),
    },
  ],
}
