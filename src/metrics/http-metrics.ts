import { durationBoundsMs, type NamedFigures, type WorkerFigures } from '../ipc/figures.ts'
import type { Look } from './look.ts'
import { type Metric, type MetricGroup, type Sample, secondsOf } from './metric.ts'
import { residentsOf } from './residents.ts'

const classes = ['1xx', '2xx', '3xx', '4xx', '5xx']
const bounds = durationBoundsMs.map(ms => ms / 1_000)

/** The figures of the processes that stand for their names. */
function workersOf({ status, figures }: Look): readonly NamedFigures[] {
  const pids = new Set(residentsOf(status.children).map(({ pid }) => pid))
  return figures?.workers.filter(({ pid }) => pids.has(pid)) ?? []
}

function responsesOf(labels: readonly string[], { responses }: WorkerFigures): Sample[] {
  return classes.map((code, index) => [[...labels, code], responses[index] ?? 0])
}

const ofApps: readonly Metric[] = [
  {
    name: 'saola_http_requests_total',
    type: 'counter',
    help: 'Requests that were answered, by the class of the status.',
    labels: ['app', 'code'],
    read: ({ figures }) => figures?.apps.flatMap(app => responsesOf([app.app], app)) ?? [],
  },
  {
    name: 'saola_http_request_duration_seconds',
    type: 'histogram',
    unit: 'seconds',
    help: 'How long requests took, from the request to the end of its response.',
    labels: ['app'],
    read: ({ figures }) =>
      figures?.apps.map(({ app, durations, durationSumMs }): Sample => {
        return [[app], { bounds, counts: durations, sum: secondsOf(durationSumMs) }]
      }) ?? [],
  },
  {
    name: 'saola_http_response_body_bytes_total',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of bodies of responses.',
    labels: ['app'],
    read: ({ figures }) => figures?.apps.map(({ app, bytesSent }): Sample => [[app], bytesSent]) ?? [],
  },
  {
    name: 'saola_worker_starts_total',
    type: 'counter',
    help: 'Workers that became ready.',
    labels: ['app'],
    read: ({ figures }) => figures?.apps.map(({ app, starts }): Sample => [[app], starts]) ?? [],
  },
  {
    name: 'saola_worker_deaths_total',
    type: 'counter',
    help: 'Workers that ended without being asked to.',
    labels: ['app'],
    read: ({ figures }) => figures?.apps.map(({ app, deaths }): Sample => [[app], deaths]) ?? [],
  },
]

const ofSockets: readonly Metric[] = [
  {
    name: 'saola_listen_queue_connections',
    type: 'gauge',
    help: 'Connections in the queue of the kernel that no worker has accepted yet; absent where the system does not tell.',
    labels: ['app', 'address'],
    read: ({ figures }) =>
      figures?.sockets.flatMap(({ app, address, waiting }): Sample[] => {
        return waiting === undefined ? [] : [[[app, address], waiting]]
      }) ?? [],
  },
  {
    name: 'saola_listen_queue_limit',
    type: 'gauge',
    help: 'How many connections may be in that queue.',
    labels: ['app', 'address'],
    read: ({ figures }) => figures?.sockets.map(({ app, address, backlog }): Sample => [[app, address], backlog]) ?? [],
  },
]

const ofWorkers: readonly Metric[] = [
  {
    name: 'saola_worker_http_requests_total',
    type: 'counter',
    help: 'Requests that this worker has answered, by the class of the status.',
    labels: ['app', 'worker', 'code'],
    read: look => workersOf(look).flatMap(figures => responsesOf([figures.app, figures.worker], figures)),
  },
  {
    name: 'saola_worker_http_request_seconds_total',
    type: 'counter',
    unit: 'seconds',
    help: 'How long the requests of this worker took, together.',
    labels: ['app', 'worker'],
    read: look =>
      workersOf(look).map(({ app, worker, durationSumMs }): Sample => [[app, worker], secondsOf(durationSumMs)]),
  },
  {
    name: 'saola_worker_http_response_body_bytes_total',
    type: 'counter',
    unit: 'bytes',
    help: 'Bytes of bodies of responses that this worker has sent.',
    labels: ['app', 'worker'],
    read: look => workersOf(look).map(({ app, worker, bytesSent }): Sample => [[app, worker], bytesSent]),
  },
]

export const httpMetrics: MetricGroup = {
  title: 'Requests',
  about:
    'Of applications: the sums over all workers that they have had, which do not fall with a reload. Of workers: since the process ' +
    'has begun. `code` is `1xx` to `5xx`; `address` is a listen address. Absent when the supervisor does not tell its figures.',
  metrics: [...ofApps, ...ofSockets, ...ofWorkers],
}
