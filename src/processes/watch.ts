// Runs as the watch thread of every worker; started by worker/worker.ts.
import { workerData } from 'node:worker_threads'
import { type WatchOptions, watchMainThread } from '../worker/watch.ts'

watchMainThread(workerData as WatchOptions)
