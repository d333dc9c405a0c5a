/** What workers say of their jobs. Who has not the token of now says it in vain. */
import type { Reply } from '../../resp/reply.ts'
import { integerOf } from '../arguments.ts'
import type { CommandContext } from '../command.ts'
import { change, complete, finish, makeReady, move } from './changes.ts'
import { findJob, type JobRow, jobState } from './job-row.ts'
import {
  checkBytes,
  checkShape,
  inner,
  milliseconds,
  name,
  optional,
  parseJson,
  parseList,
  type Shape,
  text,
  whole,
} from './shapes.ts'
import { type TaskContext, taskContextOf } from './task-space.ts'
import { putBack } from './workers.ts'

const jobsMax = 10_000
const progressBytesMax = 64 * 1024
const held: Shape = { id: name, token: whole(0) }

interface Held {
  readonly id: string
  readonly token: number
}

interface Done extends Held {
  readonly result?: string
}

interface Failed extends Held {
  readonly error: object
  readonly retryMs: number | null
}

const doneShape: Shape = { ...held, result: optional(text) }
const failedShape: Shape = {
  ...held,
  error: inner({ name: text, message: text, stack: optional(text), code: optional(text) }),
  retryMs: { ...milliseconds, isRight: value => value === null || milliseconds.isRight(value) },
}

export function done(command: CommandContext, [, worker, jobs]: readonly Buffer[]): Reply {
  const own = String(worker)
  const isCompleted = (context: TaskContext, { id, token, result }: Done) =>
    complete(context, { id, token, worker: own, result: result ?? null })
  const act = (context: TaskContext, job: JobRow, { result }: Done) => {
    if (job.cancelling > 0) finish(context, job, { state: jobState.cancelled })
    // What went wrong before is kept: it tells why it took several attempts.
    else finish(context, job, { state: jobState.done, result: result ?? null })
  }
  return answerEach<Done>(command, own, heldOf(jobs, doneShape), act, isCompleted)
}

export function fail(command: CommandContext, [, worker, jobs]: readonly Buffer[]): Reply {
  return answerEach<Failed>(command, String(worker), heldOf(jobs, failedShape), (context, job, failed) => {
    const error = JSON.stringify(failed.error)
    const { retryMs } = failed
    const ended = { error, worker: null, request: null, started: null }
    if (job.cancelling > 0) finish(context, job, { state: jobState.cancelled, error })
    else if (retryMs === null || job.attempt >= job.attempts) finish(context, job, { state: jobState.dead, error })
    else if (retryMs === 0) makeReady(context, job, ended)
    else move(context, job, jobState.scheduled, { ...ended, due: context.now + retryMs })
  })
}

export function giveBack(command: CommandContext, [, worker, jobs]: readonly Buffer[]): Reply {
  return answerEach<Held>(command, String(worker), heldOf(jobs, held), (context, job) => {
    if (job.cancelling > 0) finish(context, job, { state: jobState.cancelled })
    else putBack(context, job, { attempt: job.attempt - 1 })
  })
}

export function progress(command: CommandContext, [, worker, id, token, value]: readonly Buffer[]): Reply {
  const number = integerOf(token)
  checkBytes(value, 'progress', progressBytesMax)
  parseJson(value, 'progress')
  const context = taskContextOf(command)
  const job = heldBy(context, String(worker), { id: String(id), token: number })
  if (job) change(context, job, { progress: String(value) })
  return Buffer.from(job ? '"ok"' : '"lost"')
}

/** A worker may send all that it knows of a job. */
function heldOf<Item>(argument: Buffer | undefined, shape: Shape): readonly Item[] {
  const jobs = parseList<Item>(argument, 'jobs', jobsMax)
  for (const [i, job] of jobs.entries()) checkShape(job, `jobs[${i}]`, shape, true)
  return jobs
}

/** What `isActed` has not done already, `act` does with what is held. */
function answerEach<Item extends Held>(
  command: CommandContext,
  worker: string,
  items: readonly Item[],
  act: (context: TaskContext, job: JobRow, item: Item) => void,
  isActed: (context: TaskContext, item: Item) => boolean = () => false,
): Reply {
  const context = taskContextOf(command)
  const verdicts = items.map(item => {
    if (isActed(context, item)) return 'ok'
    const job = heldBy(context, worker, item)
    if (!job) return 'lost'
    act(context, job, item)
    return 'ok'
  })
  return Buffer.from(JSON.stringify(verdicts))
}

function heldBy({ keyspace }: TaskContext, worker: string, { id, token }: Held): JobRow | undefined {
  const job = findJob(keyspace, id)
  return job?.state === jobState.active && job.worker === worker && job.token === token ? job : undefined
}
