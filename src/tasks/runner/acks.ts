/**
 * Tells the store how jobs have ended. What ends in one turn of the loop is told in one call, and nobody waits for the answer: the
 * place of a job is free for the next. If the store is not there it is told again, until it has heard it or the session is over.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { backoffMs } from '../../base/backoff.ts'
import { codeOf } from '../../base/errors.ts'
import type { JobError, Verdict } from '../engine/job.ts'
import type { TaskEngine } from '../engine/task-engine.ts'
import { describeError } from './describe-error.ts'

/** A job as it was claimed. */
export interface Claimed {
  readonly id: string
  readonly token: number
  /** The session that claimed it. */
  readonly worker: string
}

export type Ending =
  | { readonly as: 'done'; readonly result: string | undefined }
  | { readonly as: 'failed'; readonly error: JobError; readonly retryMs: number | null }
  | { readonly as: 'returned' }

export type AckEngine = Pick<TaskEngine, 'done' | 'fail' | 'giveBack'>

interface Ack {
  readonly job: Claimed
  readonly ending: Ending
  readonly settle: (verdict: Verdict) => void
}

interface AcksOptions {
  readonly engine: AckEngine
  /** Whether the session is over: then nobody wants to hear of its jobs. */
  isOver(worker: string): boolean
  /** Once for each call that is tried again. */
  onTrouble(error: unknown, jobs: number): void
}

const batchMax = 500
const batchBytesMax = 4 * 1024 ** 2
const retry = { min: 50, max: 2_000 }
/** These pass. Of anything else the store is told without the results: one of them may be what it does not take. */
const passing = new Set(['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_BUSY', 'STORE_DISK_FULL', 'STORE_FULL'])

export class Acks {
  readonly #options: AcksOptions
  #waiting: Ack[] = []
  #isScheduled = false
  readonly #calls = new Set<Promise<void>>()
  #pending = 0

  constructor(options: AcksOptions) {
    this.#options = options
  }

  /** How many are not known to the store yet. */
  get pending(): number {
    return this.#pending
  }

  /** Resolves with what the store says to it; `lost` also when the session ended before it could say anything. */
  tell(job: Claimed, ending: Ending): Promise<Verdict> {
    this.#pending++
    const { promise, resolve } = Promise.withResolvers<Verdict>()
    const settle = (verdict: Verdict) => {
      this.#pending--
      resolve(verdict)
    }
    this.#waiting.push({ job, ending, settle })
    if (!this.#isScheduled) setImmediate(() => this.#flush())
    this.#isScheduled = true
    return promise
  }

  /** Resolves when the store has heard of everything. */
  async settled(): Promise<void> {
    if (this.#isScheduled) this.#flush()
    while (this.#calls.size > 0) await Promise.all(this.#calls)
  }

  #flush(): void {
    this.#isScheduled = false
    const acks = this.#waiting
    this.#waiting = []
    const groups = Map.groupBy(acks, ({ job, ending }) => `${ending.as} ${job.worker}`)
    for (const group of groups.values()) for (const batch of batchesOf(group)) this.#begin(batch)
  }

  #begin(batch: readonly Ack[]): void {
    const call: Promise<void> = this.#tell(batch).finally(() => this.#calls.delete(call))
    this.#calls.add(call)
  }

  async #tell(batch: readonly Ack[]): Promise<void> {
    const worker = batch[0]?.job.worker ?? ''
    for (let failures = 0; !this.#options.isOver(worker); failures++) {
      try {
        const verdicts = await send(this.#options.engine, worker, batch)
        for (const [index, { settle }] of batch.entries()) settle(verdicts[index] ?? 'lost')
        return
      } catch (error) {
        if (failures === 0) this.#options.onTrouble(error, batch.length)
        const isRefused = batch[0]?.ending.as === 'done' && !passing.has(codeOf(error) ?? '')
        if (isRefused) return this.#tell(batch.map(ack => ({ ...ack, ending: refused(error) })))
        await pause(backoffMs(failures + 1, retry))
      }
    }
    for (const { settle } of batch) settle('lost')
  }
}

function refused(error: unknown): Ending {
  return { as: 'failed', error: describeError(error), retryMs: null }
}

function batchesOf(acks: readonly Ack[]): Ack[][] {
  const batches: Ack[][] = []
  let bytes = Number.POSITIVE_INFINITY
  for (const ack of acks) {
    const size = ack.ending.as === 'done' ? (ack.ending.result?.length ?? 0) : 0
    const last = batches.at(-1)
    if (last && last.length < batchMax && bytes + size <= batchBytesMax) {
      last.push(ack)
      bytes += size
    } else {
      batches.push([ack])
      bytes = size
    }
  }
  return batches
}

function send(engine: AckEngine, worker: string, batch: readonly Ack[]): Promise<readonly Verdict[]> {
  const [first] = batch
  if (first?.ending.as === 'done') {
    return engine.done(
      worker,
      batch.map(({ job: { id, token }, ending }) => ({
        id,
        token,
        ...(ending.as === 'done' ? { result: ending.result } : {}),
      })),
    )
  }
  if (first?.ending.as === 'returned')
    return engine.giveBack(
      worker,
      batch.map(({ job: { id, token } }) => ({ id, token })),
    )
  return engine.fail(
    worker,
    batch.flatMap(({ job: { id, token }, ending }) =>
      ending.as === 'failed' ? { id, token, error: ending.error, retryMs: ending.retryMs } : [],
    ),
  )
}
