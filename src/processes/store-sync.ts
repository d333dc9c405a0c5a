// Runs as the threads of a store's owner that wait for the disk; started by store/database/sync.ts.
import { workerData } from 'node:worker_threads'
import { runThread, type ThreadTask } from '../store/database/sync-thread.ts'

runThread(workerData as ThreadTask)
