/** Numbers in strings: counters. */
import type { Keyspace } from '../database/keyspace.ts'
import { integerOf, sumOf, wholeOf } from './arguments.ts'
import { type Command, oneKey } from './command.ts'
import { CommandError, notAFloat, notAnInteger } from './command-error.ts'
import { addLongDoubles, formatLongDouble, longDoubleOf } from './long-double.ts'
import { read, write } from './string-values.ts'

const zero = { mantissa: 0n, exponent: 0 }

export const counting: readonly Command[] = [
  ...[
    { name: 'incr', sign: 1, hasAmount: false },
    { name: 'decr', sign: -1, hasAmount: false },
    { name: 'incrby', sign: 1, hasAmount: true },
    { name: 'decrby', sign: -1, hasAmount: true },
  ].map(
    ({ name, sign, hasAmount }): Command => ({
      name,
      summary: `Counts ${sign > 0 ? 'up' : 'down'}${hasAmount ? '' : ' by one'}; returns the new value, of 64 bits.`,
      usage: hasAmount ? 'key amount' : 'key',
      arity: hasAmount ? 2 : 1,
      flags: ['write'],
      keys: oneKey,
      run: ({ keyspace }, [key, amount]) => {
        const by = hasAmount ? wholeOf(amount) : 1
        return increment(keyspace, key as Buffer, sign > 0 ? by : negated(by)).value
      },
    }),
  ),
  {
    name: 'incrbyfloat',
    summary: 'Adds a number with a fraction; returns the new value as text.',
    usage: 'key amount',
    arity: 2,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace }, [key, amount]) => {
      const text = sumWithFraction(read(keyspace, key as Buffer), amount as Buffer, notAFloat)
      const value = Buffer.from(text, 'latin1')
      write(keyspace, key as Buffer, value, 'keep')
      return value
    },
  },
  {
    name: 'saola.counter.increment',
    summary: 'Adds a whole number to a counter; a time to live is set only when this makes the counter. 0: none.',
    usage: 'key amount ttl-ms',
    arity: 3,
    flags: ['write'],
    keys: oneKey,
    run: ({ keyspace, now }, [key, amount, ttl]) => {
      const ttlMs = integerOf(ttl)
      const { value, isNew } = increment(keyspace, key as Buffer, integerOf(amount), Number.isSafeInteger)
      const entry = isNew && ttlMs > 0 && keyspace.find(key as Buffer)
      if (entry) keyspace.expireAt(entry, now + ttlMs)
      return value
    },
  },
]

/**
 * The sum of a value, 0 when there is none, and an amount, as Redis writes it.
 *
 * @throws {CommandError} what `notANumber` makes, when the value is none.
 */
export function sumWithFraction(old: Buffer | undefined, amount: Buffer, notANumber: () => CommandError): string {
  const before = old === undefined ? zero : longDoubleOf(old.toString('latin1'))
  if (before === undefined) throw notANumber()
  const by = longDoubleOf(amount.toString('latin1'))
  if (by === undefined) throw notAFloat()
  const sum = typeof before === 'string' || typeof by === 'string' ? undefined : addLongDoubles(before, by)
  if (!sum) throw new CommandError('ERR', 'increment would produce NaN or Infinity')
  return formatLongDouble(sum)
}

function negated(amount: number | bigint): number | bigint {
  if (typeof amount === 'number') return amount === 0 ? 0 : -amount
  if (amount === -(2n ** 63n)) throw new CommandError('ERR', 'decrement would overflow')
  return -amount
}

/** Adds to a number under a key, which is made if there is none and keeps its time to live otherwise. */
function increment(
  keyspace: Keyspace,
  key: Buffer,
  by: number | bigint,
  isAllowed?: (value: number | bigint) => boolean,
): { value: number | bigint; isNew: boolean } {
  const old = read(keyspace, key)
  const value = sumOf(old === undefined ? 0 : wholeOf(old), by)
  if (isAllowed && (value === undefined || !isAllowed(value))) throw notAnInteger()
  if (value === undefined) throw new CommandError('ERR', 'increment or decrement would overflow')
  write(keyspace, key, Buffer.from(String(value), 'latin1'), 'keep')
  return { value, isNew: old === undefined }
}
