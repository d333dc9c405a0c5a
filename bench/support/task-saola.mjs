// Saola as a contender: its tasks in the store of a folder, whose owner is a process of its own, or in Redis. Jobs are enqueued as an
// application does it, and run by the process that a tree starts for that, without the tree.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { engineOf } from '../../dist/store/engine-of.js'
import { openStore } from '../../dist/store.js'
import { TaskEngine } from '../../dist/tasks/engine/task-engine.js'
import { openTasks } from '../../dist/tasks.js'
import { benchRoot } from './candidates.mjs'
import { start } from './processes.mjs'
import { followWorker, temporaryFolder } from './task-peers.mjs'
import { job } from './tasks/bench.mjs'

const processes = join(benchRoot, '..', 'dist', 'processes')
const valueBytesMax = 128 * 1024 ** 2

/** @param {{ redis?: { port: number, pid: number, client: any } }} where on that server instead of in a folder */
export async function startSaola({ redis } = {}) {
  const owner = redis ? undefined : await startOwner(temporaryFolder())
  const place = redis ? { url: `redis://127.0.0.1:${redis.port}`, valueBytesMax } : owner.spec
  const store = openStore(redis ? { url: place.url } : { dir: owner.spec.dir, timeoutMs: 60_000 })
  const tasks = openTasks(store)
  const engine = new TaskEngine(engineOf(store))
  const prepare = data => job.prepare({ date: Date.now }, { input: { value: data }, options: {} })
  return {
    name: 'Saola',
    pids: [redis?.pid ?? owner.pid],
    engine,
    add: data => tasks.enqueue(job, data),
    /** As `enqueueMany` does it, which goes to the store of a tree. */
    addMany: async all => engine.enqueue(await Promise.all(all.map(prepare))),
    clear: () => (redis ? redis.client.flushall() : removeAll(engine)),
    startWorker: options => startTaskProcess(place, options, engine),
    async close() {
      await store.close()
      await owner?.stop()
    },
  }
}

/** The process that owns the store of a folder. `SAOLA_BENCH_OWNER_FLAGS` are of Node, for a profile. */
export async function startOwner(dir) {
  const limits = { sizeMax: 0, valueBytesMax, keysMax: 0, snapshots: { everyMs: 0, keep: 1 } }
  const spec = { dir, durability: 'everysec', ...limits }
  const flags = process.env.SAOLA_BENCH_OWNER_FLAGS?.split(' ') ?? []
  const running = start(process.execPath, [...flags, join(processes, 'store.js')], {
    env: { ...process.env, SAOLA_STORE: JSON.stringify(spec) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  while (!existsSync(join(dir, 'store.sock'))) await pause(5)
  return { ...running, spec }
}

let slots = 0

async function startTaskProcess(place, { concurrency }, engine) {
  const spec = {
    tree: 'bench',
    name: 'tasks:io:0',
    slot: `bench/${++slots}`,
    pool: 'io',
    kind: 'io',
    dir: join(import.meta.dirname, 'tasks'),
    queues: ['default'],
    otherQueues: [],
    weights: {},
    concurrency,
    leaseMs: 15_000,
    drainTimeoutMs: 1_000,
    resultBytesMax: 1024 ** 2,
    recycleJobs: 0,
    store: JSON.stringify(place),
  }
  const running = start(process.execPath, [join(processes, 'tasks.js')], {
    env: { ...process.env, NODE_ENV: 'production', SAOLA_BENCH_TASKS: '1', SAOLA_TASKS: JSON.stringify(spec) },
    // Its channel to the supervisor, and the pipe of its watch thread.
    stdio: ['ignore', 'ignore', 'inherit', 'ipc', 'ignore', 'pipe'],
  })
  const worker = await followWorker(running)
  return {
    ...worker,
    /** By what the store knows, which is behind what the handlers have done. */
    async untilCompleted(jobs) {
      await worker.untilCompleted(jobs)
      while (((await engine.counts()).done ?? 0) < jobs) await pause(1)
    },
  }
}

async function removeAll(engine) {
  const states = ['scheduled', 'ready', 'blocked', 'waiting', 'active', 'done', 'dead', 'cancelled']
  while ((await engine.remove({ states, limit: 1000 })).count > 0);
}
