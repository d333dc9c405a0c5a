/** States of trees for tests that need no tree. */
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
    apps: [{ name: 'web', listen: ['127.0.0.1:8000'], balance: 'shared', workers: 2, entry: '/srv/shop/src/app.ts' }],
    children,
    ...given,
  }
}
