import { setTimeout as pause } from 'node:timers/promises'
import { waitTimeoutMs } from './http-connection.ts'

const everyMs = 20
// What has not come after a second comes no sooner for being asked after that often.
const laterEveryMs = 50

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
  const startedMs = performance.now()
  for (;;) {
    const value = await look()
    if (value !== undefined && value !== false) return value as Exclude<Value, undefined | false>
    const passedMs = performance.now() - startedMs
    if (passedMs > waitTimeoutMs) throw new Error(`Not in ${waitTimeoutMs} ms: ${what}.`)
    await pause(passedMs < 1_000 ? everyMs : laterEveryMs)
  }
}
