import type { Keyspace } from '../../database/keyspace.ts'
import { change, finish, makeReady, move } from './changes.ts'
import { addGather } from './gathers.ts'
import { findJob, insertRow, type JobRow, jobState, stateNames, type WholeJob } from './job-row.ts'
import { queueName } from './names.ts'
import type { NewJob } from './new-job.ts'
import type { TaskContext } from './task-space.ts'
import { type Holder, holderOf, holdUnique } from './uniques.ts'

// What is the same for all of them needs no parameter: each costs as much as a comparison.
const insertPlain = `INSERT INTO task_jobs (seq, id, task, queue, state, priority, position, attempt, attempts, interruptions,
    interruptions_max, created, cancelling, version, soft_ms, hard_ms, result_ms, failure_ms, rated, context, payload)
  VALUES (?1, ?2, ?3, ?4, 1, ?5, ?1, 0, ?6, 0, ?7, ?8, 0, 1, ?9, ?10, ?11, ?12, 0, ?13, ?14)
  ON CONFLICT (id) DO NOTHING`

export interface Enqueued {
  readonly id: string
  readonly state: string
  readonly isNew: boolean
}

/** The jobs are checked already: nothing fails between the first and the last of them. */
export function enqueueJobs(context: TaskContext, jobs: readonly NewJob[]): Enqueued[] {
  const queues = new Set<string>()
  const answers = jobs.map(job => enqueue(context, job, queues))
  for (const queue of queues) context.keyspace.touch(queueName(queue))
  return answers
}

function enqueue(context: TaskContext, job: NewJob, readyQueues: Set<string>): Enqueued {
  if (isPlain(job) && insertReady(context.keyspace, context.space.takeNumber(), context.now, job)) {
    context.space.count(job.queue, jobState.ready, 1)
    readyQueues.add(job.queue)
    return { id: job.id, state: 'ready', isNew: true }
  }
  const same = findJob(context.keyspace, job.id)
  if (same) return { id: job.id, state: stateNames[same.state] as string, isNew: false }
  const { unique } = job
  const holder = unique && holderOf(context, unique.key)
  if (unique && holder) return instead(context, job, holder)
  const row = newRow(context, job)
  insertRow(context.keyspace, row)
  context.space.count(row.queue, row.state, 1)
  if (unique) holdUnique(context, unique.key, job.id, unique.ttlMs)
  if (job.gather) gather(context, row, job.gather)
  if (row.state === jobState.ready) readyQueues.add(job.queue)
  if (row.due !== null && row.state === jobState.scheduled) context.space.remind?.(row.due)
  return { id: job.id, state: stateNames[row.state] as string, isNew: true }
}

/** As most are: it may begin at once, whatever else there is. */
function isPlain({ delayMs = 0, expiresMs, unique, limit, rate, gather, parent }: NewJob): boolean {
  return delayMs === 0 && expiresMs === undefined && !unique && !limit && !rate && !gather && !parent
}

/** One that is ready at once, and on which nothing else hangs. False when there is one of its id. */
function insertReady(keyspace: Keyspace, seq: number, now: number, job: NewJob): boolean {
  const { id, task, queue, priority, attempts, interruptionsMax, softMs, hardMs, resultMs, failureMs, payload } = job
  const context = job.context ? JSON.stringify(job.context) : null
  const times = [softMs, hardMs, resultMs, failureMs] as const
  const values = [seq, id, task, queue, priority, attempts, interruptionsMax, now, ...times, context, payload]
  return keyspace.sql(insertPlain).run(...values).changes === 1
}

/** What there is of its key is not enqueued again; a scheduled one gets the input and the times of this one. */
function instead(context: TaskContext, given: NewJob, { id, job }: Holder): Enqueued {
  const { unique, payload, delayMs = 0, expiresMs } = given
  if (unique?.on === 'replace' && job?.state === jobState.scheduled) {
    const changes = { payload, expires: expiresMs === undefined ? null : context.now + expiresMs }
    if (delayMs > 0) move(context, job, jobState.scheduled, { ...changes, due: context.now + delayMs })
    else makeReady(context, job, changes)
  }
  // One that was removed had been done or dead.
  return { id, state: stateNames[job?.state ?? jobState.done] as string, isNew: false }
}

function gather(context: TaskContext, row: JobRow, own: NonNullable<NewJob['gather']>): void {
  addGather(context, row.id, own)
  if (own.count > 0) return
  if (own.mode === 'result') finish(context, row, { state: jobState.done, result: '[]' })
  else change(context, row, { payload: '[]' })
}

function newRow({ space, now }: TaskContext, job: NewJob): WholeJob {
  const seq = space.takeNumber()
  const { delayMs = 0, expiresMs, gather: own } = job
  const isWaiting = own !== undefined && (own.count > 0 || own.mode === 'result')
  const soon = delayMs > 0 ? jobState.scheduled : jobState.ready
  return {
    seq,
    id: job.id,
    task: job.task,
    queue: job.queue,
    state: isWaiting ? jobState.waiting : soon,
    priority: job.priority,
    position: seq,
    due: delayMs > 0 && !isWaiting ? now + delayMs : null,
    expires: expiresMs === undefined ? null : now + expiresMs,
    attempt: 0,
    attempts: job.attempts,
    interruptions: 0,
    interruptions_max: job.interruptionsMax,
    created: now,
    started: null,
    finished: null,
    worker: null,
    token: null,
    request: null,
    cancelling: 0,
    version: 1,
    soft_ms: job.softMs,
    hard_ms: job.hardMs,
    result_ms: job.resultMs,
    failure_ms: job.failureMs,
    unique_key: job.unique?.key ?? null,
    limit_key: job.limit?.key ?? null,
    limit_max: job.limit?.max ?? null,
    rate: job.rate ? JSON.stringify(job.rate) : null,
    rated: 0,
    parent: job.parent?.id ?? null,
    parent_index: job.parent?.index ?? null,
    bytes: 0,
    context: job.context ? JSON.stringify(job.context) : null,
    error: null,
    progress: null,
    payload: job.payload,
    result: null,
  }
}
