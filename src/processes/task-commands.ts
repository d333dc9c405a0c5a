/** What `saola tasks` does: each goes straight to the store, so that it works as well while no process of tasks runs. */
import { ServerError } from '../base/errors.ts'
import { printable, quoted } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import { openEngine } from '../store/open-store.ts'
import type { Enqueued, Job, JobFilter, JobState, TaskInfo } from '../tasks/engine/job.ts'
import { finalStates, jobStates } from '../tasks/engine/job.ts'
import { type Changed, TaskEngine } from '../tasks/engine/task-engine.ts'
import { type Keys, newJob } from '../tasks/new-job.ts'
import { encodeInput } from '../tasks/payload.ts'
import type { Keyed } from '../tasks/task-settings.ts'
import { checkFolder } from './store-places.ts'

export type {
  Job,
  JobFilter,
  JobState,
  QueueInfo,
  Schedule,
  TaskInfo,
  WorkerInfo,
} from '../tasks/engine/job.ts'
export type { TaskEngine } from '../tasks/engine/task-engine.ts'
export { finalStates, jobStates }

export interface TaskPlace {
  /** The folder of the store. */
  readonly dir: string
  /** Where the data is instead, when it is in Redis. */
  readonly url?: string | undefined
  /** Somebody has named the folder: a store must be there already. */
  readonly isChosen?: boolean
  /** How long a call may take, in milliseconds; 10,000 by default. */
  readonly timeoutMs?: number
}

export interface OpenTasks {
  readonly engine: TaskEngine
  /** What the clock of the store shows now: times are told by it. */
  readonly now: Date
}

/** What has come of a list of ids: how many were changed, and a sentence for each that was not. */
export interface ManyChanged {
  readonly count: number
  readonly problems: readonly string[]
}

export interface RunRequest {
  readonly task: string
  readonly input: unknown
  readonly priority?: number | undefined
  /** `'5m'`, at most a year. */
  readonly delay?: string | undefined
  /** For a task whose code makes them of the input. */
  readonly keys?: Keys
}

// Payloads may be large, and the store answers a page at once.
const pageSize = 25
// Also a job of which no news comes is looked at now and then.
const waitMs = 30_000
const retriedStates: readonly JobState[] = ['dead', 'cancelled']

/**
 * Opens the store for as long as the work takes.
 *
 * @throws {ServerError} ERR_STORE_NOT_FOUND when there is no store in the folder.
 */
export async function withTasks<Result>(
  { dir, url, isChosen = false, timeoutMs }: TaskPlace,
  work: (tasks: OpenTasks) => Promise<Result>,
): Promise<Result> {
  if (url === undefined) checkFolder(dir, isChosen ? 'a store' : 'a folder')
  const engine = openEngine({
    ...(url === undefined ? { dir } : { url }),
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  })
  try {
    const [seconds, microseconds] = (await engine.call(['time'])) as readonly unknown[]
    const now = new Date(Number(String(seconds)) * 1_000 + Math.floor(Number(String(microseconds)) / 1_000))
    return await work({ engine: new TaskEngine(engine), now })
  } finally {
    await engine.close()
  }
}

/** Jobs of a filter, the newest first, asked for in pages: at most `limit` of them. */
export async function* listJobs(engine: TaskEngine, filter: JobFilter, limit: number): AsyncGenerator<Job> {
  let left = limit
  for (let cursor = filter.cursor; left > 0; ) {
    const after = cursor === undefined ? {} : { cursor }
    const page = await engine.list({ ...filter, ...after, limit: Math.min(left, pageSize) })
    yield* page.jobs.slice(0, left)
    left -= page.jobs.length
    cursor = page.cursor
    if (cursor === undefined) return
  }
}

/** @throws {ServerError} ERR_TASK_JOB_ABSENT */
export async function findJob(engine: TaskEngine, id: string): Promise<Job> {
  return (await engine.get(id)) ?? absent(id)
}

/**
 * Enqueues a job of a task that a process knows; that is the one which will check its input.
 *
 * @throws {ServerError} ERR_TASK_UNKNOWN when no process knows it; ERR_USAGE when the task makes a key of its input, which nothing
 *   but its code can do, and none is given.
 */
export async function runTask(engine: TaskEngine, request: RunRequest): Promise<Enqueued> {
  const { task, input, priority, delay, keys = {} } = request
  const info = await knownTask(engine, task)
  const missing = keysOfInput(info).find(name => keys[name] === undefined)
  if (missing !== undefined) {
    const what = `The key of ${missing} of ${printable(task)} is made of the input, by its code`
    throw new ServerError('ERR_USAGE', `${what}: say what it is, --key ${missing}=KEY.`)
  }
  const options = { keys, ...(priority === undefined ? {} : { priority }), ...(delay === undefined ? {} : { delay }) }
  const job = newJob({ info, payload: encodeInput(input), keys: {}, options, now: Date.now() })
  const [enqueued] = await engine.enqueue([job])
  return enqueued as Enqueued
}

function keysOfInput({ openKeys = {} }: TaskInfo): Keyed[] {
  return [
    ...(openKeys.limit ? (['concurrency'] as const) : []),
    ...(openKeys.rate ? (['rateLimit'] as const) : []),
    ...(openKeys.unique && !openKeys.unique.isWholeInput ? (['unique'] as const) : []),
  ]
}

async function knownTask(engine: TaskEngine, name: string): Promise<TaskInfo> {
  const workers = await engine.workers()
  const tasks = workers.flatMap(worker => worker.tasks ?? [])
  const found = tasks.find(({ id }) => id === name)
  if (found) return found
  if (workers.length === 0) {
    const advice = 'Start the tree that has it: its processes check the input.'
    throw new ServerError(
      'ERR_TASK_UNKNOWN',
      `No process runs tasks now, so nobody knows ${printable(name)}. ${advice}`,
    )
  }
  const names = [...new Set(tasks.map(({ id }) => id))].sort()
  const near = suggest(name, names)
  const hint =
    near === undefined ? `. There is: ${printable(names.join(', ')) || 'none'}.` : `, did you mean ${printable(near)}?`
  throw new ServerError('ERR_TASK_UNKNOWN', `No process here knows a task ${quoted(name)}${hint}`)
}

/**
 * The job when it is done, dead or cancelled. Waits for it as long as it takes.
 *
 * @throws {ServerError} ERR_TASK_JOB_ABSENT when it is not kept so long.
 */
export async function waitForEnd(engine: TaskEngine, id: string, signal?: AbortSignal): Promise<Job> {
  let job = await findJob(engine, id)
  while (!finalStates.has(job.state)) {
    job = (await engine.waitFor(id, job.version, { timeoutMs: waitMs, signal })) ?? (await findJob(engine, id))
  }
  return job
}

/** Lets dead or cancelled jobs run again. */
export function retryJobs(engine: TaskEngine, ids: readonly string[]): Promise<ManyChanged> {
  return changeEach(ids, async id => {
    if ((await engine.retry({ ids: [id] })).count > 0) return undefined
    const job = await engine.get(id)
    if (!job) return absentText(id)
    if (!retriedStates.includes(job.state)) return `${id} is ${job.state}: only dead and cancelled jobs can be retried.`
    return `${id} is ${job.state}: another job has its unique key, or those whose results it waits for have to be retried.`
  })
}

/**
 * Lets all dead jobs of a filter run again. Each once: those that die again meanwhile are behind the place in the list. So it ends also
 * when they die as fast as they are retried.
 */
export async function retryAll(engine: TaskEngine, filter: JobFilter): Promise<number> {
  return changeAll(cursor => engine.retry({ ...filter, ...cursor }))
}

async function changeAll(change: (after: { readonly cursor?: string }) => Promise<Changed>): Promise<number> {
  let count = 0
  for (let after: { readonly cursor?: string } = {}; ; ) {
    const changed = await change(after)
    count += changed.count
    if (changed.cursor === undefined) return count
    after = { cursor: changed.cursor }
  }
}

export function cancelJobs(engine: TaskEngine, ids: readonly string[]): Promise<ManyChanged & { asked: number }> {
  let asked = 0
  const changed = changeEach(ids, async id => {
    const answer = await engine.cancel(id)
    if (answer === 'asked') asked++
    if (answer === 'finished') return `${id} has finished already.`
    return answer === undefined ? absentText(id) : undefined
  })
  return changed.then(result => ({ ...result, asked }))
}

export function removeJobs(engine: TaskEngine, ids: readonly string[]): Promise<ManyChanged> {
  return changeEach(ids, async id => {
    if ((await engine.remove({ ids: [id] })).count > 0) return undefined
    const job = await engine.get(id)
    return job ? `${id} is ${job.state}: cancel it first.` : absentText(id)
  })
}

/** Removes all of a filter. What finishes meanwhile may stay: it ends also when they finish as fast as they are removed. */
export async function purge(
  engine: TaskEngine,
  filter: JobFilter & { readonly states: readonly JobState[] },
): Promise<number> {
  return changeAll(cursor => engine.remove({ ...filter, ...cursor }))
}

/** How many jobs are in one of the states. */
export async function countOf(engine: TaskEngine, states: readonly JobState[]): Promise<number> {
  const counts = await engine.counts()
  return states.reduce((sum, state) => sum + (counts[state] ?? 0), 0)
}

/** Whether it was another before. */
export async function pauseQueue(engine: TaskEngine, queue: string, isPaused: boolean): Promise<boolean> {
  const [queues, workers] = await Promise.all([engine.queues(), engine.workers()])
  const known = new Set([...queues.map(({ name }) => name), ...workers.flatMap(worker => worker.queues)])
  if (!known.has(queue)) throw unknownQueue(queue, [...known].sort())
  await engine.pause(queue, isPaused)
  return queues.some(({ name, isPaused: was }) => name === queue && was) !== isPaused
}

function unknownQueue(queue: string, known: readonly string[]): ServerError {
  const near = suggest(queue, known)
  const all = known.length === 0 ? 'none has a job or a process' : `there is ${printable(known.join(', '))}`
  const hint = near === undefined ? `: ${all}.` : `, did you mean ${printable(near)}?`
  return new ServerError('ERR_USAGE', `There is no queue ${quoted(queue)}${hint}`)
}

async function changeEach(
  ids: readonly string[],
  change: (id: string) => Promise<string | undefined>,
): Promise<ManyChanged> {
  const problems: string[] = []
  // Twice the same is one that was mistyped: it would be said to be ready already.
  const unique = [...new Set(ids)]
  for (const id of unique) {
    const problem = await change(id)
    if (problem !== undefined) problems.push(problem)
  }
  return { count: unique.length - problems.length, problems }
}

function absent(id: string): never {
  throw new ServerError('ERR_TASK_JOB_ABSENT', absentText(id))
}

function absentText(id: string): string {
  return `There is no job ${quoted(id)}, or its time to be kept was over.`
}
