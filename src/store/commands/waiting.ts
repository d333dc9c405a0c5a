/** What commands have in common that take from the first of several keys, and wait for one if there is none. */
import type { Entry, KeyType } from '../database/keyspace.ts'
import { nullList, type Reply } from '../resp/reply.ts'
import { floatOf, roughIntegerOf, wordOf } from './arguments.ts'
import type { CommandContext } from './command.ts'
import { CommandError, syntaxError } from './command-error.ts'
import { longDoubleOf } from './long-double.ts'

export interface Wait {
  /** In the order in which they are tried. */
  readonly keys: readonly Buffer[]
  readonly type: KeyType
  /** Of the first key that is there; it has elements. */
  readonly take: (entry: Entry) => Reply
  /** Milliseconds, 0 for ever; undefined: it does not wait. */
  readonly timeoutMs?: number
  /** The answer where there is nothing and no waiting, nullList by default. */
  readonly withoutWaiting?: Reply
}

/**
 * Takes at once, or when one of the keys has become what it is taken from. A key of another type is an error when it is
 * met, but whoever waits already goes on waiting.
 */
export function takeOrWait({ keyspace, owner }: CommandContext, wait: Wait): Reply {
  const { keys, type, take, timeoutMs, withoutWaiting = nullList } = wait
  const canWait = timeoutMs !== undefined && owner?.canWait === true
  for (const key of canWait && owner.wokenBy ? [owner.wokenBy] : keys) {
    const entry = canWait && owner.hasWaited ? keyspace.find(key) : keyspace.findOf(key, type)
    if (entry?.type === type && !(canWait && owner.isBehindOthers(key, type))) return take(entry)
  }
  return canWait ? owner.waitFor(keys, timeoutMs, nullList, { type }) : withoutWaiting
}

const int64Max = 2 ** 63

/** Seconds with a fraction, as milliseconds; 0 is for ever. */
export function timeoutOf(argument: Buffer | undefined): number {
  const ms = Math.ceil(secondsOf(argument) * 1000)
  // More than 64 bits hold, `inf` too, are a negative number in Redis 7.0.
  if (ms < 0 || ms >= int64Max) throw new CommandError('ERR', 'timeout is negative')
  return ms
}

function secondsOf(argument: Buffer | undefined): number {
  try {
    return floatOf(argument)
  } catch {
    // Redis reads it as a number that may be larger than a double, such as 1e400; and one near 0 is rounded up.
    const number = longDoubleOf(argument?.toString('latin1') ?? '')
    if (typeof number !== 'object') throw new CommandError('ERR', 'timeout is not a float or out of range')
    if (number.exponent > 0) return number.mantissa < 0n ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
    return number.mantissa < 0n ? -Number.MIN_VALUE : Number.MIN_VALUE
  }
}

export interface CountedTake<Word extends string> {
  readonly keys: readonly Buffer[]
  /** From which end: one of the words. */
  readonly from: Word
  readonly count: number
}

/** Reads `numkeys key [key …] LEFT | RIGHT [COUNT count]`, with the words that a command has for the ends. */
export function countedTakeOf<Word extends string>(
  args: readonly Buffer[],
  words: readonly [Word, Word],
): CountedTake<Word> {
  const keyCount = countOf(args[0], 1, 'numkeys should be greater than 0')
  const from = words.find(word => word === wordOf(args[1 + keyCount]))
  if (1 + keyCount >= args.length || !from) throw syntaxError()
  const options = args.slice(2 + keyCount)
  let count: number | undefined
  for (let i = 0; i < options.length; i += 2) {
    if (wordOf(options[i]) !== 'COUNT' || count !== undefined || i + 1 >= options.length) throw syntaxError()
    count = countOf(options[i + 1], 1, 'count should be greater than 0')
  }
  return { keys: args.slice(1, 1 + keyCount), from, count: count ?? 1 }
}

/** A whole number of 64 bits that is not below `min`. */
export function countOf(argument: Buffer | undefined, min: number, refusal: string): number {
  let count: number
  try {
    count = roughIntegerOf(argument)
  } catch {
    count = Number.NEGATIVE_INFINITY
  }
  if (count < min) throw new CommandError('ERR', refusal)
  return count
}

/** How many are taken. */
export function positiveOf(argument: Buffer | undefined): number {
  return countOf(argument, 0, 'value is out of range, must be positive')
}
