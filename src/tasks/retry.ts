import { argumentInvalid, type Duration, millisecondsOf, oneOf, optionsOf, wholeNumber } from './given.ts'
import { NonRetryableError, TaskError } from './task-error.ts'

/** How often a job is tried, and how long it waits between. Durations are seconds as a number, or texts such as `'15m'`. */
export interface RetryOptions {
  /** How often it may begin in all; 5 by default, 1 for never again. Lost workers and deploys do not count. */
  readonly attempts?: number
  /** How the waits grow: `exponential` by default; `linear` adds `min` each time; `fixed` is always `min`; or a function of its own. */
  readonly backoff?: 'exponential' | 'linear' | 'fixed' | ((attempt: number, error: unknown) => Duration)
  /** The first wait; 1 s by default. */
  readonly min?: Duration
  /** No wait is longer; 15 min by default. */
  readonly max?: Duration
  /** How much longer each wait is than the one before, of `exponential`; 2 by default. */
  readonly factor?: number
  /** By which part a wait is longer or shorter at random, 0 to 1; 0.2 by default. */
  readonly jitter?: number
}

export interface RetryRules {
  readonly attempts: number
  readonly backoff: NonNullable<RetryOptions['backoff']>
  readonly minMs: number
  readonly maxMs: number
  readonly factor: number
  readonly jitter: number
}

const names = ['attempts', 'backoff', 'min', 'max', 'factor', 'jitter']
const strategies = ['exponential', 'linear', 'fixed'] as const
const attemptsMax = 1_000
const day = 86_400_000

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function retryRules(options: RetryOptions = {}): RetryRules {
  const given = optionsOf(options, 'retry', names)
  const { attempts = 5, backoff = 'exponential', min = '1s', max = '15m', factor = 2, jitter = 0.2 } = given
  if (!(factor >= 1 && factor <= 100)) throw argumentInvalid('retry.factor', 'a number from 1 to 100', factor)
  if (!(jitter >= 0 && jitter <= 1)) throw argumentInvalid('retry.jitter', 'a number from 0 to 1', jitter)
  return {
    attempts: wholeNumber(attempts, 'retry.attempts', [1, attemptsMax]),
    backoff: typeof backoff === 'function' ? backoff : oneOf(backoff, 'retry.backoff', strategies),
    minMs: millisecondsOf(min, 'retry.min', 0),
    maxMs: millisecondsOf(max, 'retry.max', 0),
    factor,
    jitter,
  }
}

/**
 * Milliseconds until the next attempt; null when there is none: a NonRetryableError, an input or result that will be refused
 * again. Whether an attempt is left, the engine knows. `retryAfter` of the error (a Duration or a Date) counts instead of the rules, up to 30 days.
 */
export function retryDelay(
  rules: RetryRules,
  { error, attempt }: { readonly error: unknown; readonly attempt: number },
  random: () => number = Math.random,
): number | null {
  if (isFinal(error)) return null
  const asked = retryAfterOf(error)
  if (asked !== undefined) return Math.min(asked, 30 * day)
  const full = Math.min(rules.maxMs, waitOf(rules, attempt, error))
  return Math.round(full * (1 + rules.jitter * (2 * random() - 1)))
}

function waitOf({ backoff, minMs, maxMs, factor }: RetryRules, attempt: number, error: unknown): number {
  if (typeof backoff === 'function') return ownWait(backoff, attempt, error) ?? maxMs
  if (backoff === 'fixed') return minMs
  return backoff === 'linear' ? minMs * attempt : minMs * factor ** (attempt - 1)
}

/** A function of the application that fails must not keep the job from being tried again. */
function ownWait(backoff: (attempt: number, error: unknown) => Duration, attempt: number, error: unknown) {
  try {
    return millisecondsOf(backoff(attempt, error), 'What retry.backoff returns', 0)
  } catch {
    return undefined
  }
}

function isFinal(error: unknown): boolean {
  try {
    if (error instanceof TaskError) return error.code === 'TASK_INPUT_INVALID' || error.code === 'TASK_RESULT_INVALID'
    // By its name also that of another copy of this package.
    return error instanceof NonRetryableError || (error as { name?: unknown } | null)?.name === 'NonRetryableError'
  } catch {
    // It cannot be looked at, and so is an error as any other.
    return false
  }
}

function retryAfterOf(error: unknown): number | undefined {
  try {
    const after = (error as { retryAfter?: unknown } | null)?.retryAfter
    if (after instanceof Date)
      return Number.isNaN(after.getTime()) ? undefined : Math.max(0, after.getTime() - Date.now())
    if (typeof after !== 'number' && typeof after !== 'string') return undefined
    return millisecondsOf(after, 'retryAfter', 0)
  } catch {
    return undefined
  }
}
