import { quoted } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import type { Store } from '../store/store.ts'
import type { InputArguments, Task } from './define-task.ts'
import type { Job, JobFilter, NewJob, QueueInfo, TaskInfo } from './engine/job.ts'
import type { Changed } from './engine/task-engine.ts'
import { asPartOf, enqueueJobs } from './enqueue.ts'
import { argumentInvalid, nameOf, optionsOf } from './given.ts'
import { TaskHandle } from './handle.ts'
import { inTime } from './in-time.ts'
import { type EnqueueOptions, type EnqueueWay, type JobOptions, newJob, readEnqueueOptions } from './new-job.ts'
import { encodeInput } from './payload.ts'
import { followRequests } from './request-context.ts'
import { createSchedules, type Schedules } from './schedule/schedules.ts'
import { TaskError } from './task-error.ts'
import { currentSpace, spaceOn, type TaskSpace, waitingNow } from './task-space.ts'

/** Any task, as a type. */
type AnyTask = Pick<Task<never, unknown>, 'id' | '~types'>
type Types<Called extends AnyTask> = NonNullable<Called['~types']>
type InputOf<Called extends AnyTask> = Parameters<Types<Called>['input']>[0]
type OutputOf<Called extends AnyTask> = Types<Called>['output']

/** Which jobs: by their ids, or what they have in common. */
export type Which = string | readonly string[] | Omit<JobFilter, 'cursor' | 'textBytesMax'>

type Chosen = { readonly ids: readonly string[] } | JobFilter

const changedMax = 1_000
const filterNames = ['states', 'task', 'queue', 'limit']
// A process of tasks that has just been started has told of its tasks by then; shorter than an enqueue waits.
const patienceMs = 4_500
const askAgainMs = 100
const rememberedMs = 10_000

/** All jobs of a store: of the tree by `tasks`, of another by `openTasks`. */
export class Tasks {
  /** Jobs of which no attempt is left, and those that were cancelled: kept for 30 days, if their task does not say otherwise. */
  readonly dead: DeadJobs
  /** What runs again and again, made at run time; for what code declares, see `schedule`. */
  readonly schedules: Schedules
  readonly #space: () => TaskSpace
  #known: { readonly tasks: ReadonlyMap<string, TaskInfo>; readonly until: number } | undefined
  #asking: Promise<ReadonlyMap<string, TaskInfo>> | undefined

  constructor(space: () => TaskSpace) {
    this.#space = space
    this.dead = new DeadJobs(space)
    this.schedules = createSchedules(space)
    followRequests()
  }

  /**
   * Enqueues a task, here also by its name alone, with a type-only import: for code that must not load what the task loads. Then
   * some process that runs the task must have been there in the last seconds, which tells of its rules; the input is
   * checked when it runs.
   *
   * ```ts
   * import type { sendEmail } from './tasks/send-email.ts'
   * await tasks.enqueue<typeof sendEmail>('email.send', { to: 'ann@example.org' })
   * ```
   *
   * @throws {TaskError} TASK_UNKNOWN when after 4.5 s, or `timeout` if that is shorter, no process has told of it. Else as `task.enqueue`.
   */
  enqueue<Called extends AnyTask>(
    task: Called,
    ...rest: InputArguments<InputOf<Called>, EnqueueOptions>
  ): Promise<TaskHandle<OutputOf<Called>>>
  enqueue<Called extends AnyTask = Task<unknown, unknown>>(
    id: Called['id'],
    ...rest: InputArguments<InputOf<Called>, EnqueueOptions>
  ): Promise<TaskHandle<OutputOf<Called>>>
  enqueue(task: AnyTask | string, input?: unknown, options: EnqueueOptions = {}): Promise<TaskHandle<unknown>> {
    return asPartOf(options, () => this.#enqueue(task, input, options))
  }

  async #enqueue(task: AnyTask | string, input: unknown, options: EnqueueOptions): Promise<TaskHandle<unknown>> {
    const { job: own, way } = readEnqueueOptions(options)
    const space = this.#space()
    const job = await this.#newJob(space, { task, input, options: own, way })
    const [enqueued = { id: job.id, isNew: true }] = await enqueueJobs(space, [job], way)
    return new TaskHandle(space, enqueued)
  }

  /** The handle of a job that was enqueued elsewhere, or before. Whether there is one, shows at the first call. */
  handle<Called extends AnyTask = Task<never, unknown>>(id: string): TaskHandle<OutputOf<Called>> {
    return new TaskHandle(this.#space(), { id: nameOf(id, 'The id of a job'), isNew: false })
  }

  /** A job as it is now; undefined when there is none. */
  async get(id: string): Promise<Job | undefined> {
    return this.#space().commands.get(nameOf(id, 'The id of a job'))
  }

  /** The newest first: 100 of them, or up to 1,000 by `limit`; the next ones by the `cursor` of the answer. */
  async list(filter: JobFilter = {}): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }> {
    return this.#space().commands.list(filter)
  }

  /**
   * `cancelled`: it will not begin. `asked`: it runs, and its signal is being aborted; what it does then, is its own affair, but it is
   * not tried again. `finished`: too late. Undefined: there is none.
   */
  async cancel(id: string): Promise<'cancelled' | 'asked' | 'finished' | undefined> {
    return this.handle(nameOf(id, 'The id of a job')).cancel()
  }

  /** Of this queue nothing begins until `resume`, also after a restart. What runs goes on. */
  async pause(queue: string): Promise<void> {
    return this.#space().commands.pause(nameOf(queue, 'The name of a queue'), true)
  }

  /** The end of `pause`. */
  async resume(queue: string): Promise<void> {
    return this.#space().commands.pause(nameOf(queue, 'The name of a queue'), false)
  }

  /** All queues that have jobs, or are paused, and how many. */
  async queues(): Promise<readonly QueueInfo[]> {
    return this.#space().commands.queues()
  }

  /** How many jobs there are, by state. */
  async counts(): Promise<Readonly<Record<string, number>>> {
    return this.#space().commands.counts()
  }

  async #newJob(
    space: TaskSpace,
    call: { task: AnyTask | string; input: unknown; options: JobOptions; way: EnqueueWay },
  ): Promise<NewJob> {
    const { task, input, options, way } = call
    if (isTask(task)) return task.prepare(space, { input: { value: input }, options })
    if (typeof task !== 'string') throw argumentInvalid('What is enqueued', 'a task or the id of one', task)
    const near = space.observer?.find(task)
    if (near) return near.prepare(space, { input: { value: input }, options })
    const info = await inTime(() => this.#find(space, task, way), { ...way, late: () => this.#late(task, way) })
    return newJob({ info, payload: encodeInput(input), keys: {}, options, now: space.date() })
  }

  async #find(space: TaskSpace, id: string, { signal }: EnqueueWay): Promise<TaskInfo> {
    const endsAt = waitingNow(space) + patienceMs
    for (;;) {
      const found = (await this.#knownTasks(space, id)).get(id)
      if (found) return found
      if (waitingNow(space) >= endsAt || space.observer) throw unknown(id, [...(this.#known?.tasks.keys() ?? [])])
      await new Promise(resolve => setTimeout(resolve, askAgainMs))
      // Nobody waits for it any more.
      signal?.throwIfAborted()
    }
  }

  /** What the processes that run tasks tell; what they told before counts while all of them are being restarted. */
  async #knownTasks(space: TaskSpace, id: string): Promise<ReadonlyMap<string, TaskInfo>> {
    const known = this.#known
    if (!known?.tasks.has(id)) return await this.#ask(space)
    // It is asked for again, but nobody waits for that: the store may be away, and the job can wait until it is back.
    if (known.until <= waitingNow(space)) this.#ask(space).catch(() => {})
    return known.tasks
  }

  #ask(space: TaskSpace): Promise<ReadonlyMap<string, TaskInfo>> {
    this.#asking ??= this.#askNow(space).finally(() => {
      this.#asking = undefined
    })
    return this.#asking
  }

  async #askNow(space: TaskSpace): Promise<ReadonlyMap<string, TaskInfo>> {
    const workers = await space.commands.workers()
    const told = workers.flatMap(({ tasks = [] }) => tasks.map(info => [info.id, info] as const))
    const tasks = new Map([...(this.#known?.tasks ?? []), ...told])
    this.#known = { tasks, until: waitingNow(space) + rememberedMs }
    return tasks
  }

  /** Nobody has told of this task in time: there is none, or the store is away. */
  #late(task: string, { timeoutMs }: EnqueueWay): TaskError {
    if (!this.#asking) return unknown(task, [...(this.#known?.tasks.keys() ?? [])])
    const message = `The store has not told in ${timeoutMs} ms what the task ${quoted(task)} is. Nothing was enqueued.`
    return new TaskError('TASK_TIMEOUT', message)
  }
}

/** `tasks.dead` */
export class DeadJobs {
  readonly #space: () => TaskSpace

  constructor(space: () => TaskSpace) {
    this.#space = space
  }

  /** The newest first, as `tasks.list`. */
  async list(
    filter: Omit<JobFilter, 'states'> = {},
  ): Promise<{ readonly jobs: readonly Job[]; readonly cursor?: string }> {
    return this.#space().commands.list({ ...filter, states: ['dead'] })
  }

  /**
   * Gives them all their attempts again. Returns how many, at most 1,000 a call.
   *
   * ```ts
   * await tasks.dead.retry({ task: 'email.send' })
   * ```
   */
  async retry(which: Which): Promise<number> {
    const { commands } = this.#space()
    return changeAll(chosen(which), part => commands.retry(part))
  }

  /** Forgets them. Returns how many, at most 1,000 a call. */
  async remove(which: Which): Promise<number> {
    const { commands } = this.#space()
    return changeAll(chosen(which), part => commands.remove(part))
  }
}

/** The jobs of a test, or else of the tree that has started this process; it is connected to at the first use. */
export const tasks: Tasks = new Tasks(currentSpace)

/**
 * The jobs of a store that was opened: for a script outside of a tree.
 *
 * ```ts
 * await using store = openStore({ dir: '.saola/shop/store' })
 * await openTasks(store).enqueue(sendEmail, { to: 'ann@example.org' })
 * ```
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when it is no store.
 */
export function openTasks(store: Store): Tasks {
  const space = spaceOn(store)
  return new Tasks(() => space)
}

function isTask(given: unknown): given is Task<unknown, unknown> {
  return typeof (given as { prepare?: unknown } | null)?.prepare === 'function'
}

function chosen(which: Which): Chosen {
  const given: readonly unknown[] | undefined =
    typeof which === 'string' ? [which] : Array.isArray(which) ? which : undefined
  if (given) return { ids: given.map(id => nameOf(id, 'The id of a job')) }
  if (typeof which !== 'object' || which === null) throw argumentInvalid('Which jobs', 'an id, ids or a filter', which)
  if ('ids' in which) {
    const message = 'Which jobs: ids are given by themselves, such as ["x"].'
    throw new TaskError('TASK_ARGUMENT_INVALID', message)
  }
  return { states: ['dead'], ...optionsOf(which as JobFilter, 'Which jobs', filterNames) }
}

/** One command looks at some thousand jobs: as often as it takes to find so many as are wanted, or to have seen all. */
async function changeAll(which: Chosen, change: (which: Chosen) => Promise<Changed>): Promise<number> {
  if ('ids' in which) return (await change(which)).count
  const { limit = changedMax } = which
  let count = 0
  let cursor: string | undefined
  do {
    const changed = await change({ ...which, limit: limit - count, ...(cursor !== undefined && { cursor }) })
    count += changed.count
    cursor = changed.cursor
  } while (cursor !== undefined && count < limit)
  return count
}

function unknown(id: string, names: readonly string[]): TaskError {
  const near = suggest(id, names)
  const hint = near
    ? `did you mean ${quoted(near)}?`
    : 'a process that runs it must have been started, or import the task itself.'
  return new TaskError('TASK_UNKNOWN', `Nobody knows a task ${quoted(id)}: ${hint}`)
}
