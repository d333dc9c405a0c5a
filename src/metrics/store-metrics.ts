import type { StoreFigures } from './look.ts'
import { flag, type Metric, type MetricGroup, single } from './metric.ts'

type NumberName = Exclude<keyof StoreFigures, 'state' | 'isSnapshotGood'>

/** A row whose value is one of the figures. */
function row(metric: Omit<Metric, 'labels' | 'read'>, figure: NumberName): Metric {
  return { ...metric, labels: [], read: ({ store }) => single(store?.[figure]) }
}

const up: Metric = {
  name: 'saola_store_up',
  type: 'gauge',
  help: '1 when the shared store answers, 0 when it does not; absent while nobody has used it.',
  labels: [],
  read: ({ store, problems }) => {
    if (problems.store) return single(0)
    return single(store?.state === 'open' ? 1 : undefined)
  },
}

const contents = [
  row({ name: 'saola_store_keys', type: 'gauge', help: 'Keys in it.' }, 'keys'),
  row({ name: 'saola_store_size_bytes', type: 'gauge', unit: 'bytes', help: 'Of its file.' }, 'sizeBytes'),
  row(
    {
      name: 'saola_store_snapshot_last_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When the last snapshot was made, since 1970; before the first, when the store has begun.',
    },
    'snapshotAt',
  ),
  {
    name: 'saola_store_snapshot_last_successful',
    type: 'gauge',
    help: '0 when the last snapshot has failed.',
    labels: [],
    read: ({ store }) => single(store?.isSnapshotGood === undefined ? undefined : flag(store.isSnapshotGood)),
  } satisfies Metric,
]

const process = [
  row(
    { name: 'saola_store_uptime_seconds', type: 'gauge', unit: 'seconds', help: 'Since its process has begun.' },
    'uptimeSeconds',
  ),
  row(
    {
      name: 'saola_store_resident_memory_bytes',
      type: 'gauge',
      unit: 'bytes',
      help: 'Resident memory of its process.',
    },
    'rssBytes',
  ),
  row(
    {
      name: 'saola_store_cpu_seconds_total',
      type: 'counter',
      unit: 'seconds',
      help: 'Processor time of its process.',
    },
    'cpuSeconds',
  ),
]

const traffic = [
  row(
    {
      name: 'saola_store_commands_total',
      type: 'counter',
      help: 'Commands that it has carried out. Reads of processes on this machine are none: they read the file.',
    },
    'commands',
  ),
  row(
    { name: 'saola_store_errors_total', type: 'counter', help: 'Commands that were answered with an error.' },
    'errors',
  ),
  row({ name: 'saola_store_connections', type: 'gauge', help: 'Open connections of its clients.' }, 'connections'),
  row(
    { name: 'saola_store_connections_received_total', type: 'counter', help: 'Connections that it has accepted.' },
    'connectionsReceived',
  ),
  row(
    { name: 'saola_store_connections_rejected_total', type: 'counter', help: 'Connections beyond maxClients.' },
    'connectionsRejected',
  ),
  row(
    {
      name: 'saola_store_waiting_clients',
      type: 'gauge',
      help: 'Clients that wait for something: an entry of a list, a lock, a job.',
    },
    'waiting',
  ),
  row({ name: 'saola_store_channels', type: 'gauge', help: 'Topics that somebody listens to.' }, 'channels'),
  row(
    {
      name: 'saola_store_received_bytes_total',
      type: 'counter',
      unit: 'bytes',
      help: 'Bytes that its clients have sent.',
    },
    'receivedBytes',
  ),
  row(
    { name: 'saola_store_sent_bytes_total', type: 'counter', unit: 'bytes', help: 'Bytes that it has sent them.' },
    'sentBytes',
  ),
]

export const storeMetrics: MetricGroup = {
  title: 'The shared store',
  about:
    'When somebody uses it: a look does not start it. Counts are since its process has begun. A store in Redis or Valkey tells its ' +
    'keys, uptime and memory; for the rest there is redis_exporter.',
  metrics: [up, ...contents, ...process, ...traffic],
}
