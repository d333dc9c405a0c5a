/** A look at a made-up tree in which there is something of everything. */
import type { TreeFigures, WorkerFigures } from '../../src/ipc/figures.ts'
import type { ChildStatus, TreeStatus } from '../../src/ipc/status.ts'
import type { Look, StoreFigures, TaskFigures } from '../../src/metrics/look.ts'

const at = Date.parse('2026-03-01T12:00:00Z')
const iso = new Date(at).toISOString()

export function child(name: string, more: Partial<ChildStatus> = {}): ChildStatus {
  const [app = '', index = '0'] = name.split(':')
  return {
    name,
    kind: 'web',
    app,
    index: Number(index),
    pid: 4_000 + Number(index),
    state: 'RUNNING',
    generation: 1,
    uptimeMs: 60_500,
    restarts: 2,
    lastExit: undefined,
    waitsFor: undefined,
    beatAgeMs: 400,
    connections: 7,
    inFlight: 3,
    requests: 100,
    loopDelayMs: 1.25,
    utilization: 0.5,
    cpuPercent: 42.5,
    rssBytes: 50_000_000,
    logDropped: 1,
    ...more,
  }
}

export const status: TreeStatus = {
  name: 'shop',
  pid: 1,
  state: 'running',
  version: '1.2.3',
  node: 'v24.21.0',
  uptimeMs: 90_000,
  generation: 3,
  configFile: undefined,
  lastReload: { ok: true, generation: 3, message: 'all replaced', at: iso, durationMs: 1_500 },
  apps: [{ name: 'web', listen: [], protocols: [], balance: 'shared', workers: 2, entry: './app.mjs' }],
  children: [
    child('web:0'),
    child('web:1'),
    child('redis:0', { kind: 'program', pid: 5_000 }),
    child('store:0', { kind: 'store', pid: 5_001 }),
    child('tasks:io:0', { kind: 'tasks', app: 'tasks:io', pid: 5_002 }),
  ],
  cron: [
    {
      name: 'backup',
      schedule: '@daily',
      timeZone: 'UTC',
      next: iso,
      running: [{ pid: 9, startedAt: iso, by: 'schedule' }],
      isWaiting: false,
      last: {
        startedAt: iso,
        durationMs: 2_000,
        ok: true,
        code: 0,
        signal: undefined,
        reason: undefined,
        by: 'schedule',
      },
      lastSuccessAt: new Date(at + 2_000).toISOString(),
      runs: 5,
      failures: 1,
      skipped: 2,
    },
  ],
}

const worker: WorkerFigures = {
  responses: [0, 90, 5, 3, 2],
  durations: [10, 20, 30, 40, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1],
  durationSumMs: 45_678.9,
  bytesSent: 123_456,
}

export const figures: TreeFigures = {
  time: iso,
  apps: [
    {
      ...worker,
      app: 'web',
      starts: 4,
      deaths: 1,
      edge: {
        routes: [{ step: 'static', rule: '/static', requests: 12 }],
        refusals: { 'rate-limit': 4, overload: 0 },
        cache: { hits: 10, stale: 3, misses: 5, passes: 2, addresses: 8, bytes: 4_096 },
        upstreams: [
          {
            rule: '/api',
            url: 'http://ann:secret@127.0.0.1:9001',
            isHealthy: true,
            inFlight: 1,
            requests: 9,
            failures: 1,
          },
        ],
      },
    },
  ],
  workers: [
    { ...worker, worker: 'web:0', app: 'web', pid: 4_000 },
    { ...worker, worker: 'web:1', app: 'web', pid: 4_001 },
  ],
  sockets: [{ app: 'web', address: '127.0.0.1:8000', waiting: 2, backlog: 2_048 }],
  supervisor: { cpuSeconds: 1.5, rssBytes: 60_000_000, openFds: 42 },
}

export const store: StoreFigures = {
  state: 'open',
  keys: 1_000,
  sizeBytes: 1_000_000,
  uptimeSeconds: 60,
  rssBytes: 70_000_000,
  cpuSeconds: 0.5,
  connections: 4,
  waiting: 1,
  commands: 5_000,
  errors: 3,
  connectionsReceived: 9,
  connectionsRejected: 0,
  receivedBytes: 10_000,
  sentBytes: 20_000,
  channels: 2,
  snapshotAt: at / 1_000,
  isSnapshotGood: true,
}

export const taskFigures: TaskFigures = {
  counts: { ready: 3, active: 2, dead: 1 },
  queues: [{ name: 'mail', isPaused: false, scheduled: 1, ready: 3, blocked: 0, active: 2 }],
  workers: [{ pool: 'io', active: 2, queues: ['mail'] }],
  schedules: [{ next: at - 2_500 }, { next: at + 60_000 }],
  now: at,
}

export const look: Look = {
  status,
  figures,
  store,
  tasks: taskFigures,
  problems: { figures: false, store: false, tasks: false },
  minReady: { workers: 1 },
  lookMs: 12.5,
  at,
}

/** Names that somebody might have chosen to break what reads them. */
export const hostileNames = [
  '"} 1\nsaola_fake_total 99\n#',
  'back\\slash \\n \\',
  'line\nfeed\r\n',
  '\u0000\u001b[31m\u202Eevil\u2028\u0085',
  '\uD800 alone',
  '{a="b",c="d"}',
  '"'.repeat(5_000),
  '',
  'ünïcödé 漢字 🦌',
]
