import type { RunnableTask } from '../runnable-task.ts'
import { TaskError } from '../task-error.ts'
import type { TaskProcessSpec } from './process-spec.ts'

/**
 * The queues that a process takes jobs from. A queue is claimed as a whole, so its tasks are all of one kind, if not a pool lists it.
 *
 * @throws {TaskError} TASK_QUEUE_MIXED when tasks of both kinds are in a queue that no pool lists: which pool is to have it?
 */
export function queuesOf(
  { kind, queues, otherQueues }: Pick<TaskProcessSpec, 'kind' | 'queues' | 'otherQueues'>,
  tasks: Iterable<RunnableTask>,
): readonly string[] {
  if (queues) return queues
  const free = [...tasks].filter(({ queue }) => !otherQueues.includes(queue))
  const byQueue = Map.groupBy(free, ({ queue }) => queue)
  for (const [queue, [first, ...others]] of byQueue) {
    const odd = others.find(({ pool }) => pool !== first?.pool)
    if (first && odd) throw new TaskError('TASK_QUEUE_MIXED', mixed(queue, first, odd))
  }
  return [...new Set(free.filter(({ pool }) => pool === kind).map(({ queue }) => queue))]
}

function mixed(queue: string, first: RunnableTask, odd: RunnableTask): string {
  const kinds = `${first.id} is of pool ${first.pool} and ${odd.id} of pool ${odd.pool}`
  return `The queue "${queue}" cannot be of two pools: ${kinds}. Give one of them a queue of its own, or list the queue in tasks.pools.`
}
