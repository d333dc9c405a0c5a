import { waitTimeoutMs } from './http-connection.ts'

/**
 * What `awaited` resolves with, for what nobody else ends. What is under way goes on.
 *
 * ```ts
 * await inTime(once(child, 'spawn'), () => 'the child was not there in 60 s')
 * ```
 *
 * @throws {Error} with this message when it does not come in `timeoutMs`, 60 s by default; and what `awaited` rejects with.
 */
export function inTime<Value>(
  awaited: Promise<Value>,
  message: () => string,
  timeoutMs = waitTimeoutMs,
): Promise<Value> {
  const { promise: late, reject } = Promise.withResolvers<never>()
  const timer = setTimeout(() => reject(new Error(message())), timeoutMs)
  return Promise.race([awaited, late]).finally(() => clearTimeout(timer))
}
