import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Job, Schedule, WorkerInfo } from '../processes/task-commands.ts'
import { renderJob } from './task-detail.ts'
import { jsonOfJob } from './task-json.ts'
import { renderSchedules, renderStats, renderWorkers } from './task-overview.ts'
import { formatSpan, relativeTime, renderDead, renderJobs } from './task-view.ts'
import { colored, plain } from './terminal.ts'

const now = new Date('2026-01-01T00:05:00Z')
const view = { width: Number.POSITIVE_INFINITY, paint: plain, now }
const before = (seconds: number) => now.getTime() - seconds * 1_000

function job(given: Partial<Job> = {}): Job {
  return {
    ...{ id: '01J9ZK4T8M0000000000000001', task: 'email.send', queue: 'mail', state: 'ready', priority: 5 },
    ...{ payload: '{"to":"ann"}', attempt: 0, attempts: 5, interruptions: 0, interruptionsMax: 3 },
    ...{ created: before(180), softMs: 30_000, hardMs: 0, version: 1 },
    ...given,
  }
}

test('jobs are lines with their times told from now, and what went wrong instead of the input', () => {
  const jobs = [
    job(),
    job({ state: 'scheduled', attempt: 2, due: before(-90), error: { name: 'TypeError', message: 'no host' } }),
    job({ state: 'active', attempt: 1, started: before(3), isCancelling: true }),
    job({
      state: 'done',
      attempt: 2,
      started: before(20),
      finished: before(19),
      error: { name: 'Error', message: 'x' },
    }),
  ]
  assert.deepEqual(
    renderJobs(jobs, view).map(line => line.slice(27)),
    [
      ' TASK        QUEUE  STATE      TRY  CREATED  WHEN                   INPUT OR ERROR',
      ' email.send  mail   ready      0/5  3m ago                          {"to":"ann"}',
      ' email.send  mail   scheduled  2/5  3m ago   in 1m 30s              TypeError: no host',
      ' email.send  mail   active     1/5  3m ago   runs 3.0s, cancelling  {"to":"ann"}',
      ' email.send  mail   done       2/5  3m ago   19s ago, took 1.0s     {"to":"ann"}',
    ],
  )
})

test('a dead job is shown with why, and how often it lost its worker', () => {
  const dead = job({
    ...{ state: 'dead', attempt: 1, interruptions: 3, finished: before(60) },
    error: { name: 'WorkerLost', message: 'its worker was lost 3 times' },
  })
  assert.equal(
    renderDead([dead], view)[1],
    '01J9ZK4T8M0000000000000001  email.send  mail   1/5          3/3  1m ago  WorkerLost: its worker was lost 3 times',
  )
})

test('what comes from a job can move no cursor and forge no line, wherever it stands', () => {
  const evil = 'x\x1b[2J\n\u202eforged\u009b'
  const hostile = job({
    ...{ id: evil, task: evil, queue: evil, state: 'dead', payload: evil, worker: evil, progress: evil, result: evil },
    ...{ uniqueKey: evil, limitKey: evil, finished: before(1), context: { requestId: evil, traceparent: evil } },
    error: { name: evil, message: evil, code: evil, stack: `at\n    at ${evil}` },
  })
  const worker: WorkerInfo = {
    ...{ name: evil, slot: evil, pid: 1, host: evil, pool: evil, queues: [evil], leaseUntil: before(0), active: 1 },
    tasks: [{ id: evil, queue: evil, defaults: hostile as never }],
  }
  const schedule = {
    name: evil,
    spec: JSON.stringify({ cron: evil }),
    job: hostile,
    next: 0,
    lastJob: evil,
  } as unknown as Schedule
  const queue = { name: evil, isPaused: false, scheduled: 0, ready: 0, blocked: 0, active: 0 }
  const lines = [
    ...[...renderJobs([hostile], view), ...renderDead([hostile], view), ...renderJob(hostile, view)],
    ...[...renderWorkers([worker], view), ...renderSchedules([schedule, { ...schedule, spec: evil }], view)],
    ...renderStats({ dead: 1 }, [queue], view),
  ]
  assert.ok(lines.length > 25)
  for (const line of lines) assert.doesNotMatch(line, /[\p{Cc}\p{Cf}]/u)
  assert.match(lines.join('\n'), /forged/)
})

test('a list shows the beginning of a long input or error, and the job in full shows all of it', () => {
  const payload = JSON.stringify('input'.repeat(1_000))
  const message = 'why'.repeat(1_000)
  const long = job({ payload, result: payload, error: { name: 'Error', message } })
  for (const shown of [renderJobs([{ ...long, state: 'done' }], view)[1], renderDead([long], view)[1]]) {
    assert.match(shown ?? '', /…$/)
    assert.ok((shown ?? '').length < 220, shown)
  }
  const full = renderJob(long, view).join('\n')
  assert.equal(full.split(payload).length, 3)
  assert.ok(full.includes(message))
})

test('no line of a table is longer than the terminal', () => {
  for (const width of [20, 40, 80, 120]) {
    for (const line of renderJobs([job(), job({ task: 'a-task-with-a-long-name' })], { ...view, width })) {
      assert.ok(line.length <= width, `${width}: ${line}`)
    }
  }
})

test('a job in full has each fact that is known, and no line for what is not', () => {
  const failed = job({
    ...{
      state: 'dead',
      attempt: 5,
      worker: undefined as never,
      started: before(70),
      finished: before(60),
      due: before(-3_600),
    },
    error: { name: 'Error', message: 'no host', code: 'ENOTFOUND', stack: 'Error: no host\n    at send (mail.ts:4:1)' },
  })
  assert.deepEqual(renderJob(failed, view), [
    'id             01J9ZK4T8M0000000000000001',
    'task           email.send',
    'state          dead',
    'queue          mail, priority 5',
    'attempts       5 of 5',
    'interrupted    0 of 3',
    'created        2026-01-01T00:02:00.000Z (3m ago)',
    'kept until     2026-01-01T01:05:00.000Z (in 1h)',
    'started        2026-01-01T00:03:50.000Z (1m 10s ago)',
    'finished       2026-01-01T00:04:00.000Z (1m ago), took 10.0s',
    'limits         soft 30s',
    'input          {"to":"ann"}',
    'error          Error: no host   [ENOTFOUND]',
    '                 at send (mail.ts:4:1)',
  ])
})

test('for programs, input, result and progress are values, and what is no JSON is its text', () => {
  const { payload, result, progress } = jsonOfJob(job({ result: '[1]', progress: '{' })) as Record<string, unknown>
  assert.deepEqual([payload, result, progress], [{ to: 'ann' }, [1], '{'])
  assert.equal('result' in jsonOfJob(job()), false)
})

test('queues and their counts, processes and schedules are tables', () => {
  const queue = { name: 'mail', isPaused: true, scheduled: 1, ready: 250_000, blocked: 0, active: 2 }
  assert.deepEqual(renderStats({ ready: 250_000, dead: 3 }, [queue], view), [
    'SCHEDULED  READY  BLOCKED  WAITING  ACTIVE  DONE  DEAD  CANCELLED',
    '        0   250k        0        0       0     0     3          0',
    '',
    'QUEUE  STATE   READY  ACTIVE  SCHEDULED  BLOCKED',
    'mail   paused   250k       2          1        0',
  ])
  const schedule = {
    ...{ name: 'digest', spec: '{"cron":"0 8 * * *","timeZone":"Asia/Shanghai"}', next: before(-7_200) },
    ...{ last: before(79_200), lastJob: '01J9ZK4T8M0000000000000001', job: job() },
  } as unknown as Schedule
  assert.deepEqual(renderSchedules([schedule], view), [
    'NAME    TASK        NEXT   LAST     LAST JOB                    WHEN',
    'digest  email.send  in 2h  22h ago  01J9ZK4T8M0000000000000001  cron 0 8 * * *, timeZone Asia/Shanghai',
  ])
  const worker: WorkerInfo = {
    ...{ name: 'a', slot: 'shop/tasks:0', pid: 42, host: 'one', pool: 'io', queues: ['mail'], active: 7 },
    leaseUntil: before(-12),
  }
  assert.deepEqual(renderWorkers([worker], view), [
    'SLOT          POOL  HOST  PID  ACTIVE  LEASE   QUEUES  TASKS',
    'shop/tasks:0  io    one    42       7  in 12s  mail',
  ])
})

test('times are told in words that need no reckoning', () => {
  const times = [0, 999, -999, 1_000, -61_000].map(ms => relativeTime(now.getTime() + ms, now))
  assert.deepEqual(times, ['now', 'now', 'now', 'in 1s', '1m 1s ago'])
  assert.deepEqual([-5, 12, 1_234, 61_000].map(formatSpan), ['0ms', '12ms', '1.2s', '1m 1s'])
})

test('colours are the only difference that a terminal makes', () => {
  const jobs = [job({ state: 'dead', error: { name: 'Error', message: 'no' } }), job({ state: 'active', started: 0 })]
  const text = renderJobs(jobs, { ...view, paint: colored }).join('\n')
  assert.equal(text.replaceAll(/\x1b\[\d+m/g, ''), renderJobs(jobs, view).join('\n'))
})
