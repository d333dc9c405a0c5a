// Runs as a thread of every process that runs tasks; started by tasks.ts. It holds the session of the process and watches its main thread.
import { writeSync } from 'node:fs'
import { hostname } from 'node:os'
import { parentPort, workerData } from 'node:worker_threads'
import { formatEvent } from '../base/log.ts'
import { openTreeEngine } from '../store/open-store.ts'
import { TaskEngine } from '../tasks/engine/task-engine.ts'
import { ActiveTable } from '../tasks/runner/active-table.ts'
import type { KeeperSpec } from '../tasks/runner/process-spec.ts'
import { SessionKeeper } from '../tasks/runner/session-keeper.ts'
import { watchMainThread } from '../worker/watch.ts'

const { table, size, slot, pool, queues, tasks, leaseMs, watch } = workerData as KeeperSpec

watchMainThread(watch)
// A connection of its own: the main thread may not be able to answer on the other.
const keeper = new SessionKeeper({
  engine: new TaskEngine(openTreeEngine({ mayStart: false })),
  table: new ActiveTable(size, table),
  session: { slot, pool, queues, tasks, pid: process.pid, host: hostname() },
  leaseMs,
  tell: news => parentPort?.postMessage(news),
  // The streams of the process belong to its main thread. The supervisor gives a line its time and its source.
  log: (event, fields) => void writeSync(2, `${formatEvent({ event, fields })}\n`),
  kill: () => process.kill(-process.pid, 'SIGKILL'),
})
parentPort?.on('message', message => {
  if (message === 'leave') void keeper.leave()
})
await keeper.run()
