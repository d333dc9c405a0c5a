import { quoted } from '../base/printable.ts'
import { finalStates, type Job, type JobState } from './engine/job.ts'
import type { Receipt } from './enqueue.ts'
import { type Duration, optionsOf } from './given.ts'
import { inTime, type Patience, timeoutMsOf } from './in-time.ts'
import { decodeInput } from './payload.ts'
import { TaskError } from './task-error.ts'
import { type TaskSpace, waitingNow } from './task-space.ts'

/** How long `handle.result` waits. Durations are seconds as a number, or texts such as `'500ms'`. */
export interface ResultOptions {
  /** How long to wait; for ever by default. The job goes on. */
  readonly timeout?: Duration
  /** Ends the waiting, and not the job. */
  readonly signal?: AbortSignal
}

/** How long `handle.events` listens. */
export interface EventOptions {
  /** How long to listen in all; until the job is finished by default. The job goes on. */
  readonly timeout?: Duration
  /** Ends the listening, and not the job. */
  readonly signal?: AbortSignal
}

/** What became of a job, as far as it was not overtaken: of states and progress that follow at once, the last is told. */
export type TaskEvent =
  | { readonly type: 'state'; readonly state: JobState; readonly job: Job }
  | { readonly type: 'progress'; readonly progress: unknown; readonly job: Job }

/** How long somebody waits, as `waitingNow` counts. */
interface Wait {
  readonly timeoutMs: number
  readonly endsAt: number
  readonly signal: AbortSignal | undefined
}

// Below what balancers and routers between two machines close as idle.
const waitSliceMs = 30_000

/** One call of a task: in whichever process, and after a restart, too. */
export class TaskHandle<Output> {
  /** Of the job: 26 letters and digits. With `tasks.handle(id)` it is found again. */
  readonly id: string
  /**
   * False: a job of the same unique key was there, and this is its handle. Enqueued with a transaction, both this and the id are
   * only certain when that has succeeded: until then it is taken as new.
   */
  readonly isNew: boolean
  readonly #space: TaskSpace

  constructor(space: TaskSpace, { id, isNew, onSettled }: Receipt) {
    this.#space = space
    this.id = id
    this.isNew = isNew
    onSettled?.(found => Object.assign(this, { id: found.id, isNew: found.isNew }))
  }

  /**
   * What the handler returned, as JSON brings it back: a Date is a text. Waits until it is there. Inside of a handler, wait with
   * `chain` or `chord` instead: this would keep a place in the pool that the other job may need.
   *
   * @throws {TaskError} TASK_DEAD with the last error as its cause; TASK_CANCELLED; TASK_TIMEOUT; TASK_NOT_FOUND. {StoreError}
   *   STORE_UNAVAILABLE and the like. The reason of the signal.
   */
  async result(options: ResultOptions = {}): Promise<Output> {
    const wait = this.#startWait(optionsOf(options, 'What result takes', ['timeout', 'signal']))
    let job = await this.#find(wait)
    while (!finalStates.has(job.state)) job = await this.#next(job, wait)
    return outcomeOf(job) as Output
  }

  /**
   * Its state now, and each change from then on, until it is finished: that state is the last event.
   *
   * ```ts
   * for await (const event of handle.events()) if (event.type === 'progress') console.log(event.progress)
   * ```
   *
   * @throws {TaskError} TASK_TIMEOUT; TASK_NOT_FOUND, also when it is removed meanwhile. {StoreError} STORE_UNAVAILABLE and the
   *   like. The reason of the signal.
   */
  async *events(options: EventOptions = {}): AsyncGenerator<TaskEvent, void, undefined> {
    const wait = this.#startWait(optionsOf(options, 'What events takes', ['timeout', 'signal']))
    let job = await this.#find(wait)
    const begun: readonly TaskEvent[] = [
      { type: 'state', state: job.state, job },
      ...(job.progress === undefined ? [] : [progressOf(job)]),
    ]
    // The end is told last, also to who comes behind it.
    yield* finalStates.has(job.state) ? begun.toReversed() : begun
    while (!finalStates.has(job.state)) {
      const next = await this.#next(job, wait)
      if (next.progress !== job.progress && next.progress !== undefined) yield progressOf(next)
      if (next.state !== job.state || next.attempt !== job.attempt)
        yield { type: 'state', state: next.state, job: next }
      job = next
    }
  }

  /** The job as it is now. @throws {TaskError} TASK_NOT_FOUND */
  status(): Promise<Job> {
    return this.#find(this.#startWait({}))
  }

  /** As `tasks.cancel(id)`. */
  async cancel(): Promise<'cancelled' | 'asked' | 'finished' | undefined> {
    const answer = await this.#space.commands.cancel(this.id)
    await this.#space.observer?.cancelled()
    return answer
  }

  #startWait(patience: Patience): Wait {
    const timeoutMs = timeoutMsOf(patience)
    return { timeoutMs, endsAt: waitingNow(this.#space) + timeoutMs, signal: patience.signal }
  }

  async #find({ timeoutMs, endsAt, signal }: Wait): Promise<Job> {
    const leftMs = Math.max(1, endsAt - waitingNow(this.#space))
    const late = () => unanswered(this.id, timeoutMs)
    const job = await inTime(() => this.#space.commands.get(this.id), { timeoutMs: leftMs, signal, late })
    if (job) return job
    const message = `There is no job ${quoted(this.id)}: its id is wrong, its transaction has not succeeded, or it was kept long enough.`
    throw new TaskError('TASK_NOT_FOUND', message)
  }

  /** The job when it has changed, or what it is after a while. */
  async #next(job: Job, wait: Wait): Promise<Job> {
    const { timeoutMs, endsAt, signal } = wait
    signal?.throwIfAborted()
    const leftMs = endsAt - waitingNow(this.#space)
    if (leftMs <= 0) throw tooSlow(job, timeoutMs)
    const options = { timeoutMs: Math.max(1, Math.ceil(Math.min(leftMs, waitSliceMs))), signal }
    const next = await this.#space.commands.waitFor(this.id, job.version, options)
    return next ?? (await this.#find(wait))
  }
}

function progressOf(job: Job): TaskEvent {
  return { type: 'progress', progress: JSON.parse(job.progress ?? 'null'), job }
}

function outcomeOf(job: Job): unknown {
  if (job.state === 'done') return job.result === undefined ? undefined : decodeResult(job.result)
  const what = `Task ${quoted(job.task)} (job ${job.id})`
  if (job.state === 'cancelled')
    throw new TaskError('TASK_CANCELLED', `${what} was cancelled, or has expired.`, { job })
  const message = `${what} is dead after attempt ${job.attempt} of ${job.attempts}: ${job.error?.message ?? 'no error was kept'}`
  throw new TaskError('TASK_DEAD', message, { job, cause: errorOf(job) })
}

function decodeResult(text: string): unknown {
  // JSON that was written by encodeResult, or by a gather: null in it is null.
  return text === 'null' ? null : decodeInput(text)
}

/** The last error, as far as it is kept: its class is lost. */
function errorOf({ error }: Job): Error | undefined {
  if (!error) return undefined
  const thrown = Object.assign(new Error(error.message), error.code === undefined ? {} : { code: error.code })
  thrown.name = error.name
  if (error.stack !== undefined) thrown.stack = error.stack
  return thrown
}

function unanswered(id: string, timeoutMs: number): TaskError {
  const message = `The store has not said in ${timeoutMs} ms what job ${quoted(id)} is doing. It goes on.`
  return new TaskError('TASK_TIMEOUT', message)
}

function tooSlow(job: Job, timeoutMs: number): TaskError {
  const what = `Task ${quoted(job.task)} (job ${job.id})`
  return new TaskError(
    'TASK_TIMEOUT',
    `${what} was not finished in ${timeoutMs} ms: it is ${job.state}, and goes on.`,
    { job },
  )
}
