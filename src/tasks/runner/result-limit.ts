import type { Job } from '../engine/job.ts'
import type { TaskError } from '../task-error.ts'
import { runnerError } from './runner-error.ts'

/** Why a result is not kept: no further attempt would make it smaller. */
export function refuseResult({ task }: Job, result: string | undefined, bytesMax: number): TaskError | undefined {
  const bytes = result === undefined ? 0 : Buffer.byteLength(result)
  if (bytes <= bytesMax) return undefined
  const advice = 'Keep it elsewhere and return where it is, or raise tasks.maxResultBytes.'
  const message = `The result of ${task} has ${bytes} bytes, more than ${bytesMax}. ${advice}`
  return runnerError('TASK_RESULT_TOO_LARGE', message)
}
