// Runs as every worker process; started by the supervisor, which says in SAOLA_WORKER what to be.
import { compileAccessLog } from '../edge/access-log.ts'
import type { WorkerSpec } from '../ipc/messages.ts'
import { runWorker } from '../worker/worker.ts'

const spec = JSON.parse(process.env.SAOLA_WORKER ?? '') as WorkerSpec
// What the application starts must not believe to be this worker.
delete process.env.SAOLA_WORKER

// The pipe to the supervisor holds some 300 short lines, and what waits in this process dies with it. Written before
// console.log() returns, the last words of a crash are kept (measured: 27 to 82 % of 1,000 lines were lost without).
for (const stream of [process.stdout, process.stderr]) {
  const handle = (stream as { _handle?: { setBlocking?(isBlocking: boolean): number } })._handle
  handle?.setBlocking?.(true)
}

await runWorker({
  spec,
  fds: { accessLog: 4, watch: 5 },
  watchFile: new URL(import.meta.url.endsWith('.ts') ? './watch.ts' : './watch.js', import.meta.url),
  formatExchange: spec.accessLogFormat === false ? undefined : compileAccessLog(spec.accessLogFormat),
})
