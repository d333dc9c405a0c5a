/**
 * A worker process that is started before it is known what it will be.
 *
 * Node takes 20 ms to start, the supervisor's own files and configuration nearly as much, and the worker needs both once
 * more. One after the other, the first request waits for all of it. So the process of the first worker begins together with
 * the supervisor: it loads what every worker needs, and waits on its channel to be told its task. Measured from the command
 * to the first answer of a small application: 150 ms without, 120 ms with it.
 *
 * The first child that is started takes its place, if that start would have made the same process. Else, or when there
 * is none, it is ended, and nobody has seen it.
 */
import type { ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import net from 'node:net'
import { sendToWorker } from '../ipc/channel.ts'
import { toldLater } from '../ipc/messages.ts'
import { type Launch, spawnProcess } from './spawn-process.ts'

interface EarlyChild {
  readonly child: ChildProcess
  readonly launch: Launch
  readonly umask: number
}

let waiting: EarlyChild | undefined

/**
 * Starts the process. It does not keep this one alive, and ends with it. Where it cannot be started, the start goes on
 * without: whoever starts the next process will hear why.
 */
export function startEarly(launch: Launch): void {
  // Its sockets are not bound yet, and this is how they can be given to it later: see Acceptor.
  if (!('_createServerHandle' in net)) return
  try {
    begin(launch)
  } catch {
    // No folder, no memory: heard later.
  }
}

function begin(launch: Launch): void {
  const child = spawnProcess({ ...launch, env: { ...launch.env, SAOLA_WORKER: toldLater } })
  child.on('error', () => {})
  // Without free descriptors it has not even pipes.
  if (child.pid === undefined) return
  for (const part of [child, child.channel, ...child.stdio]) (part as { unref?(): void } | null)?.unref?.()
  waiting = { child, launch, umask: process.umask() }
  process.once('exit', endWaiting)
}

/** The process, told what to be, if it is as this start would have made it. Asked once; then it is gone. */
export function takeEarly(launch: Launch): ChildProcess | undefined {
  const taken = waiting && isSame(waiting, launch) ? waiting.child : undefined
  if (!taken) {
    endWaiting()
    return undefined
  }
  waiting = undefined
  for (const part of [taken, taken.channel, ...taken.stdio]) (part as { ref?(): void } | null)?.ref?.()
  sendToWorker(taken, { type: 'saola.become', spec: launch.env.SAOLA_WORKER ?? '', inheritsSockets: false })
  return taken
}

/** Resolves when the process is gone, if there is one that nobody has taken: nothing is left of a start that failed. */
export async function endEarly(): Promise<void> {
  const child = endWaiting()
  if (!child?.pid) return
  child.ref()
  await once(child, 'exit')
}

function endWaiting(): ChildProcess | undefined {
  const child = waiting?.child
  child?.kill('SIGKILL')
  waiting = undefined
  return child
}

function isSame({ child, launch: made, umask }: EarlyChild, wanted: Launch): boolean {
  const isAlive = child.pid !== undefined && child.connected && child.exitCode === null && child.signalCode === null
  const isSameProcess =
    wanted.command === made.command &&
    wanted.cwd === made.cwd &&
    wanted.uid === made.uid &&
    wanted.gid === made.gid &&
    umask === process.umask()
  return isAlive && isSameProcess && isEqual(wanted.args, made.args) && isEqual(outer(wanted.env), outer(made.env))
}

/** The environment without what differs from worker to worker. */
function outer({ SAOLA_WORKER, ...env }: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  return env
}

function isEqual(a: object, b: object): boolean {
  const [ours, theirs] = [Object.entries(a), b as Record<string, unknown>]
  return ours.length === Object.keys(theirs).length && ours.every(([key, value]) => theirs[key] === value)
}
