import type { Keyspace } from '../../database/keyspace.ts'
import { ordersName } from './names.ts'
import { taskSpaceOf } from './task-space.ts'

const tables = [
  ...['task_jobs', 'task_counts', 'task_queues', 'task_uniques', 'task_rates', 'task_gathers', 'task_results'],
  ...['task_schedules', 'task_workers'],
]

/** Removes all of them, with sessions and schedules: workers are told that they have none. */
export function clearTasks(keyspace: Keyspace): void {
  // What is counted and not written belongs to what goes.
  keyspace.flush()
  const workers = keyspace.sql('SELECT name FROM task_workers').all() as unknown as [string][]
  for (const table of tables) keyspace.sql(`DELETE FROM ${table}`).run()
  const space = taskSpaceOf(keyspace)
  for (const [worker] of workers) {
    space.connections.unbind(worker)
    keyspace.touch(ordersName(worker))
  }
}
