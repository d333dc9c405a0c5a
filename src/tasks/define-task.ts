import { quoted } from '../base/printable.ts'
import type { StandardSchema } from '../store/codecs/standard-schema.ts'
import type { JobDefaults, NewJob, OpenKeys, TaskInfo } from './engine/job.ts'
import { asPartOf, enqueueJobs } from './enqueue.ts'
import { type Flow, type FlowTask, type Prepared, stepOf } from './flow.ts'
import { argumentInvalid, nameOf, optionsOf } from './given.ts'
import { TaskHandle } from './handle.ts'
import { checkOptions, type EnqueueOptions, type JobOptions, type Keys, newJob, readEnqueueOptions } from './new-job.ts'
import { checkInput, decodeInput, encodeInput, encodeResult, type Kept } from './payload.ts'
import { withOrigin } from './request-context.ts'
import { type RetryRules, retryDelay, retryRules } from './retry.ts'
import type { PoolKind, RunnableTask, TaskContext } from './runnable-task.ts'
import { TaskError } from './task-error.ts'
import { describeTask } from './task-info.ts'
import {
  type Keyed,
  type KeyFunctions,
  keyFunctionsOf,
  ruleNames,
  settingsOf,
  type TaskRules,
  type TaskSettings,
} from './task-settings.ts'
import { currentSpace, type Place } from './task-space.ts'

/** What a caller gives for it. */
type InputOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['input']

/** What the handler gets of it. */
type ParsedOf<Schema extends StandardSchema> = NonNullable<Schema['~standard']['types']>['output']

/** What defineTask takes, where a schema checks the input and says its type. Defaults: at defineTask. */
export interface SchemaTaskOptions<Id extends string, Schema extends StandardSchema, Output>
  extends TaskRules<InputOf<Schema>> {
  /** `email.send`. The same for as long as jobs of it wait. Without one, `loadTasks` names it after its file: `db/migrate.ts` → `db:migrate`. */
  readonly id?: Id
  /** Checks the input where it is enqueued, and where it is run: of zod, valibot or whatever else follows https://standardschema.dev */
  readonly input: Schema
  run(input: ParsedOf<Schema>, context: TaskContext): Output | Promise<Output>
}

/** What defineTask takes without a schema: the type of the input is that of `run`, and nothing checks it. Defaults: at defineTask. */
export interface PlainTaskOptions<Id extends string, Input, Output> extends TaskRules<Input> {
  /** As with a schema. */
  readonly id?: Id
  readonly input?: undefined
  run(input: Input, context: TaskContext): Output | Promise<Output>
}

/** An input that may be left out. */
export type InputArguments<Input, Options> = undefined extends Input
  ? [input?: Input, options?: Options]
  : [input: Input, options?: Options]

const optionNames = ['id', 'input', 'run', ...ruleNames]

/**
 * Work that runs in the background, in a process of its own, at least once: also when a process or the machine ends meanwhile.
 * It may run again, so make it harmless to do it twice.
 *
 * ```ts
 * export const sendEmail = defineTask({
 *   id: 'email.send',
 *   input: z.object({ to: z.email() }),
 *   retry: { attempts: 5 },
 *   async run({ to }, { signal }) {
 *     return { messageId: await send(to, { signal }) }
 *   },
 * })
 * ```
 *
 * By default: pool `io`, queue `default` (of pool `cpu` `cpu`), 5 attempts 1 s to 15 min apart, 3 lost workers, no time limit, priority 5 of 0 to 9,
 * kept for 24 h when done and for 30 days when dead.
 *
 * @throws {TaskError} TASK_ARGUMENT_INVALID, which names the option.
 */
export function defineTask<Schema extends StandardSchema, Output, const Id extends string = string>(
  options: SchemaTaskOptions<Id, Schema, Output>,
): Task<InputOf<Schema>, Kept<Output>, Id>
export function defineTask<Output, Input = undefined, const Id extends string = string>(
  options: PlainTaskOptions<Id, Input, Output>,
): Task<Input, Kept<Output>, Id>
export function defineTask(options: Definition): Task<unknown, unknown, string> {
  return new Task(options)
}

type Definition = TaskRules<never> & {
  readonly id?: string
  readonly input?: StandardSchema | undefined
  run(input: never, context: TaskContext): unknown
}

/** What defineTask returns. */
export class Task<Input, Output, Id extends string = string> implements RunnableTask, FlowTask<Input, Output> {
  readonly '~types'?: { input(input: Input): void; readonly output: Output }
  readonly settings: TaskSettings
  readonly #definition: Definition
  readonly #keys: KeyFunctions
  readonly #retry: RetryRules
  #id: string | undefined
  #info: TaskInfo | undefined

  constructor(definition: Definition) {
    const { id, input, run } = optionsOf(definition, 'What defineTask takes', optionNames)
    if (id !== undefined) nameOf(id, 'id of a task')
    if (typeof run !== 'function') throw argumentInvalid('run of a task', 'a function', run)
    if (input !== undefined && typeof input?.['~standard']?.validate !== 'function') {
      throw argumentInvalid('input of a task', 'a Standard Schema such as z.object({ … }) of zod', input)
    }
    this.#definition = definition
    this.#id = id
    this.#retry = retryRules(definition.retry)
    this.#keys = keyFunctionsOf(definition)
    this.settings = settingsOf(definition, this.#retry.attempts)
  }

  /** @throws {TaskError} TASK_UNNAMED when it has none yet. */
  get id(): Id {
    if (this.#id !== undefined) return this.#id as Id
    const advice = 'give defineTask an id, or enqueue it by the name of its file where that is not loaded'
    throw new TaskError('TASK_UNNAMED', `A task has no id in this process: ${advice}.`)
  }

  get hasId(): boolean {
    return this.#id !== undefined
  }

  get queue(): string {
    return this.settings.queue
  }

  get pool(): PoolKind {
    return this.settings.pool
  }

  get defaults(): JobDefaults {
    return this.#describe().defaults
  }

  get hasKeys(): boolean {
    return this.openKeys !== undefined
  }

  get openKeys(): OpenKeys | undefined {
    return this.#describe().openKeys
  }

  /**
   * Enqueues it. Durable when this resolves.
   *
   * ```ts
   * const handle = await sendEmail.enqueue({ to: 'ann@example.org' }, { delay: '5m' })
   * ```
   *
   * @throws {TaskError} TASK_INPUT_INVALID, TASK_ARGUMENT_INVALID, TASK_NO_STORE; TASK_UNNAMED without an id; TASK_TIMEOUT after
   *   `timeout`. {StoreError} STORE_UNAVAILABLE and the like. The reason of `signal`.
   */
  enqueue(...[input, options = {}]: InputArguments<Input, EnqueueOptions>): Promise<TaskHandle<Output>> {
    return asPartOf(options, () => this.#enqueue(input, options))
  }

  async #enqueue(input: unknown, options: EnqueueOptions): Promise<TaskHandle<Output>> {
    const space = currentSpace()
    const { job: own, way } = readEnqueueOptions(options)
    const job = await this.prepare(space, { input: { value: input }, options: own })
    const [enqueued = { id: job.id, isNew: true }] = await enqueueJobs(space, [job], way)
    return new TaskHandle<Output>(space, enqueued)
  }

  /**
   * Enqueues one job for each input, up to 10,000, all or none; the handles are in their order.
   *
   * @throws as `enqueue`: one input that is refused, and none is enqueued.
   */
  enqueueMany(inputs: readonly Input[], options: EnqueueOptions = {}): Promise<TaskHandle<Output>[]> {
    return asPartOf(options, () => this.#enqueueMany(inputs, options))
  }

  async #enqueueMany(inputs: readonly Input[], options: EnqueueOptions): Promise<TaskHandle<Output>[]> {
    if (!Array.isArray(inputs)) throw argumentInvalid('What enqueueMany takes', 'an array of inputs', inputs)
    const space = currentSpace()
    const { job: own, way } = readEnqueueOptions(options)
    const jobs: NewJob[] = []
    for (const value of inputs) jobs.push(await this.prepare(space, { input: { value }, options: own }))
    const enqueued = await enqueueJobs(space, jobs, way)
    return enqueued.map(each => new TaskHandle<Output>(space, each))
  }

  /**
   * A call of it that is a part of a chain, group or chord. Its options come before those of the whole flow. Nothing is enqueued yet,
   * and the input is checked when it is.
   *
   * @throws {TaskError} TASK_ARGUMENT_INVALID
   */
  with(...[input, options = {}]: InputArguments<Input, JobOptions>): Flow<Output> {
    return stepOf<Output>(this, input, checkOptions(options))
  }

  /** The job of one call: for whoever enqueues it together with others, and for schedules. */
  async prepare(space: Place, { input, options, flow }: Prepared): Promise<NewJob> {
    const info = this.#describe()
    space.observer?.meet(this)
    const now = space.date()
    if (input === 'gathered') {
      if (this.#keys.concurrency || this.#keys.rateLimit) throw keyInFlow(info.id)
      return newJob({ info, payload: 'null', keys: {}, options, flow, now })
    }
    const payload = encodeInput(input.value)
    await checkInput(this.#definition.input, decodeInput(payload), info.id)
    return newJob({ info, payload, keys: this.#keysOf(input.value), options, flow, now })
  }

  /** The job that `enqueue` would make of the input, without its id: for schedules. */
  async newJob(input: Input): Promise<Omit<NewJob, 'id'>> {
    const space = { observer: undefined, date: () => Date.now() }
    const { id: _, ...job } = await this.prepare(space, { input: { value: input }, options: {} })
    return job
  }

  /** Calls the handler with what the JSON says; the result as JSON. */
  async execute(payload: string, context: TaskContext): Promise<string | undefined> {
    const input = await checkInput(this.#definition.input, decodeInput(payload), this.id)
    const result = await withOrigin(context.context, async () => this.#definition.run(input as never, context))
    return encodeResult(result)
  }

  /** Milliseconds until the next attempt; null: there is none. */
  retryDelay(error: unknown, attempt: number): number | null {
    return retryDelay(this.#retry, { error, attempt })
  }

  /** For loadTasks: the name of its file, when it has no own. */
  nameAfterFile(id: string): void {
    this.#id ??= nameOf(id, 'The name of a file of tasks')
  }

  #describe(): TaskInfo {
    this.#info ??= describeTask(this.id, this.settings, Object.keys(this.#keys) as Keyed[])
    return this.#info
  }

  #keysOf(input: unknown): Keys {
    const keys: { [Name in Keyed]?: string } = {}
    for (const [name, compute] of Object.entries(this.#keys)) keys[name as Keyed] = compute(input as never)
    return keys
  }
}

function keyInFlow(task: string): TaskError {
  const message = `Task ${quoted(task)} computes a key from its input, which is not known yet where it waits for others: use a fixed key.`
  return new TaskError('TASK_ARGUMENT_INVALID', message)
}
