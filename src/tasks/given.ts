/** What an application gives to the tasks, where it may be anything: what does not fit is a TaskError that names it. */
import { quoted } from '../base/printable.ts'
import { suggest } from '../base/suggest.ts'
import { parseDurationUpTo } from '../base/units.ts'
import { TaskError } from './task-error.ts'

/** Seconds as a number, or a text such as `'500ms'`, `'1m'`, `'2h'`, `'30d'`. */
export type Duration = number | string

const shownMax = 60
// A hundred years: an end is a column of a row, and no timer.
export const durationMsMax = 36_500 * 86_400_000

/** Milliseconds. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function millisecondsOf(duration: Duration, what: string, min: 0 | 1 = 1): number {
  try {
    const isDuration = typeof duration === 'number' || typeof duration === 'string'
    const ms = isDuration ? parseDurationUpTo(durationMsMax, duration) : -1
    if (ms >= min) return ms
  } catch {
    // Said below.
  }
  const least = min === 0 ? 'of 0 or more' : 'above 0'
  const expected = `a duration ${least}, up to 36500d, such as 30 (seconds) or "500ms" (the units are ms, s, m, h and d)`
  throw argumentInvalid(what, expected, duration)
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function wholeNumber(given: unknown, what: string, [min, max]: readonly [number, number]): number {
  if (Number.isSafeInteger(given) && (given as number) >= min && (given as number) <= max) return given as number
  throw argumentInvalid(what, `a whole number from ${min} to ${max}`, given)
}

/** @throws {TaskError} TASK_ARGUMENT_INVALID */
export function oneOf<Choice extends string>(given: string, what: string, choices: readonly Choice[]): Choice {
  if (choices.includes(given as Choice)) return given as Choice
  throw argumentInvalid(what, choices.map(choice => `"${choice}"`).join(' or '), given)
}

/** The name of a task or queue, a key: 1 to 256 letters, none of them invisible. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function nameOf(given: unknown, what: string): string {
  if (typeof given === 'string' && /^[^\p{C}\p{Z}]([^\p{C}\p{Zl}\p{Zp}]{0,255})$/u.test(given)) return given
  throw argumentInvalid(what, 'a text of 1 to 256 visible letters', given)
}

/** An object with no other names than these. @throws {TaskError} TASK_ARGUMENT_INVALID */
export function optionsOf<Options extends object>(given: Options, what: string, names: readonly string[]): Options {
  if (typeof given !== 'object' || given === null || Array.isArray(given))
    throw argumentInvalid(what, 'an object', given)
  for (const name of Object.keys(given)) if (!names.includes(name)) throw unknown(what, name, names)
  if ('signal' in given && given.signal !== undefined && !(given.signal instanceof AbortSignal)) {
    throw argumentInvalid(`signal of ${what}`, 'an AbortSignal', given.signal)
  }
  return given
}

function unknown(what: string, name: string, names: readonly string[]): TaskError {
  const near = suggest(name, names)
  const hint = near ? `did you mean ${near}?` : `they are ${names.join(', ')}.`
  return new TaskError('TASK_ARGUMENT_INVALID', `${what} has no option ${quoted(name)}: ${hint}`)
}

/** `<what> is <expected>, not <given>.` */
export function argumentInvalid(what: string, expected: string, given: unknown): TaskError {
  return new TaskError('TASK_ARGUMENT_INVALID', `${what} is ${expected}, not ${describe(given)}.`)
}

/** Without running any of its code. */
function describe(given: unknown): string {
  if (typeof given === 'string') return quoted(given.length > shownMax ? `${given.slice(0, shownMax)}…` : given)
  if (typeof given === 'function' || typeof given === 'symbol') return `a ${typeof given}`
  if (typeof given !== 'object' || given === null) return String(given)
  return Array.isArray(given) ? 'an array' : 'an object'
}
