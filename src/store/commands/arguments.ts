/** Reads arguments of commands, as strictly as Redis. */
import { CommandError, notAFloat, notAnInteger } from './command-error.ts'

const integer = /^(?:0|-?[1-9]\d{0,18})$/

/** A whole number that JavaScript can hold exactly: from -2^53 + 1 to 2^53 - 1. */
export function integerOf(argument: Buffer | undefined): number {
  const number = argument && argument.length <= 20 ? integerOrNaN(argument.toString('latin1')) : Number.NaN
  if (Number.isNaN(number)) throw notAnInteger()
  return number
}

function integerOrNaN(text: string): number {
  const number = integer.test(text) ? Number(text) : Number.NaN
  return Number.isSafeInteger(number) ? number : Number.NaN
}

const int64Max = 2n ** 63n - 1n
const int64Min = -(2n ** 63n)

/** A whole number of 64 bits: a BigInt only where a number does not hold it exactly. */
export function wholeOf(argument: Buffer | undefined): number | bigint {
  const text = argument && argument.length <= 20 ? argument.toString('latin1') : ''
  if (!integer.test(text)) throw notAnInteger()
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  const exact = BigInt(text)
  if (!isInt64(exact)) throw notAnInteger()
  return exact
}

/** A whole number of 64 bits, rounded above 2^53: for indexes and counts, which are never so large. */
export function roughIntegerOf(argument: Buffer | undefined): number {
  return Number(wholeOf(argument))
}

/** A whole number of 32 bits. */
export function int32Of(argument: Buffer | undefined): number {
  const number = wholeOf(argument)
  if (number >= -(2 ** 31) && number < 2 ** 31) return Number(number)
  throw new CommandError('ERR', 'value is out of range, value must between -2147483648 and 2147483647')
}

function isInt64(number: bigint): boolean {
  return number >= int64Min && number <= int64Max
}

/** The sum of two of them; undefined when it has more than 64 bits. */
export function sumOf(one: number | bigint, other: number | bigint): number | bigint | undefined {
  const quick = typeof one === 'number' && typeof other === 'number' ? one + other : Number.NaN
  if (Number.isSafeInteger(quick)) return quick
  const exact = BigInt(one) + BigInt(other)
  return isInt64(exact) ? exact : undefined
}

/** A number with or without a fraction, `inf` and `-inf`. */
export function floatOf(argument: Buffer | undefined): number {
  const text = argument?.toString('latin1') ?? ''
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  const number =
    hexadecimalOf(text) ?? (/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text) ? Number(text) : Number.NaN)
  // Above the largest number, or so near 0 that it would become it.
  if (!Number.isFinite(number) || (number === 0 && /^[^e]*[1-9]/i.test(text))) throw notAFloat()
  return number
}

/** As C reads it: `0x1.8p3` is 12. */
function hexadecimalOf(text: string): number | undefined {
  const [, sign, whole = '', fraction = '', power = '0'] =
    /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i.exec(text) ?? []
  if (sign === undefined || whole + fraction === '') return undefined
  const size = Number.parseInt(whole + fraction, 16) * 2 ** (Number(power) - 4 * fraction.length)
  return sign === '-' ? -size : size
}

/** A word of a command, such as `EX`, in capitals. */
export function wordOf(argument: Buffer | undefined): string {
  return argument?.toString('latin1').toUpperCase() ?? ''
}
