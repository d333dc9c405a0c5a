// Runs as every run of a module of the section `cron`; started by the supervisor, which says in SAOLA_RUN_MODULE what to run.
import { enableCompileCache } from 'node:module'
import { Worker as Thread } from 'node:worker_threads'
import { messageOf } from '../base/errors.ts'
import { loadModule } from '../base/load-module.ts'
import { sendToSupervisor } from '../ipc/channel.ts'
import { type CronContext, type CronModuleSpec, cronModuleVariable } from '../programs/cron/cron-context.ts'
import { settleTreeStore } from '../store/tree-store.ts'
import { within } from '../tasks/runner/within.ts'
import type { OrphanWatch } from './cron-watch.ts'

// What the run had under way when its supervisor was killed; workers have as long to drain.
const orphanMs = 5_000
const settleMs = 3_000

enableCompileCache()
const spec = JSON.parse(process.env[cronModuleVariable] ?? '') as CronModuleSpec
// What the module starts must not believe to be this run.
delete process.env[cronModuleVariable]
process.title = `saola: ${spec.tree} cron:${spec.name}`
process.env.SAOLA_STORE_TREE = spec.store
// Only who has this asks the supervisor for the store.
if (spec.hasTree) process.env.SAOLA_WORKER_PID = String(process.pid)
// What waits in this process dies with it: see processes/work.ts.
for (const stream of [process.stdout, process.stderr]) {
  const handle = (stream as { _handle?: { setBlocking?(isBlocking: boolean): number } })._handle
  handle?.setBlocking?.(true)
  stream.on('error', () => {})
}

const end = new AbortController()
listen()
await run()
// It has returned: what it has written is not lost, and a connection that it has left open does not keep its process.
await within(settleMs, settleTreeStore())
process.exit()

async function run(): Promise<void> {
  const { default: module } = await loadModule(spec.module)
  if (typeof module !== 'function') {
    throw new TypeError(`${spec.module} expected a function as its default export, got ${typeof module}.`)
  }
  const { name, args } = spec
  const context: CronContext = { name, args, scheduledAt: new Date(spec.scheduledAt), signal: end.signal }
  await module(context)
}

function listen(): void {
  // Thrown by whatever part of it: Node prints it and ends the process, and this is the reason that `status` shows.
  process.on('uncaughtExceptionMonitor', error => {
    sendToSupervisor({ type: 'saola.last-words', message: messageOf(error) })
  })
  // To a kill nobody can listen.
  if (spec.stopSignal !== 'SIGKILL') process.on(spec.stopSignal, () => end.abort(new Error('The run is to end.')))
  process.once('disconnect', leave)
  const workerData: OrphanWatch = { supervisorPid: process.ppid, graceMs: 2 * orphanMs }
  const file = new URL(import.meta.url.endsWith('.ts') ? './cron-watch.ts' : './cron-watch.js', import.meta.url)
  new Thread(file, { workerData, execArgv: [], env: {} }).unref()
}

/** The supervisor is gone: nobody would know of this run any more, and the next tree would begin another. */
function leave(): void {
  end.abort(new Error('The supervisor is gone.'))
  setTimeout(() => process.kill(-process.pid, 'SIGKILL'), orphanMs)
}
