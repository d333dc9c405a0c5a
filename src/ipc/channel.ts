/** The supervisor's and the worker's ends of the channel that Node gives a child process. */
import type { ChildProcess, SendHandle } from 'node:child_process'
import type { FromWorker, ToWorker } from './messages.ts'

interface Port {
  readonly connected: boolean
  send?(message: unknown, handle: SendHandle | undefined, options: object, done: (error: Error | null) => void): boolean
}

/**
 * Sends one message, and returns whether the channel was open. A message to a process that ends meanwhile is lost
 * without a word: its exit is the event that counts.
 */
function send(port: Port, message: FromWorker | ToWorker, handle?: SendHandle, keepOpen = false): boolean {
  if (!port.connected || !port.send) return false
  try {
    port.send(message, handle, { keepOpen }, () => {})
    return true
  } catch {
    return false
  }
}

export function sendToWorker(child: ChildProcess, message: ToWorker, handle?: SendHandle, keepOpen = false): boolean {
  return send(child as unknown as Port, message, handle, keepOpen)
}

export function sendToSupervisor(message: FromWorker): boolean {
  return send(process as unknown as Port, message)
}

/** Sends, and resolves when it is on its way or nobody is there any more: for what is said before the end. */
export function toldSupervisor(message: FromWorker): Promise<void> {
  return new Promise(resolve => {
    if (!process.connected || !process.send) resolve()
    else process.send(message, undefined, {}, () => resolve())
  })
}

/** Whether a message is one of ours: an application may use the same channel for its own. */
export function isSaolaMessage(message: unknown): message is FromWorker | ToWorker {
  const type = (message as { type?: unknown } | null)?.type
  return typeof type === 'string' && type.startsWith('saola.')
}
