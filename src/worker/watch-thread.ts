import { tmpdir } from 'node:os'
import { Worker as Thread } from 'node:worker_threads'
import { threadEnvironment } from '../base/thread-environment.ts'
import { hearWaking } from './waking.ts'
import type { WatchOptions } from './watch.ts'

/** Starts the watch thread of this process: what it does is in watch.ts, which `file` runs. `fd` is its pipe to the supervisor. */
export function startWatchThread(file: URL, fd: number): void {
  const workerData: WatchOptions = watchOptions(fd)
  const thread = new Thread(file, { workerData, execArgv: [], env: threadEnvironment() })
  thread.on('message', hearWaking)
  thread.unref()
}

/** What the thread has to know of this process. */
export function watchOptions(fd: number): WatchOptions {
  // The thread has next to no environment, and would not find the folder that the process is to use.
  return { fd, supervisorPid: process.ppid, temporaryFolder: tmpdir() }
}
