import { waitTimeoutMs } from './http-connection.ts'

/**
 * What `awaited` resolves with, for what nobody else ends: `missing` says what has not come. What is under way goes on.
 *
 * ```ts
 * await inTime(once(child, 'spawn'), () => 'the child is there')
 * ```
 *
 * @throws {Error} when it does not come in `timeoutMs`, 60 s by default; and what `awaited` rejects with.
 */
export function inTime<Value>(
  awaited: Promise<Value>,
  missing: () => string,
  timeoutMs = waitTimeoutMs,
): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(`Not in ${timeoutMs} ms: ${missing()}`)), timeoutMs)
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer))
}
