/** Answers requests: when they are committed, and those that promise it when they are on the disk. */
import type { DiskSync } from '../database/disk-sync.ts'
import { isNoSpace } from '../database/sqlite-failure.ts'
import { type Reply, ReplyError } from '../resp/reply.ts'
import type { Request } from './client.ts'
import { isSynced } from './request-rules.ts'
import { later } from './running-request.ts'
import type { Outcome } from './sessions.ts'

// Of some jobs.
const diskBytesMin = 4 * 1024

export class Answers {
  readonly #disk: DiskSync | undefined
  readonly #onProblem: (error: Error) => void

  /** Without a disk nothing is waited for. */
  constructor(disk: DiskSync | undefined, onProblem: (error: Error) => void = () => {}) {
    this.#disk = disk
    this.#onProblem = onProblem
  }

  /**
   * Whether a turn that has had so many bytes ends behind this request: the disk begins with them while the next turn is done, and
   * neither waits for the other.
   */
  endsTurn(request: Request, bytes: number): boolean {
    return bytes > diskBytesMin && this.#disk?.isSettled === true && isSynced(request)
  }

  /** To be called behind the commit of these. Connections write their answers in the order of the requests, whatever comes first. */
  give(outcomes: readonly Outcome[]): void {
    const held: Outcome[] = []
    for (const outcome of outcomes) {
      if (outcome.reply === later) continue
      if (this.#disk && this.#mustHold(outcome, this.#disk)) held.push(outcome)
      else outcome.request.answer(outcome.reply)
    }
    if (held.length > 0) this.#disk?.wait(error => this.#answer(held, error))
  }

  /** Also what tells a process the answers that it has missed: some may have been held back over the connection that has ended. */
  #mustHold({ request, reply }: Outcome, disk: DiskSync): boolean {
    return isSynced(request) || (!disk.isSettled && isSession(request) && hasAnswers(reply))
  }

  #answer(outcomes: readonly Outcome[], error: Error | undefined): void {
    if (error) this.#onProblem(error)
    const failure = error && failureOf(error)
    for (const { request, reply } of outcomes)
      request.answer(failure && !(reply instanceof ReplyError) ? failure : reply)
  }
}

function isSession({ parts: [name] }: Request): boolean {
  return name?.length === sessionName.length && name.toString('latin1').toLowerCase() === sessionName
}

function hasAnswers(reply: Reply): boolean {
  const answers = Array.isArray(reply) ? reply[1] : undefined
  return Array.isArray(answers) && answers.length > 0
}

const sessionName = 'saola.session'

function failureOf(error: Error): ReplyError {
  const what = `it may be kept or not (${error.message})`
  if (isNoSpace(error)) return new ReplyError('STORE_DISK_FULL', `the disk takes nothing more: ${what}`)
  return new ReplyError('STORE_UNAVAILABLE', `the disk has failed: ${what}`)
}
