/**
 * What is special about waiting for tasks. A claim gives jobs to a worker: if its answer does not arrive, because its time is
 * over, it was given up, or Redis was not reached, the worker knows nothing of them, and as long as it lives nobody else would
 * get them. So they are given back, again and again until Redis has said that it is done. If this process dies meanwhile, its
 * session ends, and that gives them back.
 */
import { setImmediate, setTimeout } from 'node:timers/promises'
import type { Reply } from '../../resp/reply.ts'
import type { Call } from '../engine.ts'
import type { RedisContext } from './context.ts'
import { scriptCall } from './scripts.ts'

/** Of a wait, what is needed here. */
export interface TaskWait {
  readonly request: string
  readonly trying: Promise<Reply> | undefined
  readonly makeCall: (timeoutMs: number) => Call
}

const forgetMs = 1_000
const againMs = 1_000
const prefix = 'saola.task.'

export function isTaskWait([name]: Call): boolean {
  return name.startsWith(prefix)
}

/** What a wait answers whose time is over: null stands for a session that is over. */
export function answerAtEnd([name]: Call): Reply {
  return name === 'saola.task.orders' ? Buffer.from('{"cancel":[]}') : null
}

/** Nobody waits for it any more; with `isOver` what it took is given back. */
export function forgetTask({ link }: RedisContext, { request, makeCall }: TaskWait, isOver = false): Promise<Reply> {
  const [name, key, subject = '', queues = ''] = makeCall(0)
  const args = [name.slice(prefix.length), subject, name === 'saola.task.claim' ? queues : '', request, isOver ? 1 : 0]
  const script = scriptCall('saola.task.forget', [Buffer.from(String(key))], args)
  return link.send(script, { timeoutMs: forgetMs, isRead: true })
}

export class TaskClaims {
  readonly #context: RedisContext
  readonly #closing: AbortSignal

  constructor(context: RedisContext, closing: AbortSignal) {
    this.#context = context
    this.#closing = closing
  }

  /** Resolves when the try that is under way has ended, or after a second; whoever awaits that try has its reply then. */
  async settled({ trying }: TaskWait): Promise<void> {
    const giveUp = new AbortController()
    const timer = setTimeout(forgetMs, undefined, { signal: giveUp.signal, ref: false }).catch(() => {})
    await Promise.race([trying?.catch(() => {}), timer])
    giveUp.abort()
    await setImmediate()
  }

  /** The wait has ended without an answer. */
  async notArrived(wait: TaskWait): Promise<void> {
    await wait.trying?.catch(() => {})
    while (!this.#closing.aborted) {
      try {
        await forgetTask(this.#context, wait, true)
        return
      } catch {
        await setTimeout(againMs, undefined, { signal: this.#closing, ref: false }).catch(() => {})
      }
    }
  }
}
