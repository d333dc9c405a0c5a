import type { Job } from './engine/job.ts'

/**
 * Every error code of the tasks: what it means and what to do about it. What the store itself says (STORE_UNAVAILABLE,
 * STORE_DISK_FULL, …) comes through as a StoreError; the codes of the server stand in base/errors.ts.
 */
export const taskErrorCodes = {
  TASK_ARGUMENT_INVALID: 'An argument of a call or an option of a task is not what it expects: the message names it.',
  TASK_CANCELLED: 'The job was cancelled or has expired, and has no result.',
  TASK_CRASHED: 'The handler threw where nobody could catch it, and its process had to end.',
  TASK_DEAD: 'No attempt of the job is left. The cause is its last error; "saola tasks retry" gives it new attempts.',
  TASK_DUPLICATE: 'Two files define a task of the same id: give one of them another.',
  TASK_HARD_LIMIT: 'The job has taken longer than its hard limit, and its process was killed: this attempt has failed.',
  TASK_INPUT_INVALID: 'The schema refuses the input, or it is no JSON: nothing was enqueued, or the job is dead.',
  TASK_LEASE_LOST:
    'The job was given to another process, because this one was silent for too long: its result is not kept.',
  TASK_MODULE_FAILED: 'A file of tasks cannot be imported: the cause says why.',
  TASK_NOT_FOUND: 'There is no such job: its id is wrong, or it was kept as long as it was to be.',
  TASK_NO_STORE:
    'There is no store for tasks in this process: start it with Saola, or use openTasks or createTestTasks.',
  TASK_PROCESS_ENDING: 'The process ends, and the job runs again elsewhere, which does not count as an attempt.',
  TASK_QUEUE_MIXED: 'Tasks of pool io and of pool cpu are in one queue, and no pool of the configuration lists it.',
  TASK_RESULT_INVALID: 'What the handler returned is no JSON: return plain values. The job is dead.',
  TASK_RESULT_TOO_LARGE: 'The result is larger than tasks.maxResultBytes: keep it elsewhere. The job is dead.',
  TASK_SOFT_LIMIT: 'The job has taken longer than its soft limit, and its signal is aborted with this.',
  TASK_TIMEOUT:
    'The job was not finished, or its enqueueing not confirmed, in the time that was given to wait for it. It goes on.',
  TASK_UNKNOWN:
    'No process has said what a task of this name is: the name is wrong, or its process never started. Or the code that was to run it has no such task.',
  TASK_UNNAMED: 'A task without an id was enqueued where loadTasks has not named it: give it one.',
} as const satisfies Record<`TASK_${string}`, string>

/** What `code` of a TaskError may be: taskErrorCodes says what each means. */
export type TaskErrorCode = keyof typeof taskErrorCodes

/**
 * Something about tasks that did not do what was asked. Its message says what to do about it.
 *
 * ```ts
 * await handle.result().catch(error => error.code) // 'TASK_DEAD'
 * ```
 */
export class TaskError extends Error {
  readonly code: TaskErrorCode
  /** The job that it is about, as it was then. */
  readonly job: Job | undefined

  constructor(code: TaskErrorCode, message: string, options: { cause?: unknown; job?: Job | undefined } = {}) {
    super(message, 'cause' in options ? { cause: options.cause } : {})
    this.name = 'TaskError'
    this.code = code
    this.job = options.job
  }
}

/**
 * Thrown by a handler: no further attempt would help, the job is dead at once.
 *
 * ```ts
 * if (response.status === 404) throw new NonRetryableError('There is no such customer.')
 * ```
 */
export class NonRetryableError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'NonRetryableError'
  }
}
