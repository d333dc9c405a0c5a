/** The options of a task: what they are by default, and as plain data that other processes can be told. */
import { argumentInvalid, type Duration, millisecondsOf, nameOf, oneOf, optionsOf, wholeNumber } from './given.ts'
import type { RetryOptions } from './retry.ts'
import type { PoolKind } from './runnable-task.ts'

/** Which jobs count together: all of the task by default; a fixed text, or one for each input. Never those of another task. */
export type KeyOf<Input> = string | ((input: Input) => string)

/** The rules of a task, beside its input and its handler. */
export interface TaskRules<Input> {
  /** Which queue it waits in; `default` by default, of pool `cpu` `cpu`. */
  readonly queue?: string
  /** `io` by default: many at once in a process. `cpu`: one at a time in a process, for what computes. */
  readonly pool?: PoolKind
  /** 0 to 9, the smallest first; 5 by default. */
  readonly priority?: number
  /** 5 attempts by default, 1 s to 15 min apart. */
  readonly retry?: RetryOptions
  /** How often it may lose its worker, or its process end before it is finished: then it is dead; 3 by default. */
  readonly interruptions?: number
  /** `soft`: its signal is aborted; `hard`: its process is killed, which counts as a failed attempt. None by default. */
  readonly timeout?: { readonly soft?: Duration; readonly hard?: Duration }
  /** So many run at once, over all processes and machines. No limit by default. */
  readonly concurrency?: { readonly limit: number; readonly key?: KeyOf<Input> }
  /** So many begin in a period; `burst` at once, as many as `limit` by default. No limit by default. */
  readonly rateLimit?: {
    readonly limit: number
    readonly per: Duration
    readonly burst?: number
    readonly key?: KeyOf<Input>
  }
  /**
   * One at a time of a key, which is the whole input by default: until it is finished, and with `ttl` at least for so long from when it
   * was enqueued. A second one is not enqueued: its handle is that of the first. `on: 'skip'`, the default, drops its input;
   * `'replace'` gives it to the first, with its time, if that waits for its time or its next attempt, and else drops it, too.
   */
  readonly unique?: { readonly key?: KeyOf<Input>; readonly ttl?: Duration; readonly on?: 'skip' | 'replace' }
  /** Cancelled if it has not begun by then; never by default. */
  readonly expires?: Duration
  /** How long it is kept when it is done; 24 h by default. */
  readonly result?: { readonly ttl?: Duration }
  /** How long it is kept when it is dead or cancelled; 30 days by default. */
  readonly failure?: { readonly ttl?: Duration }
}

export interface TaskSettings {
  readonly queue: string
  readonly pool: PoolKind
  readonly priority: number
  readonly attempts: number
  readonly interruptionsMax: number
  readonly softMs: number
  readonly hardMs: number
  readonly resultMs: number
  readonly failureMs: number
  readonly expiresMs?: number | undefined
  readonly concurrency?: { readonly max: number; readonly key?: string | undefined } | undefined
  readonly rateLimit?:
    | { readonly count: number; readonly periodMs: number; readonly burst: number; readonly key?: string | undefined }
    | undefined
  readonly unique?:
    | { readonly ttlMs?: number | undefined; readonly on: 'skip' | 'replace'; readonly key?: string | undefined }
    | undefined
}

/** What a key is a part of. */
export type Keyed = 'concurrency' | 'rateLimit' | 'unique'

/** Those that only the code of the task can tell. */
export type KeyFunctions = { readonly [Name in Keyed]?: (input: never) => string }

export const ruleNames = [
  ...[
    'queue',
    'pool',
    'priority',
    'retry',
    'interruptions',
    'timeout',
    'concurrency',
    'rateLimit',
    'unique',
    'expires',
  ],
  ...['result', 'failure'],
]

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function settingsOf<Input>(rules: TaskRules<Input>, attempts: number): TaskSettings {
  const {
    pool = 'io',
    // A process that runs one job at a time takes from queues of its own.
    queue = pool === 'cpu' ? 'cpu' : 'default',
    priority = 5,
    interruptions = 3,
    timeout = {},
    result = {},
    failure = {},
  } = rules
  const { soft, hard } = optionsOf(timeout, 'timeout', ['soft', 'hard'])
  const { ttl: resultTtl = '24h' } = optionsOf(result, 'result', ['ttl'])
  const { ttl: failureTtl = '30d' } = optionsOf(failure, 'failure', ['ttl'])
  const softMs = soft === undefined ? 0 : millisecondsOf(soft, 'timeout.soft')
  const hardMs = hard === undefined ? 0 : millisecondsOf(hard, 'timeout.hard')
  if (softMs > 0 && hardMs > 0 && hardMs < softMs) {
    throw argumentInvalid('timeout.hard', 'at least timeout.soft', hard)
  }
  return {
    queue: nameOf(queue, 'queue'),
    pool: oneOf(pool, 'pool', ['io', 'cpu']),
    priority: wholeNumber(priority, 'priority', [0, 9]),
    attempts,
    interruptionsMax: wholeNumber(interruptions, 'interruptions', [1, 1_000]),
    softMs,
    hardMs,
    resultMs: millisecondsOf(resultTtl, 'result.ttl', 0),
    failureMs: millisecondsOf(failureTtl, 'failure.ttl', 0),
    expiresMs: rules.expires === undefined ? undefined : millisecondsOf(rules.expires, 'expires'),
    concurrency: concurrencyOf(rules),
    rateLimit: rateLimitOf(rules),
    unique: uniqueOf(rules),
  }
}

/** The functions among the keys. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function keyFunctionsOf<Input>({ concurrency, rateLimit, unique }: TaskRules<Input>): KeyFunctions {
  const functions: Partial<Record<Keyed, (input: never) => string>> = {}
  for (const [name, rule] of Object.entries({ concurrency, rateLimit, unique })) {
    if (typeof rule?.key === 'function') functions[name as Keyed] = rule.key
  }
  return functions
}

function concurrencyOf<Input>({ concurrency }: TaskRules<Input>): TaskSettings['concurrency'] {
  if (concurrency === undefined) return undefined
  const { limit, key } = optionsOf(concurrency, 'concurrency', ['limit', 'key'])
  return { max: wholeNumber(limit, 'concurrency.limit', [1, 1_000_000]), key: fixedKey(key, 'concurrency.key') }
}

function rateLimitOf<Input>({ rateLimit }: TaskRules<Input>): TaskSettings['rateLimit'] {
  if (rateLimit === undefined) return undefined
  const { limit, per, burst = limit, key } = optionsOf(rateLimit, 'rateLimit', ['limit', 'per', 'burst', 'key'])
  return {
    count: wholeNumber(limit, 'rateLimit.limit', [1, 1_000_000]),
    periodMs: millisecondsOf(per, 'rateLimit.per'),
    burst: wholeNumber(burst, 'rateLimit.burst', [1, 1_000_000]),
    key: fixedKey(key, 'rateLimit.key'),
  }
}

function uniqueOf<Input>({ unique }: TaskRules<Input>): TaskSettings['unique'] {
  if (unique === undefined) return undefined
  const { ttl, on = 'skip', key } = optionsOf(unique, 'unique', ['key', 'ttl', 'on'])
  return {
    ttlMs: ttl === undefined ? undefined : millisecondsOf(ttl, 'unique.ttl'),
    on: oneOf(on, 'unique.on', ['skip', 'replace']),
    key: fixedKey(key, 'unique.key'),
  }
}

function fixedKey(key: unknown, what: string): string | undefined {
  return key === undefined || typeof key === 'function' ? undefined : nameOf(key, what)
}
