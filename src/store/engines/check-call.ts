/**
 * The one place that looks at what is sent, before any engine does something with it: whatever is no text, number or bytes
 * would otherwise fail half way, on a connection that all calls of the process share.
 */
import { types } from 'node:util'
import { describe } from '../given.ts'
import { StoreError } from '../store-error.ts'
import type { Call, Check } from './engine.ts'

/**
 * The call, as it was given.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID
 */
export function checkCall(call: Call): Call {
  for (let i = 0; i < call.length; i++) {
    const part: unknown = call[i]
    if (typeof part === 'string' || typeof part === 'number' || part instanceof Uint8Array) continue
    // Of another realm, such as the one of a test runner.
    if (types.isUint8Array(part)) continue
    throw unfit(call, i)
  }
  return call
}

/** The calls of a transaction. */
export function checkCalls(checks: readonly Check[], calls: readonly Call[]): void {
  for (const { call } of checks) checkCall(call)
  for (const call of calls) checkCall(call)
}

function unfit(call: Call, position: number): StoreError {
  const [name] = call
  const what = position === 0 ? 'The name of a command' : `Argument ${position} of ${String(name)}`
  const message = `${what} is a text, a number or bytes (Buffer, Uint8Array), not ${describe(call[position])}.`
  return new StoreError('STORE_ARGUMENT_INVALID', message)
}
