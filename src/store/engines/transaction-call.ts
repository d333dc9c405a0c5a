import { ReplyWriter } from '../resp/write-reply.ts'
import type { Argument, Call, Check } from './engine.ts'

/** `saola.transaction checks calls`, then each call with its number of parts before it; a check has its reply behind it. */
export function transactionCall(checks: readonly Check[], calls: readonly Call[]): Call {
  const parts: Argument[] = [checks.length, calls.length]
  for (const { call, reply } of checks) {
    const writer = new ReplyWriter()
    writer.append(reply, 3)
    parts.push(call.length, ...call, Buffer.concat(writer.take()))
  }
  for (const call of calls) parts.push(call.length, ...call)
  return ['saola.transaction', ...parts]
}
