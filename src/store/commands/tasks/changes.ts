/**
 * What becomes of a job: every change of a state is made here, with all that hangs on it. A place of a limit that is free goes to
 * the next one, a unique key ends, a parent gets its result, and whoever waits is woken.
 */
import type { SQLInputValue } from 'node:sqlite'
import { type Complete, endByChild, errorText, type Gathered, giveResult, noteFailure, parentOf } from './gathers.ts'
import { type End, isFinal, type JobRow, jobState, textColumns, type WholeJob, withTexts } from './job-row.ts'
import { leaveCompany } from './last-chance.ts'
import { unblockNext } from './limits.ts'
import { queueName, versionName } from './names.ts'
import type { TaskContext } from './task-space.ts'
import { releaseUnique } from './uniques.ts'

export type Changes = Partial<Omit<WholeJob, 'seq' | 'id' | 'queue' | 'bytes'>>

const expired = errorText('Expired', 'It had not begun when its time was over.')
// Whoever waits for the end hears of it, also over a connection that was lost for a moment.
const keptMsMin = 2_000

const activateJob = `UPDATE task_jobs SET state = 4, worker = ?, token = ?, request = ?, attempt = attempt + 1, started = ?,
  expires = NULL, rated = 0, version = version + 1 WHERE seq = ? RETURNING ${textColumns}`
// Without a limit, a key or a parent nothing hangs on its end.
const completeJob = `UPDATE task_jobs SET state = 5, finished = ?1, expires = NULL, worker = NULL, request = NULL, result = ?2,
  due = min(?1 + max(result_ms, ${keptMsMin}), ${Number.MAX_SAFE_INTEGER}), version = version + 1
  WHERE id = ?3 AND token = ?4 AND worker = ?5 AND state = 4 AND cancelling = 0
  AND limit_key IS NULL AND unique_key IS NULL AND parent IS NULL RETURNING queue, due, version`

/** Changes columns, and tells those who wait for it. */
export function change(context: TaskContext, job: JobRow, changes: Changes): void {
  const { keyspace, space } = context
  const names = Object.keys(changes)
  const set = names.map(name => `${name} = ?`).join(', ')
  keyspace
    .sql(`UPDATE task_jobs SET ${set}, version = version + 1 WHERE seq = ?`)
    .run(...(Object.values(changes) as SQLInputValue[]), job.seq)
  if (changes.state !== undefined && changes.state !== job.state) {
    space.count(job.queue, job.state, -1)
    space.count(job.queue, changes.state, 1)
    if (job.state === jobState.active && job.worker !== null) leaveCompany(keyspace, job.worker)
  }
  keyspace.touch(versionName(job.id, job.version))
  Object.assign(job, changes)
  job.version++
}

/** One that is ready begins; returned with its texts. */
export function activate(
  { keyspace, space, now }: TaskContext,
  job: JobRow,
  { worker, request }: { readonly worker: string; readonly request: string },
): WholeJob {
  const token = space.takeNumber()
  const texts = keyspace.sql(activateJob).get(worker, token, request, now, job.seq)
  space.count(job.queue, job.state, -1)
  space.count(job.queue, jobState.active, 1)
  keyspace.touch(versionName(job.id, job.version))
  job.state = jobState.active
  job.worker = worker
  job.token = token
  job.request = request
  job.attempt++
  job.started = now
  job.expires = null
  job.rated = 0
  job.version++
  return withTexts(job, texts)
}

/** What most jobs come to, in one step: false when it is not held by this token, or more hangs on it than that. */
export function complete(
  { keyspace, space, now }: TaskContext,
  { id, token, worker, result }: { id: string; token: number; worker: string; result: string | null },
): boolean {
  const done = keyspace.sql(completeJob).get(now, result, id, token, worker)
  if (!done) return false
  const [queue, due, version] = done as unknown as [string, number, number]
  space.count(queue, jobState.active, -1)
  space.count(queue, jobState.done, 1)
  keyspace.touch(versionName(id, version - 1))
  leaveCompany(keyspace, worker)
  space.remind?.(due)
  return true
}

/** To a state that is not final. */
export function move(context: TaskContext, job: JobRow, state: 0 | 1 | 2 | 3 | 4, changes: Changes = {}): void {
  const before = job.state
  change(context, job, { ...changes, state })
  freeLimit(context, job, before)
  if (state === jobState.ready) context.keyspace.touch(queueName(job.queue))
  if (state === jobState.scheduled) context.space.remind?.(job.due as number)
}

/** Behind all that are ready. */
export function makeReady(context: TaskContext, job: JobRow, changes: Changes = {}): void {
  move(context, job, jobState.ready, { ...changes, position: context.space.takeNumber(), due: null })
}

/** And what waits for it: its parent, and the parent of that, as far as they end with it. */
export function finish(context: TaskContext, job: JobRow, end: End, also: Changes = {}): void {
  let next: Gathered | undefined = { job, end }
  while (next) {
    finishOne(context, next.job, next.end, next.job === job ? also : {})
    next = gathered(context, next)
  }
}

/** Its time is over, and it has not begun. */
export function expire(context: TaskContext, job: JobRow): void {
  finish(context, job, { state: jobState.cancelled, error: expired })
}

function finishOne(context: TaskContext, job: JobRow, { state, result, error }: End, also: Changes): void {
  const before = job.state
  const keptMs = state === jobState.done ? job.result_ms : job.failure_ms
  const due = Math.min(context.now + Math.max(keptMs, keptMsMin), Number.MAX_SAFE_INTEGER)
  const changes: Changes = { ...also, state, finished: context.now, due, expires: null, worker: null, request: null }
  if (result !== undefined) changes.result = result
  if (error !== undefined) changes.error = error
  change(context, job, changes)
  freeLimit(context, job, before)
  if (job.unique_key !== null) releaseUnique(context, job)
  context.space.remind?.(due)
}

/** What its end does to its parent; returns the parent if that ends by it. */
function gathered(context: TaskContext, { job, end }: Gathered): Gathered | undefined {
  if (job.parent === null) return undefined
  if (job.state === jobState.done) return goOn(context, giveResult(context, job, end.result ?? null))
  noteFailure(context, job)
  const parent = parentOf(context, job)
  if (parent?.state !== jobState.waiting) return undefined
  return { job: parent, end: endByChild(job) }
}

/** One that has all results is ready, or ends and is returned. */
export function goOn(
  context: TaskContext,
  complete: Complete | undefined,
  changes: Changes = {},
): Gathered | undefined {
  if (!complete) return undefined
  if ('end' in complete) return complete
  makeReady(context, complete.job, { ...changes, payload: complete.payload })
  return undefined
}

/** Its place goes to the next one; also when it was the next one, and does not begin. */
function freeLimit(context: TaskContext, { limit_key: key, state }: JobRow, before: number): void {
  if (key === null || before === state) return
  const wasNext = before === jobState.ready && state !== jobState.active && state !== jobState.blocked
  if (before === jobState.active || wasNext) unblock(context, key)
}

/** Those that may begin now are ready, in their old place. */
export function unblock(context: TaskContext, key: string): void {
  for (const job of unblockNext(context, key)) move(context, job, jobState.ready)
}

/** Removes it; if it is not finished, it is cancelled first. */
export function removeJob(context: TaskContext, job: JobRow): void {
  const { keyspace, space } = context
  if (!isFinal(job.state)) finish(context, job, { state: jobState.cancelled })
  keyspace.sql('DELETE FROM task_jobs WHERE seq = ?').run(job.seq)
  keyspace.sql('DELETE FROM task_gathers WHERE parent = ?').run(job.id)
  keyspace.sql('DELETE FROM task_results WHERE parent = ?').run(job.id)
  space.count(job.queue, job.state, -1)
  keyspace.touch(versionName(job.id, job.version))
}
