import type { CronStatus } from '../ipc/status.ts'
import type { Look } from './look.ts'
import { flag, type MetricGroup, type Sample, secondsOf, timestampOf } from './metric.ts'

function ofEach({ status }: Look, read: (entry: CronStatus) => number | undefined): Sample[] {
  return (status.cron ?? []).flatMap((entry): Sample[] => {
    const value = read(entry)
    return value === undefined ? [] : [[[entry.name], value]]
  })
}

const labels = ['entry']

export const cronMetrics: MetricGroup = {
  title: 'Cron',
  about:
    'In a tree with a section `cron`; `entry` is the name of an entry. Counts are since the tree has started. The last run may be of ' +
    'before; without one its metrics are absent.',
  metrics: [
    {
      name: 'saola_cron_runs_total',
      type: 'counter',
      help: 'Runs that have begun.',
      labels,
      read: look => ofEach(look, ({ runs }) => runs),
    },
    {
      name: 'saola_cron_failures_total',
      type: 'counter',
      help: 'Runs that have failed.',
      labels,
      read: look => ofEach(look, ({ failures }) => failures),
    },
    {
      name: 'saola_cron_skipped_total',
      type: 'counter',
      help: 'Runs that were left out: the one before was not over, or their time was missed.',
      labels,
      read: look => ofEach(look, ({ skipped }) => skipped),
    },
    {
      name: 'saola_cron_running',
      type: 'gauge',
      help: 'Runs that are under way.',
      labels,
      read: look => ofEach(look, ({ running }) => running.length),
    },
    {
      name: 'saola_cron_last_run_successful',
      type: 'gauge',
      help: '1 when the last run that has ended was well, 0 when it has failed.',
      labels,
      read: look => ofEach(look, ({ last }) => last && flag(last.ok)),
    },
    {
      name: 'saola_cron_last_run_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When the last run that has ended has begun, since 1970.',
      labels,
      read: look => ofEach(look, ({ last }) => timestampOf(last?.startedAt)),
    },
    {
      name: 'saola_cron_last_success_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When a run has last ended well, since 1970; absent as long as none has.',
      labels,
      read: look => ofEach(look, ({ lastSuccessAt }) => timestampOf(lastSuccessAt)),
    },
    {
      name: 'saola_cron_last_run_duration_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'How long the last run has taken.',
      labels,
      read: look => ofEach(look, ({ last }) => last && secondsOf(last.durationMs)),
    },
    {
      name: 'saola_cron_next_run_timestamp_seconds',
      type: 'gauge',
      unit: 'seconds',
      help: 'When it runs next, since 1970.',
      labels,
      read: look => ofEach(look, ({ next }) => timestampOf(next)),
    },
  ],
}
