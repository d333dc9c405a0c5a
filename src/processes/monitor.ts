// Runs as monitor:0, which shows the tree: dashboard, metrics and health. Started by the supervisor, which says in SAOLA_MONITOR
// what to be. All that it knows it asks over the control socket, like any command; only the store it looks into itself.
import { messageOf } from '../base/errors.ts'
import { isSaolaMessage, sendToSupervisor } from '../ipc/channel.ts'
import type { ToWorker } from '../ipc/messages.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { startWatchThread } from '../worker/watch-thread.ts'
import { type MonitorSpec, monitorVariable } from './monitor-spec.ts'
import { openMonitor } from './open-monitor.ts'

/** Of the pipe of the watch thread: see workerFds in supervisor/spawn-process.ts. */
const watchFd = 5

const spec = JSON.parse(process.env[monitorVariable] ?? '') as MonitorSpec
delete process.env[monitorVariable]
process.title = `saola: ${spec.tree} monitor:0`
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'

// Its pipe is gone with the supervisor, and the last words must not be what it dies of.
process.stderr.on('error', () => {})
startWatchThread(new URL(`./watch.${extension}`, import.meta.url), watchFd)
const monitor = await openMonitor(spec, (level, event, fields) => {
  sendToSupervisor({ type: 'saola.log', level, event, fields })
})
startHeartbeat(
  () => monitor.counts(),
  beat => sendToSupervisor({ type: 'saola.beat', beat }),
)
sendToSupervisor({ type: 'saola.ready', bootMs: performance.now() })

process.on('message', message => {
  if (isSaolaMessage(message) && (message as ToWorker).type === 'saola.drain') end()
})
for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, end)
process.on('SIGHUP', () => {})
process.once('disconnect', end)
process.on('uncaughtExceptionMonitor', error => {
  sendToSupervisor({ type: 'saola.last-words', message: messageOf(error) })
})

function end(): void {
  void monitor.close().finally(() => process.exit(0))
}
