/** One job from its beginning to its end: its signal, its soft limit, what it says of its progress, and what came of it. */
import { AsyncLocalStorage } from 'node:async_hooks'
import type { Job } from '../engine/job.ts'
import type { RunnableTask, TaskContext } from '../runnable-task.ts'
import type { TaskError } from '../task-error.ts'
import { runnerError } from './runner-error.ts'

export type Outcome =
  | { readonly result: string | undefined; readonly error?: undefined }
  | { readonly error: unknown; readonly result?: undefined }

export interface JobRun {
  readonly job: Job
  readonly controller: AbortController
  /** Stores how far it is. Called once at a time. */
  storeProgress(progress: string): Promise<void>
}

// What a handler throws where nobody can catch it is known by this to be of its job.
const running = new AsyncLocalStorage<Job>()

/** The job in whose handler this is called, also behind timers and events. */
export function currentJob(): Job | undefined {
  return running.getStore()
}

/** Never rejects: what went wrong is in the outcome. */
export async function runJob(task: RunnableTask | undefined, run: JobRun): Promise<Outcome> {
  const { job, controller } = run
  if (!task) return { error: unknownTask(job) }
  const timer = job.softMs > 0 ? setTimeout(() => controller.abort(softLimit(job)), job.softMs) : undefined
  try {
    return { result: await running.run(job, () => task.execute(job.payload, contextOf(run))) }
  } catch (error) {
    return { error: error ?? new Error(`${error} was thrown.`) }
  } finally {
    clearTimeout(timer)
  }
}

function contextOf(run: JobRun): TaskContext {
  const { job, controller } = run
  return {
    id: job.id,
    task: job.task,
    attempt: job.attempt,
    attempts: job.attempts,
    signal: controller.signal,
    context: job.context ?? {},
    progress: progressOf(run),
  }
}

/** One is under way at a time, and of those that come meanwhile the last is next: nobody needs to know them all. */
function progressOf({ storeProgress }: JobRun): (value: unknown) => Promise<void> {
  let next: string | undefined
  let underWay: Promise<void> | undefined
  const storeAll = async () => {
    for (let text = next; text !== undefined; text = next) {
      next = undefined
      await storeProgress(text)
    }
  }
  return value => {
    next = JSON.stringify(value) ?? 'null'
    underWay ??= storeAll().finally(() => {
      underWay = undefined
    })
    return underWay
  }
}

export function softLimit({ task, softMs }: Job): TaskError {
  return runnerError('TASK_SOFT_LIMIT', `${task} has taken longer than its soft limit of ${softMs} ms.`)
}

function unknownTask({ task }: Job): TaskError {
  const advice = 'Is its file in tasks.dir, and does it still have this name?'
  return runnerError('TASK_UNKNOWN', `There is no task ${JSON.stringify(task)} in this code. ${advice}`)
}
