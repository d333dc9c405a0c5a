/** Waiting that somebody may end. */
import { type Duration, millisecondsOf } from './given.ts'

/** How long a caller waits. */
export interface Patience {
  /** For ever by default. */
  readonly timeout?: Duration | undefined
  readonly signal?: AbortSignal | undefined
}

/** What it can be set to; a longer one would fire at once. */
const timerMsMax = 2 ** 31 - 1

/** Infinity for none. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function timeoutMsOf({ timeout }: Patience): number {
  return timeout === undefined ? Number.POSITIVE_INFINITY : millisecondsOf(timeout, 'timeout', 0)
}

export interface InTimeOptions {
  /** Milliseconds of real time; Infinity waits for ever. */
  readonly timeoutMs: number
  readonly signal?: AbortSignal | undefined
  /** What is thrown when the time is over. */
  late(): Error
}

/** What the work comes to, if it does so in time. It goes on all the same when it does not. @throws the reason of the signal. */
export async function inTime<Value>(work: () => Promise<Value>, options: InTimeOptions): Promise<Value> {
  const { timeoutMs, signal, late } = options
  signal?.throwIfAborted()
  if (!signal && timeoutMs === Number.POSITIVE_INFINITY) return await work()
  const over = Promise.withResolvers<never>()
  const onAbort = () => over.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  const isLimited = timeoutMs <= timerMsMax
  const timer = isLimited ? setTimeout(() => over.reject(late()), timeoutMs) : undefined
  try {
    return await Promise.race([work(), over.promise])
  } finally {
    clearTimeout(timer)
    signal?.removeEventListener('abort', onAbort)
  }
}
