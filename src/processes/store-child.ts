// Runs as store:0, the owner of the store of a tree; started by the supervisor, which says in SAOLA_STORE what to be.
import { setTimeout as pause } from 'node:timers/promises'
import { messageOf } from '../base/errors.ts'
import { formatEvent, type LogFields } from '../base/log.ts'
import { isSaolaMessage, sendToSupervisor } from '../ipc/channel.ts'
import type { FromWorker, ToWorker } from '../ipc/messages.ts'
import { type OwnerSpec, specVariable } from '../store/owner/owner-spec.ts'
import { type RunningOwner, runOwner } from '../store/owner/run-owner.ts'
import { StoreError } from '../store/store-error.ts'
import { startHeartbeat } from '../worker/heartbeat.ts'
import { startWatchThread } from '../worker/watch-thread.ts'

// The workers of a tree whose supervisor was killed end within five seconds, and may write until then.
const orphanMs = 6_000
const idleMs = 100
const roomCheckMs = 500
/** Of the pipe of the watch thread: see workerFds in supervisor/spawn-process.ts. */
const watchFd = 5

const { tree: name = '', ...spec } = JSON.parse(process.env[specVariable] ?? '') as OwnerSpec
delete process.env[specVariable]
process.title = `saola: ${name} store:0`
const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js'
let owner: RunningOwner | undefined
let isEnding = false

listen()
startWatchThread(new URL(`./watch.${extension}`, import.meta.url), watchFd)
try {
  owner = await openWhenRoom()
  startHeartbeat(countsOf(owner), beat => sendToSupervisor({ type: 'saola.beat', beat }))
  sendToSupervisor({ type: 'saola.ready', bootMs: performance.now() })
  // It was gone before anybody could connect.
  if (!process.connected && owner.connections === 0) end()
} catch (error) {
  fail(error)
}

/** On a full disk it waits until there is room again: neither another process nor an operator who starts one could do more. */
async function openWhenRoom(): Promise<RunningOwner> {
  for (let tries = 0; ; tries++) {
    try {
      return await runOwner(spec, {
        tree: { name, supervisorPid: process.ppid },
        threadFile: new URL(`./store-sync.${extension}`, import.meta.url),
        onIdle: () => process.connected || end(),
        idleMs,
        isKept: () => process.connected,
        log,
      })
    } catch (error) {
      if (!(error instanceof StoreError) || error.code !== 'STORE_DISK_FULL') throw error
      if (tries === 0) log('store.waiting', { reason: error.message })
      await pause(roomCheckMs)
    }
  }
}

function listen(): void {
  // Its pipe is gone with the supervisor, and the last words must not be what it dies of.
  process.stderr.on('error', () => {})
  process.on('message', message => {
    if (!isSaolaMessage(message) || (message as ToWorker).type !== 'saola.drain') return
    const { reason } = message as Extract<ToWorker, { type: 'saola.drain' }>
    end({ isForGood: reason !== 'restart' })
  })
  // Somebody wants this process to go, not the store: the next one is on its way.
  for (const signal of ['SIGTERM', 'SIGINT'] as const) process.once(signal, () => end({ isForGood: false }))
  process.on('SIGHUP', () => {})
  process.once('disconnect', () => {
    if (!owner || owner.connections === 0) end()
    else setTimeout(end, orphanMs)
  })
  process.on('uncaughtExceptionMonitor', error => {
    sendToSupervisor({ type: 'saola.last-words', message: messageOf(error) })
  })
}

function end(options: { readonly isForGood: boolean } = { isForGood: true }): void {
  // It still waits for the folder: there is nothing to close.
  if (!owner) process.exit(0)
  if (isEnding) return
  isEnding = true
  void owner.close(options).then(() => process.exit(0))
}

function countsOf(running: RunningOwner) {
  return () => ({ connections: running.connections, requests: running.requests, inFlight: 0, logDropped: 0 })
}

/** What is wrong with the folder does not get better by trying again; anything else may. */
function fail(error: unknown): void {
  const isHopeless = error instanceof StoreError && error.code === 'STORE_DIRECTORY_UNUSABLE'
  if (isHopeless && process.connected) {
    const message: FromWorker = { type: 'saola.boot-failed', message: messageOf(error), stack: '' }
    process.send?.(message, undefined, undefined, () => process.exit(1))
    return
  }
  process.stderr.write(`${error instanceof Error ? error.name : 'Error'}: ${messageOf(error)}\n`)
  process.exit(1)
}

/** The supervisor gives a line its time and its source. */
function log(event: string, fields: Record<string, unknown>): void {
  process.stderr.write(`${formatEvent({ event, fields: fields as LogFields })}\n`)
}
