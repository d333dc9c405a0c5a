/** What monitor:0 consists of, wired together. */
import type { LogFields, LogLevel } from '../base/log.ts'
import { call } from '../control/client.ts'
import { openDashboard } from '../dashboard/server/dashboard.ts'
import { openMetrics } from '../metrics/metrics-server.ts'
import type { TrafficCounts } from '../worker/heartbeat.ts'
import { openStoreSources } from './monitor-figures.ts'
import type { MonitorSpec } from './monitor-spec.ts'
import { openStorePort } from './monitor-store.ts'
import { openTasksPort } from './monitor-tasks.ts'

/** Nobody who asks for metrics waits longer. */
const answerMs = 1_000

/** Writes into the log of the tree. */
export type MonitorLog = (level: LogLevel, event: string, fields: LogFields) => void

export interface Monitor {
  counts(): TrafficCounts
  close(): Promise<void>
}

export async function openMonitor(spec: MonitorSpec, log: MonitorLog): Promise<Monitor> {
  const { tree, version, controlSocket, secret } = spec
  const store = openStorePort(spec.store)
  const tasks = spec.hasTasks ? openTasksPort(spec.store) : undefined
  const sources = openStoreSources(spec.store)
  const parts = await Promise.all([
    spec.dashboard &&
      openDashboard({
        ...{ tree, version, controlSocket, secret, log, ...spec.dashboard },
        ...{ store: store.port, tasks: tasks?.port },
      }),
    spec.metrics &&
      openMetrics({
        ...spec.metrics,
        places: spec.metrics.fds.map(fd => ({ fd })),
        sources: {
          status: () => call(controlSocket, 'status', {}, { timeoutMs: answerMs }),
          figures: () => call(controlSocket, 'figures', {}, { timeoutMs: answerMs }),
          store: sources.store,
          tasks: spec.hasTasks ? sources.tasks : undefined,
        },
      }),
  ])
  const servers = parts.filter(part => part !== undefined)
  const sum = (figure: 'connections' | 'requests') => servers.reduce((total, server) => total + server[figure], 0)
  return {
    counts: () => ({ connections: sum('connections'), inFlight: 0, requests: sum('requests'), logDropped: 0 }),
    async close() {
      await Promise.all([...servers.map(server => server.close()), store.close(), tasks?.close(), sources.close()])
    },
  }
}
