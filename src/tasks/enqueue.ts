/** Brings jobs to the store: at once, or as part of a transaction. */
import { quoted } from '../base/printable.ts'
import type { Reply } from '../store/resp/reply.ts'
import { doAfterTransaction, noteInTransaction, writeInTransaction } from '../store/structures/transaction.ts'
import type { Enqueued, NewJob } from './engine/job.ts'
import { enqueueCall, readEnqueued } from './engine/task-engine.ts'
import { enqueueTogether } from './enqueue-together.ts'
import { argumentInvalid } from './given.ts'
import { inTime } from './in-time.ts'
import type { EnqueueWay } from './new-job.ts'
import { TaskError } from './task-error.ts'
import type { TaskSpace } from './task-space.ts'

const jobsMax = 10_000

/** What is known of a job that was enqueued. */
export interface Receipt extends Pick<Enqueued, 'id' | 'isNew'> {
  /** Of a transaction: calls back when it has succeeded and the store has told which job it is. */
  readonly onSettled?: (settle: (found: Pick<Enqueued, 'id' | 'isNew'>) => void) => void
}

/**
 * Enqueues; given a transaction, this is a part of it from now on: it waits for that, and fails when that fails and nobody looks. So what
 * is enqueued and not awaited is not left out.
 */
export function asPartOf<Result>(
  options: { readonly transaction?: unknown } | undefined,
  enqueue: () => Promise<Result>,
): Promise<Result> {
  return noteInTransaction(options?.transaction, enqueue())
}

/** All or none. In a transaction what comes of them is not known yet: they are new until it has succeeded. */
export async function enqueueJobs(
  space: TaskSpace,
  jobs: readonly NewJob[],
  { transaction, timeoutMs, endsAt, signal }: EnqueueWay,
): Promise<readonly Receipt[]> {
  if (jobs.length === 0) return []
  if (jobs.length > jobsMax) {
    const message = `${jobs.length} jobs cannot be enqueued at once, at most ${jobsMax}: enqueue them in parts.`
    throw new TaskError('TASK_ARGUMENT_INVALID', message)
  }
  if (transaction === undefined) {
    // A test that moves the clock waits for nothing but its own steps.
    if (!space.observer) {
      const late = () => tooSlow(jobs, timeoutMs)
      const leftMs = Math.max(1, endsAt - performance.now())
      return await inTime(() => enqueueTogether(space.commands, jobs), { timeoutMs: leftMs, signal, late })
    }
    const enqueued = await space.commands.enqueue(jobs)
    await space.observer.enqueued()
    return enqueued
  }
  return writeJobs(space, jobs, transaction)
}

function writeJobs(space: TaskSpace, jobs: readonly NewJob[], transaction: unknown): readonly Receipt[] {
  const settlers = new Map<string, (found: Pick<Enqueued, 'id' | 'isNew'>) => void>()
  const onReply = (reply: Reply) => {
    for (const [index, found] of readEnqueued(reply).entries()) settlers.get(jobs[index]?.id ?? '')?.(found)
  }
  const written = writeInTransaction(transaction, { engine: space.engine, call: enqueueCall(jobs), onReply })
  if (written === 'none') {
    throw argumentInvalid('transaction', 'what the function of store.transaction is given', transaction)
  }
  if (written !== 'written') throw new TaskError('TASK_ARGUMENT_INVALID', reasons[written])
  const { observer } = space
  if (observer) doAfterTransaction(transaction, () => observer.enqueued())
  return jobs.map(({ id }) => ({ id, isNew: true, onSettled: settle => settlers.set(id, settle) }))
}

const reasons = {
  ended:
    'The transaction has ended, and the job is not enqueued: await in its function all that enqueues with it, and use it nowhere else.',
  foreign:
    'transaction is of another store than the one the task is enqueued in: use that store, or openTasks(store).enqueue(task, …) of this.',
}

function tooSlow([first, ...rest]: readonly NewJob[], timeoutMs: number): TaskError {
  const what = rest.length === 0 ? `Job ${first?.id} of task ${quoted(first?.task ?? '')}` : `${rest.length + 1} jobs`
  const message = `${what}: the store has not confirmed it in ${timeoutMs} ms. It may be enqueued all the same.`
  return new TaskError('TASK_TIMEOUT', message)
}
