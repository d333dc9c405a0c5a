/** One job of a key at a time: until it is finished, and for so long as was said when it was enqueued. */
import { findJob, isFinal, type JobRow } from './job-row.ts'
import type { TaskContext } from './task-space.ts'

/** Who has the key: a job that may be removed already, which then is undefined. */
export interface Holder {
  readonly id: string
  readonly job: JobRow | undefined
}

export function holderOf({ keyspace, now }: TaskContext, key: string): Holder | undefined {
  const row = keyspace.sql('SELECT job, ends FROM task_uniques WHERE key = ?').get(key)
  if (!row) return undefined
  const [id, ends] = row as unknown as [string, number | null]
  const job = findJob(keyspace, id)
  const isHeld = (job !== undefined && !isFinal(job.state)) || (ends !== null && ends > now)
  return isHeld ? { id, job } : undefined
}

export function holdUnique({ keyspace, now }: TaskContext, key: string, id: string, ttlMs: number | undefined): void {
  keyspace
    .sql('INSERT OR REPLACE INTO task_uniques (key, job, ends) VALUES (?, ?, ?)')
    .run(key, id, ttlMs === undefined ? null : now + ttlMs)
}

/** One that is finished begins anew: whether it has its key, or has none. What was left of the time of the key goes on. */
export function holdUniqueAgain(context: TaskContext, { unique_key: key, id }: JobRow): boolean {
  if (key === null) return true
  const holder = holderOf(context, key)
  if (!holder) holdUnique(context, key, id, undefined)
  return !holder || holder.id === id
}

/** The job is finished. */
export function releaseUnique({ keyspace, now }: TaskContext, { unique_key: key, id }: JobRow): void {
  keyspace.sql('DELETE FROM task_uniques WHERE key = ? AND job = ? AND (ends IS NULL OR ends <= ?)').run(key, id, now)
}

/** Whatever time it has left. */
export function dropUnique({ keyspace }: TaskContext, { unique_key: key, id }: JobRow): void {
  keyspace.sql('DELETE FROM task_uniques WHERE key = ? AND job = ?').run(key, id)
}

/** Clears away keys whose time is over; whether there may be more. */
export function sweepUniques({ keyspace, now }: TaskContext, limit: number): boolean {
  const rows = keyspace
    .sql('SELECT key, job FROM task_uniques WHERE ends IS NOT NULL AND ends <= ? LIMIT ?')
    .all(now, limit) as unknown as [string, string][]
  for (const [key, id] of rows) {
    const job = findJob(keyspace, id)
    if (job && !isFinal(job.state)) keyspace.sql('UPDATE task_uniques SET ends = NULL WHERE key = ?').run(key)
    else keyspace.sql('DELETE FROM task_uniques WHERE key = ?').run(key)
  }
  return rows.length === limit
}
