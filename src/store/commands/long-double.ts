/**
 * Sums as INCRBYFLOAT makes them. Redis counts in `long double`, on most processors 64 bits of mantissa and an exponent, and
 * shows 17 digits behind the point: 0.1 + 0.2 is 0.3. JavaScript has no such number; here it is a mantissa and an exponent of
 * BigInts, rounded to the nearest after each step. Nothing is rounded before the end, so the digits are exactly the same.
 */

/** `mantissa * 2 ** exponent`; the mantissa has 64 bits at most. */
export interface LongDouble {
  readonly mantissa: bigint
  readonly exponent: number
}

const mantissaBits = 64
/** Above it is infinity. */
const exponentMax = 16_384
/** Below it is not kept exactly, and is rounded to it. */
const exponentMin = -16_445
const digitsShown = 17
// Longer texts are no numbers for Redis.
const textMax = 5 * 1024 - 1

/** A decimal number; undefined when the text is none, or is too large or too small to be held. */
export function longDoubleOf(text: string): LongDouble | 'inf' | '-inf' | undefined {
  if (text.length > textMax) return undefined
  const infinity = /^([+-]?)inf(?:inity)?$/i.exec(text)
  if (infinity) return infinity[1] === '-' ? '-inf' : 'inf'
  const hexadecimal = /^([+-]?)0x([\da-f]*)\.?([\da-f]*)(?:p([+-]?\d+))?$/i.exec(text)
  const found = hexadecimal ?? /^([+-]?)(\d*)\.?(\d*)(?:e([+-]?\d+))?$/i.exec(text)
  if (!found) return undefined
  const [, sign, whole = '', fraction = '', power = '0'] = found
  if (whole === '' && fraction === '') return undefined
  const digits = BigInt(`${hexadecimal ? '0x' : ''}${whole}${fraction}`) * (sign === '-' ? -1n : 1n)
  if (digits === 0n) return { mantissa: 0n, exponent: 0 }
  const exponent = Number(power)
  if (Math.abs(exponent) > 20_000) return undefined
  const result = hexadecimal
    ? rounded(digits, exponent - 4 * fraction.length, false)
    : ofDecimal(digits, exponent - fraction.length)
  const top = bitsOf(result.mantissa) + result.exponent
  return result.mantissa === 0n || top > exponentMax ? undefined : result
}

/** Their sum; undefined when it is too large. */
export function addLongDoubles(one: LongDouble, other: LongDouble): LongDouble | undefined {
  const exponent = Math.min(one.exponent, other.exponent)
  const aligned = [one, other].map(number => number.mantissa << BigInt(number.exponent - exponent))
  const sum = rounded((aligned[0] as bigint) + (aligned[1] as bigint), exponent, false)
  return bitsOf(sum.mantissa) + sum.exponent > exponentMax ? undefined : sum
}

/** 17 digits behind the point, without zeros at the end. */
export function formatLongDouble({ mantissa, exponent }: LongDouble): string {
  const scaled = mantissa * 10n ** BigInt(digitsShown)
  const whole = exponent >= 0 ? scaled << BigInt(exponent) : halfEven(scaled, BigInt(-exponent), false)
  const digits = (whole < 0n ? -whole : whole).toString().padStart(digitsShown + 1, '0')
  const text = `${digits.slice(0, -digitsShown)}.${digits.slice(-digitsShown)}`.replace(/\.?0+$/, '')
  return whole < 0n ? `-${text}` : text
}

function ofDecimal(digits: bigint, power: number): LongDouble {
  if (power >= 0) return rounded(digits * 10n ** BigInt(power), 0, false)
  const divisor = 10n ** BigInt(-power)
  // Two bits more than are kept, and whether there is a rest, tell how to round.
  const shift = Math.max(0, mantissaBits + 2 + bitsOf(divisor) - bitsOf(digits))
  const dividend = digits << BigInt(shift)
  return rounded(dividend / divisor, -shift, dividend % divisor !== 0n)
}

/** `hasMore`: the exact number is a little further from 0. */
function rounded(value: bigint, exponent: number, hasMore: boolean): LongDouble {
  const excess = Math.max(bitsOf(value) - mantissaBits, exponentMin - exponent)
  if (excess <= 0) return { mantissa: value, exponent }
  return { mantissa: halfEven(value, BigInt(excess), hasMore), exponent: exponent + excess }
}

/** `value / 2 ** shift`, to the nearest whole number, and to the even one of two that are as near. */
function halfEven(value: bigint, shift: bigint, hasMore: boolean): bigint {
  const size = value < 0n ? -value : value
  const whole = size >> shift
  const twice = (size - (whole << shift)) * 2n
  const unit = 1n << shift
  const isUp = twice > unit || (twice === unit && (hasMore || whole % 2n === 1n))
  const result = isUp ? whole + 1n : whole
  return value < 0n ? -result : result
}

function bitsOf(value: bigint): number {
  const size = value < 0n ? -value : value
  return size === 0n
    ? 0
    : size.toString(16).length * 4 - Math.clz32(Number.parseInt(size.toString(16)[0] as string, 16)) + 28
}
