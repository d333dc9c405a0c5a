// Runs as every worker process; started by the supervisor, which says in SAOLA_WORKER or over the channel what to be.
import { enableCompileCache } from 'node:module'
import { type ToWorker, toldLater, type WorkerSpec } from '../ipc/messages.ts'

type Become = Extract<ToWorker, { type: 'saola.become' }>

// For what is loaded from here on: this package, and the application, which starts the faster the larger it is.
enableCompileCache()

const task = process.env.SAOLA_WORKER ?? ''
// What the application starts must not believe to be this worker.
delete process.env.SAOLA_WORKER

// The pipe to the supervisor holds some 300 short lines, and what waits in this process dies with it. Written before
// console.log() returns, the last words of a crash are kept (measured: 27 to 82 % of 1,000 lines were lost without).
for (const stream of [process.stdout, process.stderr]) {
  const handle = (stream as { _handle?: { setBlocking?(isBlocking: boolean): number } })._handle
  handle?.setBlocking?.(true)
}

const [{ compileAccessLog }, { runWorker }] = await Promise.all([
  import('../edge/access-log/access-log.ts'),
  import('../worker/worker.ts'),
])
const spec = task === toldLater ? await toldSpec() : (JSON.parse(task) as WorkerSpec)
// Whoever uses saola/store finds the tree's by this: the application, and what it starts. Only the first asks the supervisor.
process.env.SAOLA_STORE_TREE = spec.store
process.env.SAOLA_WORKER_PID = String(process.pid)
const edge = spec.edge && (await import('./worker-edge.ts')).wireEdge(spec)
await runWorker({
  spec,
  fds: { accessLog: 4, watch: 5 },
  watchFile: new URL(import.meta.url.endsWith('.ts') ? './watch.ts' : './watch.js', import.meta.url),
  createEdge: edge?.create,
  receiveCredentials: edge?.receiveCredentials,
  formatExchange: spec.accessLogFormat === false ? undefined : compileAccessLog(spec.accessLogFormat),
})

/** What it is told over the channel. Without a supervisor it has nothing to wait for. */
function toldSpec(): Promise<WorkerSpec> {
  const end = () => process.exit()
  if (!process.connected) end()
  process.once('disconnect', end)
  return new Promise(resolve => {
    process.once('message', message => {
      process.off('disconnect', end)
      const { spec, inheritsSockets } = message as Become
      const told = JSON.parse(spec) as WorkerSpec
      // One that was started before they were bound asks for them: see Acceptor.
      const sockets = told.sockets.map(({ address, protocol }) => ({ address, protocol }))
      resolve(inheritsSockets ? told : { ...told, sockets })
    })
  })
}
