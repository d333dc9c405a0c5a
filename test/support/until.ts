import { setTimeout as pause } from 'node:timers/promises'
import { waitTimeoutMs } from './http-connection.ts'

const everyMs = 20

/**
 * The first value of `look` that is neither undefined nor false, for what the system tells nobody of: a process that is
 * gone, a file that has grown.
 *
 * ```ts
 * await until('the worker is gone', () => !existsSync(`/proc/${pid}`))
 * ```
 *
 * @throws {Error} when it does not come in 60 s.
 */
export async function until<Value>(
  what: string,
  look: () => Value | Promise<Value>,
): Promise<Exclude<Value, undefined | false>> {
  const deadlineMs = performance.now() + waitTimeoutMs
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>
    if (performance.now() > deadlineMs) throw new Error(`Not in ${waitTimeoutMs} ms: ${what}.`)
    await pause(everyMs)
  }
}
