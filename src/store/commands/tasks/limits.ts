/**
 * So many jobs of a key are active at once. Whether there is a place is counted, not kept: so none can be lost. A claim that
 * finds none leaves the job blocked; each one that ends lets the next in.
 */
import { type JobRow, selectJobs } from './job-row.ts'
import type { TaskContext } from './task-space.ts'

// The last condition of each is that of the index.
const countActive =
  'SELECT count(*) FROM task_jobs INDEXED BY task_limited WHERE limit_key = ? AND state = 4 AND state IN (1, 2, 4)'
const countReady = `SELECT count(*) FROM (
  SELECT 1 FROM task_jobs INDEXED BY task_limited WHERE limit_key = ? AND state = 1 AND state IN (1, 2, 4) LIMIT ?)`
const blocked = `limit_key = ? AND state = 2 AND state IN (1, 2, 4) AND queue NOT IN (SELECT name FROM task_queues)
  ORDER BY priority, position LIMIT ?`

export function isOverLimit({ keyspace }: TaskContext, { limit_key: key, limit_max: max }: JobRow): boolean {
  if (key === null || max === null) return false
  const [active] = keyspace.sql(countActive).get(key) as unknown as [number]
  return active >= max
}

/** Blocked jobs that may begin: one at least if there is a place, as those that are ready may never be claimed. */
export function unblockNext({ keyspace }: TaskContext, key: string): readonly JobRow[] {
  const [first] = selectJobs(keyspace, blocked, key, 1)
  if (!first) return []
  const [active] = keyspace.sql(countActive).get(key) as unknown as [number]
  const places = (first.limit_max ?? 1) - active
  if (places <= 0) return []
  const [ready] = keyspace.sql(countReady).get(key, places) as unknown as [number]
  return places - ready > 1 ? selectJobs(keyspace, blocked, key, places - ready) : [first]
}

/** Keys of jobs of a queue that are in this state. */
export function limitKeysOf({ keyspace }: TaskContext, queue: string, state: number): string[] {
  const rows = keyspace
    .sql(
      `SELECT DISTINCT limit_key FROM task_jobs INDEXED BY task_limited
       WHERE limit_key IS NOT NULL AND state IN (1, 2, 4) AND state = ? AND queue = ?`,
    )
    .all(state, queue)
  return (rows as unknown as [string][]).map(([key]) => key)
}
