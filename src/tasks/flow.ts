/**
 * Tasks one after the other (`chain`), beside each other (`group`), and one behind many (`chord`). All jobs of a flow are
 * enqueued together, those behind others as `waiting`; the store itself hands the results on. When one is dead or
 * cancelled, so is all that waits for it.
 */
import type { NewJob, TaskInfo } from './engine/job.ts'
import { asPartOf, enqueueJobs } from './enqueue.ts'
import { argumentInvalid } from './given.ts'
import { TaskHandle } from './handle.ts'
import { type EnqueueOptions, type JobOptions, newJob, noEffect, readEnqueueOptions } from './new-job.ts'
import { TaskError } from './task-error.ts'
import { currentSpace, type Place } from './task-space.ts'

/** A task as a flow uses it. */
export interface FlowTask<in Input, out Output> {
  readonly '~types'?: { input(input: Input): void; readonly output: Output } | undefined
  /** A job of it whose input is given, or will be what it gathers. */
  prepare(space: Place, called: Prepared): Promise<NewJob>
}

export interface Prepared {
  readonly input: { readonly value: unknown } | 'gathered'
  readonly options: JobOptions
  readonly flow?: Pick<NewJob, 'parent' | 'gather'> | undefined
}

type Parent = NewJob['parent']

/** Jobs that belong together; the last of them has the result of all. */
interface Plan {
  readonly last: NewJob
  readonly all: NewJob[]
}

// Of what results are made: whoever reads such a list has to follow it down.
const nestedMax = 100

type MakePlan = (space: Place, parent: Parent, options: JobOptions) => Promise<Plan>

/** What can be enqueued, and be a part of a larger one. */
export class Flow<Output> {
  readonly '~output'?: Output
  /** How deep lists are nested in its result by groups: 0 where the result is that of a task. */
  readonly nested: number
  readonly #plan: MakePlan

  constructor(plan: MakePlan, nested = 0) {
    this.#plan = plan
    this.nested = nested
  }

  /**
   * Enqueues all of it, or nothing. `delay`, `at` and `expires` are of those that begin; `priority` and `context` of all.
   *
   * @throws {TaskError} TASK_INPUT_INVALID, TASK_ARGUMENT_INVALID; above 10,000 jobs, too. The rest as `task.enqueue`.
   */
  enqueue(options: EnqueueOptions = {}): Promise<TaskHandle<Output>> {
    return asPartOf(options, () => this.#enqueue(options))
  }

  async #enqueue(options: EnqueueOptions): Promise<TaskHandle<Output>> {
    const { job, way } = readEnqueueOptions(options)
    if (job.keys !== undefined)
      throw noEffect('keys has no effect on a flow: give them to a task of it, task.with(input, { keys }).')
    const space = currentSpace()
    const { last, all } = await this.#plan(space, undefined, job)
    const enqueued = await enqueueJobs(space, all, way)
    return new TaskHandle<Output>(space, enqueued.at(-1) ?? { id: last.id, isNew: true })
  }

  /** For the flow around it. */
  async plan(space: Place, parent: Parent, options: JobOptions): Promise<Plan> {
    // Flows can be as deep as they have jobs: each begins on a stack of its own.
    await undefined
    return this.#plan(space, parent, options)
  }
}

/** The one call of a task, to be put into a flow: `task.with(input)`. */
export function stepOf<Output>(task: FlowTask<never, Output>, value: unknown, own: JobOptions): Flow<Output> {
  return new Flow<Output>(async (space, parent, options) => {
    const flow = parent ? { parent } : undefined
    const last = await task.prepare(space, { input: { value }, options: { ...options, ...own }, flow })
    return { last, all: [last] }
  })
}

/**
 * One after the other: each is given the result of the one before.
 *
 * ```ts
 * const handle = await chain(download.with({ url }), resize, upload).enqueue()
 * ```
 */
export function chain<A>(first: Flow<A>): Flow<A>
export function chain<A, B>(first: Flow<A>, second: FlowTask<A, B>): Flow<B>
export function chain<A, B, C>(first: Flow<A>, second: FlowTask<A, B>, third: FlowTask<B, C>): Flow<C>
export function chain<A, B, C, D>(
  first: Flow<A>,
  second: FlowTask<A, B>,
  third: FlowTask<B, C>,
  fourth: FlowTask<C, D>,
): Flow<D>
export function chain<A, B, C, D, E>(
  first: Flow<A>,
  second: FlowTask<A, B>,
  third: FlowTask<B, C>,
  fourth: FlowTask<C, D>,
  fifth: FlowTask<D, E>,
): Flow<E>
export function chain(first: Flow<unknown>, ...rest: FlowTask<never, unknown>[]): Flow<unknown> {
  checkFlow(first, 'The first of a chain')
  return rest.reduce(behind, first)
}

/** A list of flows by what they result in, in their order. */
type Results<Flows extends readonly Flow<unknown>[]> = {
  -readonly [Index in keyof Flows]: Flows[Index] extends Flow<infer Output> ? Output : never
}

/**
 * Beside each other: its result is the list of theirs, in their order. Groups in groups: up to 100 deep.
 *
 * ```ts
 * const sizes = await (await group(pages.map(page => measure.with({ page }))).enqueue()).result()
 * ```
 *
 * @throws {TaskError} TASK_ARGUMENT_INVALID for what is no flow, and for groups that are nested deeper.
 */
export function group<const Flows extends readonly Flow<unknown>[]>(flows: Flows): Group<Results<Flows>> {
  if (!Array.isArray(flows)) throw argumentInvalid('What group takes', 'an array', flows)
  for (const flow of flows) checkFlow(flow, 'Each of a group')
  return new Group(flows)
}

/** What `group` returns: a flow of its own, and the first part of a chord. */
export class Group<Output> extends Flow<Output> {
  readonly flows: readonly Flow<unknown>[]

  constructor(flows: readonly Flow<unknown>[]) {
    const nested = flows.reduce((most, flow) => Math.max(most, flow.nested), 0) + 1
    if (nested > nestedMax) {
      throw new TaskError('TASK_ARGUMENT_INVALID', `Groups cannot be nested more than ${nestedMax} deep in each other.`)
    }
    super(async (space, parent, options) => {
      const last = gatheringJob(flows.length, parent, { options, now: space.date() })
      return { last, all: [...(await planAll(flows, { space, parent: last.id, options })), last] }
    }, nested)
    this.flows = flows
  }
}

/**
 * A group, and one task behind it that is given the list of results: called once.
 *
 * ```ts
 * await chord(group(pages.map(page => fetchPage.with({ page }))), mergePages).enqueue()
 * ```
 */
export function chord<A extends readonly unknown[], B>(members: Group<A>, callback: FlowTask<A, B>): Flow<B> {
  if (!(members instanceof Group)) throw argumentInvalid('The first of a chord', 'what group returns', members)
  checkTask(callback, 'The second of a chord')
  const { flows } = members
  return new Flow<B>(async (space, parent, options) => {
    const { priority, context } = options
    const gather = { count: flows.length, mode: 'all' as const }
    const flow = { gather, ...(parent ? { parent } : {}) }
    const last = await callback.prepare(space, { input: 'gathered', options: pick({ priority, context }), flow })
    return { last, all: [...(await planAll(flows, { space, parent: last.id, options })), last] }
  })
}

/** The task is given the result of the flow. */
function behind(flow: Flow<unknown>, task: FlowTask<never, unknown>): Flow<unknown> {
  checkTask(task, 'Each behind the first of a chain')
  return new Flow(async (space, parent, options) => {
    const { priority, context } = options
    const gather = { count: 1, mode: 'one' as const }
    const own = { gather, ...(parent ? { parent } : {}) }
    const last = await task.prepare(space, { input: 'gathered', options: pick({ priority, context }), flow: own })
    const { all } = await flow.plan(space, { id: last.id, index: 0 }, options)
    // Its own list and nobody else's: copied for each step, a long chain would take the square of its length.
    all.push(last)
    return { last, all }
  })
}

async function planAll(
  flows: readonly Flow<unknown>[],
  { space, parent, options }: { space: Place; parent: string; options: JobOptions },
): Promise<NewJob[]> {
  const plans: Plan[] = []
  for (const [index, flow] of flows.entries()) plans.push(await flow.plan(space, { id: parent, index }, options))
  return plans.flatMap(({ all }) => all)
}

const groupInfo: TaskInfo = {
  id: 'saola.group',
  queue: 'default',
  defaults: {
    ...{ priority: 5, attempts: 1, interruptionsMax: 1, softMs: 0, hardMs: 0 },
    ...{ resultMs: 86_400_000, failureMs: 30 * 86_400_000 },
  },
}

/** Nobody runs it: its result is the list. */
function gatheringJob(count: number, parent: Parent, { options, now }: { options: JobOptions; now: number }): NewJob {
  const { priority, context } = options
  const flow = { gather: { count, mode: 'result' as const }, ...(parent ? { parent } : {}) }
  return newJob({ info: groupInfo, payload: 'null', keys: {}, flow, now, options: pick({ priority, context }) })
}

function pick(options: JobOptions): JobOptions {
  return Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined))
}

function checkTask(given: Partial<FlowTask<never, unknown>> | undefined, what: string): void {
  if (typeof given?.prepare !== 'function') throw argumentInvalid(what, 'a task', given)
}

function checkFlow(given: unknown, what: string): void {
  if (!(given instanceof Flow)) throw argumentInvalid(what, 'a flow, such as task.with(input)', given)
}
