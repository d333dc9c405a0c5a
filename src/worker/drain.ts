/**
 * The end of a worker that loses nothing: it accepts no more, answers what is in flight and what still comes on open
 * connections, tells each client that its connection ends, and then exits.
 */
import type net from 'node:net'
import type { WorkerSpec } from '../ipc/messages.ts'
import type { Connections } from './connections.ts'
import type { Traffic } from './traffic.ts'

const sweepMs = 50

export interface DrainOptions {
  readonly graceful: WorkerSpec['graceful']
  readonly traffic: Traffic
  readonly connections: Connections
  /** The application's server speaks HTTP: only then is it known when a connection is idle. */
  readonly isHttp: boolean
}

/** Resolves when no connection is left, or `graceful.timeout` is over: `true` if nothing was cut off. */
export function drainConnections({ graceful, traffic, connections, isHttp }: DrainOptions): Promise<boolean> {
  const startedAt = performance.now()
  traffic.drain()
  const told = new WeakSet<net.Socket>()
  return new Promise(resolve => {
    const sweep = () => {
      const now = performance.now()
      const elapsedMs = now - startedAt
      closeWebSockets(traffic.upgraded, told)
      if (elapsedMs >= graceful.websocketsMs) for (const socket of traffic.upgraded.keys()) socket.destroy()
      if (isHttp && elapsedMs >= graceful.idleMs) endIdle(connections, { now, idleMs: graceful.idleMs })
      const isOver = elapsedMs >= graceful.timeoutMs
      if (connections.size > 0 && !isOver) return
      clearInterval(timer)
      for (const { socket } of connections) socket.destroy()
      resolve(!isOver)
    }
    // Looked at once all that has come is read: a process that stood still may find its next requests and this timer together.
    const timer = setInterval(() => setImmediate(sweep), sweepMs)
    sweep()
  })
}

/**
 * A client may be writing its next request on a connection that looks idle, so it gets a grace: within it, a request
 * is answered with `Connection: close`. Only a connection that was silent for so long is closed from here.
 */
function endIdle(connections: Connections, { now, idleMs }: IdleLimits): void {
  for (const { socket, secure, open, endsItself, idleSince } of connections) {
    if (open === 0 && !endsItself && now - idleSince >= idleMs) (secure ?? socket).destroySoon()
  }
}

interface IdleLimits {
  readonly now: number
  readonly idleMs: number
}

/**
 * A close frame with status 1001, "going away" (RFC 6455, 5.5.1 and 7.4.1): the client answers and reconnects. Once for
 * each, also for those that are opened during the drain; but only when the application has answered the handshake, for
 * the frame would be taken for a part of that answer.
 */
function closeWebSockets(sockets: ReadonlyMap<net.Socket, number>, told: WeakSet<net.Socket>): void {
  for (const [socket, bytesBefore] of sockets) {
    if (told.has(socket) || socket.bytesWritten === bytesBefore) continue
    told.add(socket)
    socket.write(Buffer.from([0x88, 0x02, 0x03, 0xe9]))
    silence(socket)
  }
}

/**
 * Drops what the application, or an upstream, still writes. Behind a close frame nothing may come (RFC 6455, 5.5.1), not even
 * its own, with which it answers the client's answer to ours: Chromium would call the connection broken, 1006.
 */
function silence(socket: net.Socket): void {
  const end = socket.end as (callback?: () => void) => net.Socket
  const callbackOf = (args: readonly unknown[]) =>
    args.find(each => typeof each === 'function') as (() => void) | undefined
  socket.write = (...args: unknown[]) => {
    const callback = callbackOf(args)
    if (callback) process.nextTick(callback)
    return true
  }
  socket.end = (...args: unknown[]) => end.call(socket, callbackOf(args))
}
