import type { ChildState, ChildStatus } from '../ipc/status.ts'
import type { Look } from './look.ts'
import { flag, type Metric, type MetricGroup, type Sample, secondsOf } from './metric.ts'
import { residentsOf } from './residents.ts'

const labels = ['kind', 'group', 'process']
const states: readonly ChildState[] = ['STOPPED', 'STARTING', 'RUNNING', 'BACKOFF', 'STOPPING', 'EXITED', 'FATAL']

/** Of each process that runs, or of each place where one was. */
function ofEach(look: Look, value: (child: ChildStatus) => number | undefined): Sample[] {
  return residentsOf(look.status.children).flatMap((child): Sample[] => {
    const found = value(child)
    return found === undefined ? [] : [[[child.kind, child.app, child.name], found]]
  })
}

/** Of processes that run. */
function ofRunning(look: Look, value: (child: ChildStatus) => number | undefined): Sample[] {
  return ofEach(look, child => (child.pid === undefined ? undefined : value(child)))
}

/** Of processes that run and are of Saola: a program has no event loop that we could see. */
function ofOurs(look: Look, value: (child: ChildStatus) => number): Sample[] {
  return ofRunning(look, child => (child.kind === 'program' ? undefined : value(child)))
}

const counts: readonly Metric[] = [
  {
    name: 'saola_processes',
    type: 'gauge',
    help: "Processes, and places of those that have ended, by Supervisor's states.",
    labels: ['kind', 'group', 'state'],
    read: ({ status: { children } }) =>
      [...new Map(children.map(({ kind, app }) => [`${kind} ${app}`, { kind, app }])).values()].flatMap(group =>
        states.map((state): Sample => {
          const isOfIt = (child: ChildStatus) =>
            child.kind === group.kind && child.app === group.app && child.state === state
          return [[group.kind, group.app, state], children.filter(isOfIt).length]
        }),
      ),
  },
  {
    name: 'saola_process_up',
    type: 'gauge',
    help: '1 when the process is RUNNING: it is ready, and its probes agree.',
    labels,
    read: look => ofEach(look, ({ state }) => flag(state === 'RUNNING')),
  },
  {
    name: 'saola_process_restarts_total',
    type: 'counter',
    help: 'How often this place was filled again after an end that nobody had asked for.',
    labels,
    read: look => ofEach(look, ({ restarts }) => restarts),
  },
]

const ofAll: readonly Metric[] = [
  {
    name: 'saola_process_uptime_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'Since the process has started.',
    labels,
    read: look => ofRunning(look, ({ uptimeMs }) => secondsOf(uptimeMs)),
  },
  {
    name: 'saola_process_generation',
    type: 'gauge',
    help: 'The generation of the configuration that it runs with: see saola_generation.',
    labels,
    read: look => ofRunning(look, ({ generation }) => generation),
  },
  {
    name: 'saola_process_cpu_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'Processor time of the last second; 1 is a whole core.',
    labels,
    read: look => ofRunning(look, ({ cpuPercent }) => Math.round(cpuPercent * 100) / 10_000),
  },
  {
    name: 'saola_process_resident_memory_bytes',
    type: 'gauge',
    unit: 'bytes',
    help: 'Resident memory; of a program, that of its whole process group.',
    labels,
    read: look => ofRunning(look, ({ rssBytes }) => rssBytes),
  },
  {
    name: 'saola_process_dropped_log_lines_total',
    type: 'counter',
    help: 'Lines of output that were dropped because a reader or a disk was too slow.',
    labels,
    read: look => ofEach(look, ({ logDropped }) => logDropped),
  },
]

const ofLoops: readonly Metric[] = [
  {
    name: 'saola_process_event_loop_delay_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How late the event loop was in the last second: the 99th percentile.',
    labels,
    read: look => ofOurs(look, ({ loopDelayMs }) => secondsOf(loopDelayMs)),
  },
  {
    name: 'saola_process_event_loop_utilization_ratio',
    type: 'gauge',
    unit: 'ratio',
    help: 'How much of the last second the event loop was busy.',
    labels,
    read: look => ofOurs(look, ({ utilization }) => utilization),
  },
  {
    name: 'saola_process_beat_age_seconds',
    type: 'gauge',
    unit: 'seconds',
    help: 'How old these figures of the process are: one that is blocked tells none.',
    labels,
    read: look => ofOurs(look, ({ beatAgeMs }) => secondsOf(beatAgeMs)),
  },
  {
    name: 'saola_process_connections',
    type: 'gauge',
    help: 'Open connections of its clients.',
    labels,
    read: look => ofOurs(look, ({ connections }) => connections),
  },
  {
    name: 'saola_process_in_flight',
    type: 'gauge',
    help: 'Requests, or jobs of a process of tasks, that are under way.',
    labels,
    read: look => ofOurs(look, ({ inFlight }) => inFlight),
  },
]

/** Every process of the tree but the supervisor. */
export const processMetrics: MetricGroup = {
  title: 'Processes',
  about:
    'Of every process but the supervisor. `kind` is `web`, `tasks`, `program`, `store` or `monitor`; `group` is the name of the ' +
    'application or program; `process` is the name of the process: `web:0`. While one replaces another in its place, it is the one ' +
    'that serves.',
  metrics: [...counts, ...ofAll, ...ofLoops],
}
