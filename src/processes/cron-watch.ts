// Runs as a thread of each run of a module: ends its process group when the supervisor is gone and the main loop hangs.
import { workerData } from 'node:worker_threads'

export interface OrphanWatch {
  readonly supervisorPid: number
  /** The main loop notices first that its channel is closed, and has this long to end. */
  readonly graceMs: number
}

const checkMs = 500

const { supervisorPid, graceMs } = workerData as OrphanWatch
let orphanedAt: number | undefined
setInterval(() => {
  if (process.ppid === supervisorPid) return
  orphanedAt ??= performance.now()
  if (performance.now() - orphanedAt > graceMs) process.kill(-process.pid, 'SIGKILL')
}, checkMs)
