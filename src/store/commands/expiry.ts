import { wholeOf } from './arguments.ts'
import { CommandError } from './command-error.ts'

const int64Max = 2n ** 63n - 1n

/** A time as a command is given it. */
export interface GivenTime {
  readonly amount: Buffer | undefined
  readonly isSeconds: boolean
  /** Since 1970; else from now on. */
  readonly isAbsolute: boolean
}

/** When it ends, in milliseconds since 1970, of `EX 10`, `PX 500`, `EXAT …` or `PXAT …`, which must be above 0. */
export function expiryOf(word: string, argument: Buffer | undefined, now: number, command: string): number {
  const given = { amount: argument, isSeconds: word.startsWith('EX'), isAbsolute: word.endsWith('AT') }
  if (wholeOf(argument) <= 0) throw invalidExpiry(command)
  return momentOf(given, now, command)
}

/** When that is, in milliseconds since 1970; what JavaScript cannot count up to, in 285,000 years, becomes that limit. */
export function momentOf({ amount, isSeconds, isAbsolute }: GivenTime, now: number, command: string): number {
  const given = BigInt(wholeOf(amount))
  const limit = isSeconds ? int64Max / 1000n : int64Max
  if (given > limit || given < -limit - 1n) throw invalidExpiry(command)
  const ms = isSeconds ? given * 1000n : given
  const from = isAbsolute ? 0n : BigInt(now)
  if (ms > int64Max - from) throw invalidExpiry(command)
  const at = Number(ms + from)
  return Math.min(Math.max(at, -Number.MAX_SAFE_INTEGER), Number.MAX_SAFE_INTEGER)
}

function invalidExpiry(command: string): CommandError {
  return new CommandError('ERR', `invalid expire time in '${command}' command`)
}
