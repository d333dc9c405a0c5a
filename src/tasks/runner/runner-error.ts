import { TaskError, type TaskErrorCode } from '../task-error.ts'

const names: Partial<Record<TaskErrorCode, string>> = {
  TASK_CANCELLED: 'AbortError',
  TASK_HARD_LIMIT: 'TaskTimeout',
  TASK_LEASE_LOST: 'LeaseLost',
  TASK_SOFT_LIMIT: 'TimeoutError',
}

/**
 * What the runner says about a job: a reason of its signal, or an error that is kept of it. Its `name` is what code that handles
 * aborts looks for: `AbortError` of one that was cancelled, `TimeoutError` of a soft limit; `TaskTimeout`, `LeaseLost`.
 */
export function runnerError(code: TaskErrorCode, message: string): TaskError {
  const error = new TaskError(code, message)
  error.name = names[code] ?? error.name
  return error
}
