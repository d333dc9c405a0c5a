import assert from 'node:assert/strict'
import { test } from 'node:test'
import { treeStatus } from '../../test/support/tree-status.ts'
import type { CronStatus } from '../control/operations.ts'
import { renderCron } from './cron-view.ts'
import { renderStatus } from './status-view.ts'
import { plain } from './terminal.ts'

const now = new Date('2026-01-01T00:05:00Z')
const view = { width: Number.POSITIVE_INFINITY, paint: plain, now, cwd: '/srv/shop' }
const idle: CronStatus = {
  name: 'backup',
  schedule: '0 3 * * *',
  timeZone: 'Europe/Berlin',
  next: '2026-01-01T02:00:00Z',
  running: [],
  isWaiting: false,
  last: undefined,
  lastSuccessAt: undefined,
  runs: 0,
  failures: 0,
  skipped: 0,
}
const ended = { durationMs: 41_000, ok: true, code: 0, signal: undefined, reason: undefined, by: 'schedule' as const }
const run = { pid: 4711, startedAt: '2026-01-01T00:04:48Z', by: 'schedule' as const }

test('the status shows the entries of cron below all else, if there are any', () => {
  const last = { ...ended, startedAt: '2025-12-31T02:00:00Z' }
  const failed = { ...last, ok: false, code: 1, durationMs: 12, reason: 'exited with code 1: no \x1b[2J table' }
  const cron: CronStatus[] = [
    { ...idle, last, runs: 3 },
    {
      ...idle,
      name: 'sync',
      next: undefined,
      running: [run],
      isWaiting: true,
      last: failed,
      runs: 9,
      failures: 2,
      skipped: 1,
    },
    { ...idle, name: 'many', running: [run, run], last: { ...last, durationMs: 7 } },
  ]
  assert.deepEqual(renderStatus(treeStatus([], { cron }), view).slice(-5), [
    '',
    'CRON    SCHEDULE   TIME ZONE      NEXT       RUNNING           RUNS  FAILED  SKIPPED  LAST',
    'backup  0 3 * * *  Europe/Berlin  in 1h 55m  -                    3       0        0  22h 4m ago: ok in 41s',
    'sync    0 3 * * *  Europe/Berlin  -          pid 4711, 12s +1     9       2        1  22h 4m ago: exited with code 1: no \\u001b[2J table',
    'many    0 3 * * *  Europe/Berlin  in 1h 55m  2 runs               0       0        0  22h 4m ago: ok in 7ms',
  ])
  assert.deepEqual(renderCron([], view), [])
})
