/** Asks workers something that a step of their edge answers, and waits for all of them, but for none too long. */
import type { FromWorker } from '../ipc/messages.ts'
import type { RunningChild } from './child-process.ts'
import { type Child, type Fleet, nameOf } from './fleet.ts'

export interface WorkerAnswer {
  /** `web:0`. */
  readonly worker: string
  /** Undefined where the worker has no such step. */
  readonly answer: unknown
  /** Why there is none: the worker has ended, or does not answer. */
  readonly error: string | undefined
}

export interface Question {
  /** The name of the step: `cache`. */
  readonly step: string
  readonly question: unknown
  /** Whose workers; undefined: all. */
  readonly app: string | undefined
}

type Sender = Pick<RunningChild, 'send'>
type Answer = Omit<WorkerAnswer, 'worker'>

const answerWaitMs = 5_000

export class Questions {
  readonly #waiting = new Map<number, (answer: Answer) => void>()
  #id = 0

  /** A worker that only starts is asked, too, and answers when it can; that is not waited for. */
  async ask(fleet: Fleet, senderOf: (id: number) => Sender | undefined, asked: Question): Promise<WorkerAnswer[]> {
    const answers: Promise<WorkerAnswer>[] = []
    for (const child of fleet.children.values()) {
      const isAsked = fleet.groups.get(child.group)?.spec.kind === 'web' && (asked.app ?? child.group) === child.group
      const sender = isAsked ? senderOf(child.id) : undefined
      if (!sender) continue
      const answer = this.#askOne(child, sender, asked)
      if (child.state !== 'STARTING') answers.push(answer)
    }
    return Promise.all(answers)
  }

  receive({ id, answer, error }: Extract<FromWorker, { type: 'saola.answer' }>): void {
    this.#waiting.get(id)?.({ answer, error })
  }

  async #askOne(child: Child, sender: Sender, { step, question }: Question): Promise<WorkerAnswer> {
    const id = ++this.#id
    const { promise, resolve } = Promise.withResolvers<Answer>()
    const timer = setTimeout(resolve, answerWaitMs, {
      answer: undefined,
      error: `no answer in ${answerWaitMs / 1_000}s`,
    })
    this.#waiting.set(id, resolve)
    if (!sender.send({ type: 'saola.ask', id, step, question })) resolve({ answer: undefined, error: 'it has ended' })
    const { answer, error } = await promise
    clearTimeout(timer)
    this.#waiting.delete(id)
    return { worker: nameOf(child), answer, error }
  }
}
