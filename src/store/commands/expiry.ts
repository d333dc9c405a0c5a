import { integerOf } from './arguments.ts'
import { CommandError } from './command-error.ts'

/** When it ends, in milliseconds since 1970, of `EX 10`, `PX 500`, `EXAT …` or `PXAT …`. */
export function expiryOf(word: string, argument: Buffer | undefined, now: number): number {
  const amount = integerOf(argument)
  const ms = word.startsWith('EX') ? amount * 1000 : amount
  const at = word.endsWith('AT') ? ms : now + ms
  if (amount <= 0 || !Number.isSafeInteger(at)) throw new CommandError('ERR', 'invalid expire time')
  return at
}
