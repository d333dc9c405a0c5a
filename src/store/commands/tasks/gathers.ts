/**
 * Jobs that wait for the results of others: chains, groups and chords. What has arrived lies in `task_results` by the index of the
 * child, until the parent has it; of a child that has failed there is a row, too, below zero.
 */
import type { Keyspace } from '../../database/keyspace.ts'
import { type End, errorOf, findJob, isFinal, type JobRow, jobState } from './job-row.ts'
import type { TaskContext } from './task-space.ts'

export interface Gather {
  readonly count: number
  readonly mode: 'one' | 'all' | 'result'
}

/** A job that ends. */
export interface Gathered {
  readonly job: JobRow
  readonly end: End
}

/** A parent that has all it waits for: it ends, or is ready with this payload. */
export type Complete = Gathered | { readonly job: JobRow; readonly payload: string }

// Of all results together: they are put into one text, which whoever runs or asks for the job has to read at once.
const gatheredBytesMax = 16 * 1024 ** 2
const childFailed = 'ChildFailed'

export function addGather({ keyspace }: TaskContext, parent: string, { mode, count }: Gather): void {
  keyspace.sql('INSERT OR REPLACE INTO task_gathers VALUES (?, ?, ?, ?)').run(parent, mode, count, count)
}

export function parentOf({ keyspace }: TaskContext, { parent }: JobRow): JobRow | undefined {
  return parent === null ? undefined : findJob(keyspace, parent)
}

/** How many results it has not got yet; 0 for one that gathers nothing. */
export function missingOf(context: TaskContext, parent: string): number {
  return gatherOf(context, parent)?.missing ?? 0
}

/** Gives the parent of a job that is done its result, once; returns the parent if that was the last one it has waited for. */
export function giveResult(
  context: TaskContext,
  { parent, parent_index: index }: JobRow,
  result: string | null,
): Complete | undefined {
  const { keyspace } = context
  const gather = parent === null ? undefined : gatherOf(context, parent)
  if (!gather || index === null || index >= gather.children) return undefined
  const { changes } = keyspace
    .sql('INSERT OR IGNORE INTO task_results (parent, child, result) VALUES (?, ?, ?)')
    .run(parent, index, result)
  if (changes === 0) return undefined
  keyspace.sql('UPDATE task_gathers SET missing = missing - 1 WHERE parent = ?').run(parent)
  if (gather.missing > 1) return undefined
  const job = findJob(keyspace, parent as string)
  return job?.state === jobState.waiting ? completeOf(context, job) : undefined
}

/** With all results that are there: undefined when it has had them before, or gathers nothing. */
export function completeOf(context: TaskContext, job: JobRow): Complete | undefined {
  const { keyspace } = context
  const gather = gatherOf(context, job.id)
  const [count, bytes] = arrivedOf(keyspace, job.id)
  if (!gather || count === 0) return undefined
  if (bytes > gatheredBytesMax) return tooLarge(context, job, bytes)
  const rows = keyspace
    .sql('SELECT result FROM task_results WHERE parent = ? AND child >= 0 ORDER BY child')
    .all(job.id) as unknown as [string | null][]
  keyspace.sql('DELETE FROM task_results WHERE parent = ?').run(job.id)
  // What is undefined is null, as in any list of JSON.
  const results = rows.map(([result]) => result ?? 'null')
  if (gather.mode === 'one') return { job, payload: results[0] as string }
  const payload = `[${results.join(',')}]`
  return gather.mode === 'all' ? { job, payload } : { job, end: { state: jobState.done, result: payload } }
}

function arrivedOf(keyspace: Keyspace, parent: string): [count: number, bytes: number] {
  const sum =
    'SELECT count(*), coalesce(sum(octet_length(result)), 0) FROM task_results WHERE parent = ? AND child >= 0'
  return keyspace.sql(sum).get(parent) as unknown as [number, number]
}

/** It is dead, and cannot begin anew: what it needs is not kept. */
function tooLarge({ keyspace }: TaskContext, job: JobRow, bytes: number): Complete {
  keyspace.sql('DELETE FROM task_results WHERE parent = ?').run(job.id)
  keyspace.sql('UPDATE task_gathers SET missing = children WHERE parent = ?').run(job.id)
  keyspace.sql('INSERT INTO task_results (parent, child) VALUES (?, -1)').run(job.id)
  const message = `The results that it gathers have ${bytes} bytes together, and ${gatheredBytesMax} at most are gathered.`
  return { job, end: { state: jobState.dead, error: errorText('GatherTooLarge', message) } }
}

export function errorText(name: string, message: string, code?: string): string {
  return JSON.stringify({ name, message, code })
}

/** A child is dead or cancelled: what gathers its result cannot be complete. */
export function noteFailure(context: TaskContext, { parent, parent_index: index }: JobRow): void {
  const gather = parent === null ? undefined : gatherOf(context, parent)
  if (!gather || index === null || index >= gather.children) return
  context.keyspace.sql('INSERT OR IGNORE INTO task_results (parent, child) VALUES (?, ?)').run(parent, -1 - index)
}

/** The child begins anew. */
export function dropFailure({ keyspace }: TaskContext, { parent, parent_index: index }: JobRow): void {
  if (parent === null || index === null) return
  keyspace.sql('DELETE FROM task_results WHERE parent = ? AND child = ?').run(parent, -1 - index)
}

/** How it ends by a child that is dead or cancelled. */
export function endByChild({ id, task, state }: JobRow): End {
  const word = state === jobState.dead ? 'dead' : 'cancelled'
  const message = `The job ${id} of ${task}, whose result it waited for, is ${word}.`
  return { state: state as 6 | 7, error: errorText(childFailed, message) }
}

/** Not one that is done: its error is of an earlier time. */
export function hasEndedByChild({ keyspace }: TaskContext, job: JobRow): boolean {
  if (!isFinal(job.state) || job.state === jobState.done) return false
  const error = errorOf(keyspace, job)
  return error !== null && JSON.parse(error).name === childFailed
}

export function hasFailures({ keyspace }: TaskContext, parent: string): boolean {
  return keyspace.sql('SELECT 1 FROM task_results WHERE parent = ? AND child < 0 LIMIT 1').get(parent) !== undefined
}

function gatherOf({ keyspace }: TaskContext, parent: string) {
  const row = keyspace.sql('SELECT mode, children, missing FROM task_gathers WHERE parent = ?').get(parent)
  if (!row) return undefined
  const [mode, children, missing] = row as unknown as [Gather['mode'], number, number]
  return { mode, children, missing }
}
