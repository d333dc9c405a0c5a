// A worker of BullMQ, with its defaults.
import { handle, serve } from './task-handler.mjs'
import { requireFromBench } from './task-peers.mjs'

const { connection, concurrency } = JSON.parse(process.argv[2])
const { Worker } = requireFromBench('bullmq')

const worker = new Worker('bench', async job => handle(job.data), { connection, concurrency, autorun: false })
worker.on('error', () => {})
await worker.waitUntilReady()
const completed = serve(() => worker.run())
worker.on('completed', () => completed(1))
