import { ServerError } from '../base/errors.ts'
import type { StackReply } from '../ipc/messages.ts'
import type { RunningChild } from './child-process.ts'
import { stackText } from './stack-text.ts'

// Who asks waits ten seconds for an answer. A process that stood still for one of them has its stack all the same.
const pauseMs = 5_000
const waitMs = 7_000

/** The stacks that people have asked for, beside those that the supervisor wants before it kills. */
export class StackRequests {
  readonly #waiting = new Map<number, (reply: StackReply) => void>()
  readonly #cwd: string
  #last = 0

  constructor(cwd: string) {
    this.#cwd = cwd
  }

  /**
   * The stack of the main thread of `name`, blocked or not.
   *
   * @throws {ServerError} ERR_CONTROL_REFUSED when it gives none in 7 s.
   */
  async ask(running: RunningChild, name: string): Promise<{ pid: number; stack: string }> {
    // Below 0, beside the ids of children, which use their own for the stack that precedes a kill.
    const id = --this.#last
    const { promise, resolve } = Promise.withResolvers<StackReply | undefined>()
    const timer = setTimeout(resolve, waitMs, undefined)
    this.#waiting.set(id, resolve)
    running.askWatch({ type: 'stack', id, waitMs: pauseMs })
    const reply = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    if (!reply || reply.error !== undefined) {
      throw new ServerError('ERR_CONTROL_REFUSED', `${name} gave no stack: ${reply?.error ?? 'no answer'}.`)
    }
    return { pid: running.pid, stack: stackText(reply.frames, this.#cwd) }
  }

  /** Whether the reply was for somebody here. */
  receive(reply: StackReply): boolean {
    const waiting = this.#waiting.get(reply.id)
    waiting?.(reply)
    return waiting !== undefined
  }
}
