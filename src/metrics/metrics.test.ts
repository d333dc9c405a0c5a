import assert from 'node:assert/strict'
import { test } from 'node:test'
import { parseExposition, sumOf } from '../../test/support/exposition.ts'
import { child, figures, look, status, taskFigures } from '../../test/support/metrics-look.ts'
import { writeExposition } from './exposition.ts'
import type { Look } from './look.ts'
import { metrics } from './metrics.ts'

function read(changed: Partial<Look> = {}) {
  return parseExposition(writeExposition(metrics, { ...look, ...changed }, 'prometheus'))
}

test('names follow the conventions of Prometheus', () => {
  const names = metrics.map(({ name }) => name)
  assert.equal(new Set(names).size, names.length)
  for (const { name, type, unit, help, labels } of metrics) {
    assert.match(name, /^saola_[a-z]+(?:_[a-z]+)*$/)
    assert.equal(name.endsWith('_total'), type === 'counter', name)
    assert.equal(name.endsWith('_info'), type === 'info', name)
    const ending = /_(seconds|bytes|ratio)(?:_total)?$/.exec(name)?.[1]
    assert.equal(unit, ending, name)
    assert.match(help, /^[A-Z0-9][^\n\\]*\.$/, name)
    for (const label of labels) assert.match(label, /^[a-z]+$/, name)
  }
})

test('no family of OpenMetrics has the name of another', () => {
  const families = metrics.map(({ name }) => name.replace(/_(?:total|info)$/, ''))
  assert.equal(new Set(families).size, families.length)
})

test('every metric of the table is there when there is something of everything', () => {
  const { types } = read()
  assert.deepEqual(
    metrics.filter(({ name }) => !types.has(name)).map(({ name }) => name),
    [],
  )
})

test('each sample has a value for each label of its row', () => {
  for (const metric of metrics) {
    for (const [labels] of metric.read(look)) assert.equal(labels.length, metric.labels.length, metric.name)
  }
})

test('figures are converted into base units', () => {
  const seen = read()
  assert.equal(sumOf(seen, 'saola_uptime_seconds'), 90)
  assert.equal(sumOf(seen, 'saola_reload_last_duration_seconds'), 1.5)
  assert.equal(sumOf(seen, 'saola_process_cpu_ratio', { process: 'web:0' }), 0.425)
  assert.equal(sumOf(seen, 'saola_process_event_loop_delay_seconds', { process: 'web:0' }), 0.00125)
  assert.equal(sumOf(seen, 'saola_http_request_duration_seconds_sum', { app: 'web' }), 45.6789)
  assert.equal(sumOf(seen, 'saola_http_request_duration_seconds_bucket', { le: '0.0025' }), 30)
  assert.equal(sumOf(seen, 'saola_http_request_duration_seconds_bucket', { le: '+Inf' }), 101)
  assert.equal(sumOf(seen, 'saola_http_request_duration_seconds_count'), 101)
  assert.equal(sumOf(seen, 'saola_cron_last_success_timestamp_seconds'), look.at / 1_000 + 2)
})

test('the last success of an entry is told also after a failure', () => {
  const cron = (look.status.cron ?? []).map(entry => ({ ...entry, last: entry.last && { ...entry.last, ok: false } }))
  const seen = read({ status: { ...look.status, cron } })
  assert.equal(sumOf(seen, 'saola_cron_last_run_successful'), 0)
  assert.equal(sumOf(seen, 'saola_cron_last_success_timestamp_seconds'), look.at / 1_000 + 2)
})

test('requests are counted by class, summed and for each worker', () => {
  const seen = read()
  assert.equal(sumOf(seen, 'saola_http_requests_total', { app: 'web', code: '2xx' }), 90)
  assert.equal(sumOf(seen, 'saola_http_requests_total'), 100)
  assert.equal(sumOf(seen, 'saola_worker_http_requests_total', { worker: 'web:1', code: '5xx' }), 2)
})

test('a hit that was not fresh is counted as stale only', () => {
  const seen = read()
  const results = ['hit', 'stale', 'miss', 'pass'].map(result =>
    sumOf(seen, 'saola_edge_cache_requests_total', { result }),
  )
  assert.deepEqual(results, [7, 3, 5, 2])
})

test('the password of an upstream is in no label', () => {
  const { series } = read()
  const urls = series.filter(({ name }) => name === 'saola_edge_upstream_healthy').map(({ labels }) => labels.url)
  assert.deepEqual(urls, ['http://127.0.0.1:9001'])
})

test('every state of a group is told, also those of nobody', () => {
  const seen = read()
  assert.equal(sumOf(seen, 'saola_processes', { kind: 'web', group: 'web', state: 'RUNNING' }), 2)
  assert.equal(sumOf(seen, 'saola_processes', { kind: 'web', group: 'web', state: 'FATAL' }), 0)
  assert.equal(sumOf(seen, 'saola_tree_state', { state: 'running' }), 1)
  assert.equal(sumOf(seen, 'saola_tree_state'), 1)
})

test('while a worker replaces another, the one that serves is told of under their name', () => {
  const old = child('web:0', { pid: 1, connections: 5, generation: 1 })
  const next = child('web:0', { pid: 2, connections: 0, generation: 2, state: 'STARTING' })
  const worker = (pid: number) => ({ ...figures.apps[0], worker: 'web:0', app: 'web', pid }) as const
  const both = { ...figures, workers: [worker(1), worker(2)] } as typeof figures
  const before = read({ status: { ...status, children: [next, old] }, figures: both })
  assert.equal(sumOf(before, 'saola_process_generation', { process: 'web:0' }), 1)
  const after = read({
    status: {
      ...status,
      children: [
        { ...old, state: 'STOPPING' },
        { ...next, state: 'RUNNING' },
      ],
    },
    figures: both,
  })
  assert.equal(sumOf(after, 'saola_process_generation', { process: 'web:0' }), 2)
  assert.equal(sumOf(after, 'saola_worker_http_requests_total', { worker: 'web:0', code: '2xx' }), 90)
})

test('a place without a process has a state and its restarts, and no figures', () => {
  const seen = read({ status: { ...status, children: [child('web:0', { pid: undefined, state: 'FATAL' })] } })
  assert.equal(sumOf(seen, 'saola_process_up', { process: 'web:0' }), 0)
  assert.equal(sumOf(seen, 'saola_process_restarts_total', { process: 'web:0' }), 2)
  assert.equal(sumOf(seen, 'saola_process_resident_memory_bytes'), undefined)
})

test('a program has no event loop to tell of', () => {
  assert.equal(sumOf(read(), 'saola_process_event_loop_delay_seconds', { process: 'redis:0' }), undefined)
  assert.notEqual(sumOf(read(), 'saola_process_resident_memory_bytes', { process: 'redis:0' }), undefined)
})

test('who does not answer is left out and told of', () => {
  const seen = read({
    figures: undefined,
    store: undefined,
    tasks: undefined,
    problems: { figures: true, store: true, tasks: true },
  })
  assert.equal(sumOf(seen, 'saola_scrape_problems'), 3)
  assert.equal(sumOf(seen, 'saola_store_up'), 0)
  assert.equal(sumOf(seen, 'saola_http_requests_total'), undefined)
  assert.equal(sumOf(seen, 'saola_app_ready_workers'), 2)
})

test('a store that nobody has used has no metric', () => {
  const seen = read({ store: { state: 'idle' } })
  assert.deepEqual(
    seen.series.filter(({ name }) => name.startsWith('saola_store_')),
    [],
  )
})

test('of more queues than a hundred the rest is summed as other, and those that are worked on are kept', () => {
  const queue = (name: string) => ({ name, isPaused: false, scheduled: 0, ready: 1, blocked: 0, active: 0 })
  const names = Array.from({ length: 5_000 }, (_, index) => `user-${String(index).padStart(4, '0')}`)
  const tasks = { ...taskFigures, queues: [...names, 'other', 'zzz'].map(queue) }
  const worked = { ...tasks, workers: [{ pool: 'io', active: 0, queues: ['zzz'] }] }
  const seen = read({ tasks: worked })
  const series = seen.series.filter(({ name }) => name === 'saola_tasks_queue_paused')
  assert.equal(series.length, 100)
  assert.equal(sumOf(seen, 'saola_tasks_queue_jobs', { queue: 'zzz', state: 'ready' }), 1)
  assert.equal(sumOf(seen, 'saola_tasks_queue_jobs', { queue: 'user-0000', state: 'ready' }), 1)
  assert.equal(sumOf(seen, 'saola_tasks_queue_jobs', { state: 'ready' }), 5_002)
  assert.equal(sumOf(seen, 'saola_tasks_queue_jobs', { queue: 'other', state: 'ready' }), 4_903)
})

test('the schedule that is latest is told of, and one that is in time is not late', () => {
  assert.equal(sumOf(read(), 'saola_tasks_schedule_lag_seconds'), 2.5)
  const inTime = { ...taskFigures, schedules: [{ next: look.at + 1_000 }] }
  assert.equal(sumOf(read({ tasks: inTime }), 'saola_tasks_schedule_lag_seconds'), 0)
  assert.equal(sumOf(read({ tasks: { ...taskFigures, schedules: [] } }), 'saola_tasks_schedule_lag_seconds'), 0)
})
