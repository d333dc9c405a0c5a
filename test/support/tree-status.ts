/** States of trees for tests that need no tree. */
import type { TreeFigures } from '../../src/ipc/figures.ts'
import type { ChildStatus, TreeStatus } from '../../src/ipc/status.ts'

/** `web:0`, in good health and idle, but for what is given. */
export function childStatus(given: Partial<ChildStatus> = {}): ChildStatus {
  const index = given.index ?? 0
  return {
    name: `web:${index}`,
    kind: 'web',
    app: 'web',
    index,
    pid: 4212 + index,
    state: 'RUNNING',
    generation: 1,
    uptimeMs: 723_000,
    restarts: 0,
    lastExit: undefined,
    waitsFor: undefined,
    beatAgeMs: 400,
    connections: 0,
    inFlight: 0,
    requests: 0,
    loopDelayMs: 1.2,
    utilization: 0,
    cpuPercent: 0,
    rssBytes: 86_000_000,
    logDropped: 0,
    ...given,
  }
}

/** A running tree with these children. */
export function treeStatus(children: readonly ChildStatus[], given: Partial<TreeStatus> = {}): TreeStatus {
  return {
    name: 'shop',
    pid: 4211,
    state: 'running',
    version: '1.2.3',
    node: 'v24.21.0',
    uptimeMs: 11_520_000,
    generation: 3,
    configFile: '/srv/shop/saola.config.ts',
    lastReload: undefined,
    apps: [
      {
        name: 'web',
        listen: ['127.0.0.1:8000'],
        protocols: ['http'],
        balance: 'shared',
        workers: 2,
        entry: '/srv/shop/src/app.ts',
      },
    ],
    children,
    ...given,
  }
}

/** The figures of `web`, all of them of `web:0`: requests that took up to 2.5 ms, and up to 100 ms. */
export function treeFigures({ fast = 0, slow = 0, errors = 0 } = {}): TreeFigures {
  const durations = [0, fast, 0, 0, 0, 0, slow, 0, 0, 0, 0, 0, 0, 0, 0]
  const counts = { responses: [0, fast + slow - errors, 0, 0, errors], durations, durationSumMs: 0, bytesSent: 0 }
  return {
    time: '2026-01-01T00:05:00Z',
    apps: [{ app: 'web', starts: 2, deaths: 0, ...counts }],
    workers: [{ worker: 'web:0', app: 'web', pid: 4212, ...counts }],
    sockets: [],
    supervisor: { cpuSeconds: 0, rssBytes: 0, openFds: 0 },
  }
}
