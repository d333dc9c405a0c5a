/** Reads arguments of commands, as strictly as Redis. */
import { notAFloat, notAnInteger } from './command-error.ts'

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

/** A number with or without a fraction, `inf` and `-inf`. */
export function floatOf(argument: Buffer | undefined): number {
  const text = argument?.toString('latin1') ?? ''
  if (/^[+-]?inf(?:inity)?$/i.test(text)) return text.startsWith('-') ? -Infinity : Infinity
  if (!/^[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?$/i.test(text)) throw notAFloat()
  return Number(text)
}

/** A word of a command, such as `EX`, in capitals. */
export function wordOf(argument: Buffer | undefined): string {
  return argument?.toString('latin1').toUpperCase() ?? ''
}
