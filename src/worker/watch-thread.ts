import { Worker as Thread } from 'node:worker_threads'
import { hearWaking } from './waking.ts'

/** Starts the watch thread of this process: what it does is in watch.ts, which `file` runs. `fd` is its pipe to the supervisor. */
export function startWatchThread(file: URL, fd: number): void {
  const thread = new Thread(file, { workerData: { fd, supervisorPid: process.ppid }, execArgv: [], env: {} })
  thread.on('message', hearWaking)
  thread.unref()
}
