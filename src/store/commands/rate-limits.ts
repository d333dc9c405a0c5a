/**
 * Rates that all processes share: see base/gcra.ts. The key of a rate is a string, `<debt> <microseconds since 1970>`, which
 * ends when nothing is owed any more.
 */
import {
  isTokenRateExact,
  returnTokens,
  settledAfterUs,
  type TokenDebt,
  type TokenRate,
  takeTokens,
} from '../../base/gcra.ts'
import type { Reply } from '../resp/reply.ts'
import { integerOf } from './arguments.ts'
import { type Command, type CommandContext, oneKey } from './command.ts'
import { CommandError } from './command-error.ts'
import { read, write } from './string-values.ts'

export const rateLimits: readonly Command[] = [
  {
    name: 'saola.ratelimit.take',
    summary:
      'Takes tokens of a rate of `count` in `period-ms`, of which `burst` are there at most: as many of `needed` as there are, and of `ahead` no more than one of `sharers` parts of the rest. Returns how many, how many are left, and the milliseconds until there is one.',
    usage: 'key count period-ms burst needed ahead sharers',
    arity: 7,
    flags: ['write'],
    keys: oneKey,
    run: take,
  },
  {
    name: 'saola.ratelimit.return',
    summary: 'Gives tokens back that were taken and not used: 1, or 0 when nothing was owed.',
    usage: 'key count period-ms burst tokens',
    arity: 5,
    flags: ['write'],
    keys: oneKey,
    run: (context, [key, count, period, burst, tokens]) => {
      const rate = rateOf(count, period, burst)
      const returned = naturalOf(tokens, 0)
      const debt = debtOf(context, key as Buffer)
      if (!debt) return 0
      keep(context, key as Buffer, rate, returnTokens(rate, debt, context.now * 1000, returned))
      return 1
    },
  },
]

function take(context: CommandContext, [key, count, period, burst, needed, ahead, sharers]: readonly Buffer[]): Reply {
  const rate = rateOf(count, period, burst)
  const taken = takeTokens(rate, debtOf(context, key as Buffer), {
    nowUs: context.now * 1000,
    needed: naturalOf(needed, 0),
    ahead: naturalOf(ahead, 0),
    sharers: naturalOf(sharers, 1),
  })
  if (taken.granted > 0) keep(context, key as Buffer, rate, taken.debt)
  return [taken.granted, taken.left, Math.ceil(taken.waitUs / 1000)]
}

function debtOf({ keyspace }: CommandContext, key: Buffer): TokenDebt | undefined {
  const value = read(keyspace, key)
  if (!value) return undefined
  const [units, atUs] = value.toString('latin1').split(' ')
  return { units: wholeNumber(units), atUs: wholeNumber(atUs) }
}

function keep({ keyspace, now }: CommandContext, key: Buffer, rate: TokenRate, debt: TokenDebt): void {
  // A millisecond at least: a key that ends at once would not be one.
  const ttlMs = Math.max(1, Math.ceil(settledAfterUs(rate, debt) / 1000))
  write(keyspace, key, Buffer.from(`${debt.units} ${debt.atUs}`, 'latin1'), now + ttlMs)
}

function rateOf(count: Buffer | undefined, period: Buffer | undefined, burst: Buffer | undefined): TokenRate {
  const rate = { count: naturalOf(count, 1), periodUs: naturalOf(period, 1) * 1000, burst: naturalOf(burst, 1) }
  if (!isTokenRateExact(rate)) throw outOfRange()
  return rate
}

function naturalOf(argument: Buffer | undefined, min: number): number {
  const number = integerOf(argument)
  if (number < min) throw outOfRange()
  return number
}

function wholeNumber(text: string | undefined): number {
  const number = /^\d{1,16}$/.test(text ?? '') ? Number(text) : Number.NaN
  if (!Number.isSafeInteger(number)) throw new CommandError('STORE_VALUE_UNREADABLE', 'the key is no rate limit')
  return number
}

function outOfRange(): CommandError {
  return new CommandError('ERR', 'value is out of range')
}
