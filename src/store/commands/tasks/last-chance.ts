/**
 * A job that would be dead if it lost its worker once more runs alone: nothing begins beside it in its session. A worker that dies
 * takes all of its jobs with it, and which of them has killed it nobody knows. Those that were lost together stand together again,
 * so without this a job that kills its process would take its neighbours to their end with it. Alone it is proven.
 *
 * While it is the next of a queue, a busy worker begins nothing more until its other jobs have ended, or another worker has taken
 * it: to pass it over would leave it waiting for as long as there is other work.
 */
import type { Keyspace } from '../../database/keyspace.ts'
import type { JobRow } from './job-row.ts'
import { companyName } from './names.ts'
import type { TaskContext } from './task-space.ts'

/** Not of one that may be lost but once: it has been tried no less than was asked for. */
export function isLastChance({ interruptions, interruptions_max: max }: JobRow): boolean {
  return interruptions > 0 && interruptions + 1 >= max
}

/** Whether the worker has a job that is to be alone. */
export function isAlone({ keyspace }: TaskContext, worker: string): boolean {
  const risky = 'SELECT 1 FROM task_jobs WHERE state = 4 AND interruptions > 0 AND worker = ?'
  return keyspace.sql(`${risky} AND interruptions + 1 >= interruptions_max LIMIT 1`).get(worker) !== undefined
}

export function isBusy({ keyspace }: TaskContext, worker: string): boolean {
  return keyspace.sql('SELECT 1 FROM task_jobs WHERE state = 4 AND worker = ? LIMIT 1').get(worker) !== undefined
}

/** A job of the worker runs no more: whoever waits to be alone, or not to be so any more, looks again. */
export function leaveCompany(keyspace: Keyspace, worker: string): void {
  keyspace.touch(companyName(worker))
}
