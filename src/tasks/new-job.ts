/** A call of a task as a job for the engine: its rules, its input, and what was said at the call. */
import { createHash } from 'node:crypto'
import { quoted } from '../base/printable.ts'
import type { Transaction } from '../store/structures/transaction.ts'
import type { JobContext, NewJob, TaskInfo } from './engine/job.ts'
import {
  argumentInvalid,
  type Duration,
  durationMsMax,
  millisecondsOf,
  nameOf,
  optionsOf,
  wholeNumber,
} from './given.ts'
import { timeoutMsOf } from './in-time.ts'
import { newJobId } from './job-id.ts'
import { currentContext } from './request-context.ts'
import { TaskError } from './task-error.ts'
import { scopedKey } from './task-info.ts'
import type { Keyed } from './task-settings.ts'

/** Of a call: which others it counts with. */
export type Keys = { readonly [Name in Keyed]?: string }

/** What may be said at a call of a task: for this job alone. Durations are seconds as a number, or texts such as `'5m'`. */
export interface JobOptions {
  /** Not before so long from now. */
  readonly delay?: Duration
  /** Not before this moment, by the clock of this process: a Date, or milliseconds since 1970. */
  readonly at?: Date | number
  /** 0 to 9, the smallest first; else that of the task. */
  readonly priority?: number
  /** Cancelled if it has not begun by then; else that of the task. */
  readonly expires?: Duration
  /** How often it may begin; else that of the task. */
  readonly attempts?: number
  /** The keys themselves, for who calls a task by its name and has not its functions; else those of the task. Only of rules that it has. */
  readonly keys?: Keys
  /** Where it comes from; by default the request that this process is about to answer, or the job that it is about to run. */
  readonly context?: JobContext
}

/** The same, and how the job gets to the store. */
export interface EnqueueOptions extends JobOptions {
  /**
   * Enqueued when this transaction of the same store succeeds, and else not at all. Awaited or not, this is a part of it from the call on;
   * the handle is of use when it has succeeded. One of another store, or that has ended, is refused.
   */
  readonly transaction?: Transaction
  /**
   * How long to wait until the store has it, 5 s by default: its owner may be starting anew. Then it rejects with TASK_TIMEOUT, and whether the job is enqueued is not known: enqueue again only what has a `unique` key, or may run twice.
   */
  readonly timeout?: Duration
  /** Ends this waiting as well; what is aborted already is not enqueued. Aborting it later does not cancel the job. */
  readonly signal?: AbortSignal
}

// Whoever answers a request meanwhile would rather say that it cannot be done now.
const timeoutMsDefault = 5_000
const jobOptionNames = ['delay', 'at', 'priority', 'expires', 'attempts', 'keys', 'context']
const enqueueOptionNames = [...jobOptionNames, 'transaction', 'timeout', 'signal']
const keyNames = ['concurrency', 'rateLimit', 'unique']
// A longer one is stored as its hash.
const keyLengthMax = 256
const contextLengthMax = 1_000

export interface Called {
  readonly info: TaskInfo
  readonly payload: string
  /** What the code of the task has made of the input. */
  readonly keys: Keys
  readonly options: JobOptions
  /** The place in a flow: who waits for it, and for how many it waits itself. */
  readonly flow?: Pick<NewJob, 'parent' | 'gather'> | undefined
  /** Milliseconds since 1970. */
  readonly now: number
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function newJob(called: Called): NewJob {
  const { info, payload, now, flow } = called
  const { priority, attempts, expires, context } = checkOptions(called.options)
  const { limit, rate, unique, ...defaults } = info.defaults
  const delayMs = delayOf(called.options, now)
  const from = context ?? currentContext()
  return {
    ...{ id: newJobId(), task: info.id, queue: info.queue, payload },
    ...defaults,
    ...(priority === undefined ? {} : { priority: wholeNumber(priority, 'priority', [0, 9]) }),
    ...(attempts === undefined ? {} : { attempts: wholeNumber(attempts, 'attempts', [1, 1_000]) }),
    ...(expires === undefined ? {} : { expiresMs: millisecondsOf(expires, 'expires') }),
    ...(delayMs > 0 ? { delayMs } : {}),
    ...(from === undefined ? {} : { context: from }),
    ...keyedRules(called),
    ...flow,
  }
}

function keyedRules(called: Called): Pick<NewJob, 'limit' | 'rate' | 'unique'> {
  const { info, flow } = called
  const { defaults, openKeys = {} } = info
  const limit = withKey('concurrency', called, { open: openKeys.limit, whole: defaults.limit })
  const rate = withKey('rateLimit', called, { open: openKeys.rate, whole: defaults.rate })
  // In a flow another job waits for this one, and must not wait for one that is not enqueued.
  if (flow) {
    if (called.options.keys?.unique !== undefined) throw noEffect('keys.unique has no effect in a flow: leave it out.')
    return { ...(limit && { limit }), ...(rate && { rate }) }
  }
  const { isWholeInput, ...open } = openKeys.unique ?? {}
  const unique = withKey('unique', called, {
    open: openKeys.unique && (open as RuleOf<'unique'>),
    whole: defaults.unique,
  })
  return { ...(limit && { limit }), ...(rate && { rate }), ...(unique && { unique }) }
}

type RuleOf<Name extends 'limit' | 'rate' | 'unique'> = Omit<NonNullable<NewJob[Name]>, 'key'>

/** A rule with the key of this call; undefined when there is no such rule. */
function withKey<Rule extends object>(
  name: Keyed,
  { info, keys, options, payload }: Called,
  { open, whole }: { open: Rule | undefined; whole: (Rule & { key: string }) | undefined },
): (Rule & { key: string }) | undefined {
  const rule = whole ?? open
  const given = options.keys?.[name]
  if (!rule && given !== undefined) {
    throw noEffect(`keys.${name} has no effect: task ${quoted(info.id)} has no ${name}.`)
  }
  if (!rule) return undefined
  const own = given ?? keys[name]
  if (own !== undefined)
    return { ...rule, key: scopedKey(info.id, checkedKey(own, `${name}.key of task ${quoted(info.id)}`)) }
  if (whole) return whole
  if (name === 'unique' && info.openKeys?.unique?.isWholeInput)
    return { ...rule, key: scopedKey(info.id, hashOf(payload)) }
  if (name in keys)
    throw argumentInvalid(`What ${name}.key of task ${quoted(info.id)} makes of the input`, 'a text', own)
  const advice = `import the task itself, or give keys: { ${name}: … }`
  throw new TaskError('TASK_ARGUMENT_INVALID', `${name}.key of task ${quoted(info.id)} is made by its code: ${advice}.`)
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function checkOptions<Options extends JobOptions>(options: Options, names = jobOptionNames): Options {
  const { context, keys } = optionsOf(options, 'What a task is enqueued with', names)
  if (keys !== undefined) optionsOf(keys, 'keys', keyNames)
  if (context !== undefined) checkContext(context)
  return options
}

function checkContext(context: JobContext): void {
  for (const [name, text] of Object.entries(optionsOf(context, 'context', ['requestId', 'traceparent']))) {
    if (text === undefined || (typeof text === 'string' && text.length <= contextLengthMax)) continue
    throw argumentInvalid(`${name} of context`, 'a text of at most 1,000 letters', text)
  }
}

/** Those of the job, and how it is enqueued. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function readEnqueueOptions(options: EnqueueOptions): { readonly job: JobOptions; readonly way: EnqueueWay } {
  const { transaction, timeout, signal, ...job } = checkOptions(options, enqueueOptionNames)
  const timeoutMs = timeout === undefined ? timeoutMsDefault : timeoutMsOf({ timeout })
  if (transaction !== undefined && timeout !== undefined) {
    throw noEffect('timeout has no effect with transaction, which is what has to be waited for: leave it out.')
  }
  signal?.throwIfAborted()
  return { job, way: { transaction, timeoutMs, endsAt: performance.now() + timeoutMs, signal } }
}

/** How jobs get to the store. */
export interface EnqueueWay {
  readonly transaction: Transaction | undefined
  readonly timeoutMs: number
  /** By performance.now(). */
  readonly endsAt: number
  readonly signal: AbortSignal | undefined
}

function delayOf({ delay, at }: JobOptions, now: number): number {
  if (at === undefined) return delay === undefined ? 0 : millisecondsOf(delay, 'delay', 0)
  if (delay !== undefined)
    throw new TaskError('TASK_ARGUMENT_INVALID', 'A task is enqueued with delay or at, not both.')
  const ms = at instanceof Date ? at.getTime() : at
  if (typeof ms !== 'number' || !Number.isFinite(ms)) {
    throw argumentInvalid('at', 'a Date, or milliseconds since 1970', at)
  }
  if (ms - now > durationMsMax) throw argumentInvalid('at', 'a moment of the next hundred years', at)
  return Math.max(0, Math.round(ms - now))
}

/** What is given in vain was meant to do something. */
export function noEffect(message: string): TaskError {
  return new TaskError('TASK_ARGUMENT_INVALID', message)
}

function checkedKey(key: unknown, what: string): string {
  if (typeof key !== 'string') throw argumentInvalid(what, 'a text', key)
  return key.length > keyLengthMax ? hashOf(key) : nameOf(key, what)
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url')
}
