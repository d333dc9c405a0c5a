/** Checks what comes as JSON, before anything is changed: a mistake names its place. */
import { CommandError } from '../command-error.ts'

export interface Rule {
  readonly expected: string
  readonly isOptional?: boolean
  readonly isRight: (value: unknown) => boolean
}

export type Shape = Readonly<Record<string, Rule>>

const textMax = 1000

export function refuse(message: string): CommandError {
  return new CommandError('STORE_ARGUMENT_INVALID', message)
}

/** @throws {CommandError} STORE_VALUE_TOO_LARGE: of what others read in one piece, and often. */
export function checkBytes(argument: Buffer | undefined, what: string, max: number): void {
  const bytes = argument?.length ?? 0
  if (bytes <= max) return
  throw new CommandError('STORE_VALUE_TOO_LARGE', `${what} expected at most ${max} bytes, got ${bytes}`)
}

/** One more would come: @throws {CommandError} STORE_TOO_MANY_KEYS when there are so many already. */
export function checkCount(count: number, what: string, max: number): void {
  if (count < max) return
  throw new CommandError('STORE_TOO_MANY_KEYS', `there are ${count} ${what}, and may be ${max}: remove some first`)
}

export function parseJson(argument: Buffer | undefined, what: string): unknown {
  try {
    return JSON.parse(argument?.toString('utf8') ?? '')
  } catch (error) {
    throw refuse(`${what} expected JSON (${(error as Error).message})`)
  }
}

/** @throws {CommandError} when it is no list, or has more than so many. */
export function parseList<Item>(
  argument: Buffer | undefined,
  what: string,
  max: number,
  shape?: Shape,
): readonly Item[] {
  return checkList(parseJson(argument, what), what, max, shape)
}

export function checkList<Item>(value: unknown, what: string, max: number, shape?: Shape): readonly Item[] {
  if (!Array.isArray(value)) throw refuse(`${what} expected a list, got ${shown(value)}`)
  if (value.length > max) throw refuse(`${what} expected at most ${max}, got ${value.length}`)
  if (shape) for (const [i, item] of value.entries()) checkShape(item, `${what}[${i}]`, shape)
  return value as readonly Item[]
}

export function parseObject<Value>(argument: Buffer | undefined, what: string, shape: Shape): Value {
  const value = parseJson(argument, what)
  checkShape(value, what, shape)
  return value as Value
}

/** With `isOpen`, what is not in the shape is left alone. */
export function checkShape(value: unknown, what: string, shape: Shape, isOpen = false): void {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw refuse(`${what} expected an object, got ${shown(value)}`)
  }
  const fields = value as Readonly<Record<string, unknown>>
  for (const name in isOpen ? {} : fields) if (!Object.hasOwn(shape, name)) throw refuse(`${what}.${name} is unknown`)
  for (const name in shape) {
    const { expected, isOptional, isRight } = shape[name] as Rule
    const field = fields[name]
    if (field === undefined ? isOptional !== true : !isRight(field)) {
      throw refuse(`${what}.${name} expected ${expected}, got ${shown(field)}`)
    }
  }
}

/** A name that is an argument of its own. */
export function nameOf(argument: Buffer | undefined, what: string): string {
  const given = String(argument)
  if (!name.isRight(given)) throw refuse(`${what} expected ${name.expected}`)
  return given
}

/** A rule of an object in the object. */
export function inner(shape: Shape, also: (value: never) => boolean = () => true): Rule {
  const names = Object.keys(shape)
  return {
    expected: `an object of ${names.join(', ')}`,
    isRight: value => {
      try {
        checkShape(value, '', shape)
      } catch {
        return false
      }
      return also(value as never)
    },
  }
}

export function optional(rule: Rule): Rule {
  return { ...rule, isOptional: true }
}

export const name: Rule = {
  expected: `a text of 1 to ${textMax} letters`,
  isRight: value => typeof value === 'string' && value !== '' && value.length <= textMax,
}

/** It may be empty. */
export const shortText: Rule = {
  expected: `a text of at most ${textMax} letters`,
  isRight: value => typeof value === 'string' && value.length <= textMax,
}

export const text: Rule = { expected: 'a text', isRight: value => typeof value === 'string' }

export function whole(min: number, max = Number.MAX_SAFE_INTEGER): Rule {
  return {
    expected: max === Number.MAX_SAFE_INTEGER ? `a whole number from ${min}` : `a whole number from ${min} to ${max}`,
    isRight: value => Number.isSafeInteger(value) && (value as number) >= min && (value as number) <= max,
  }
}

// A hundred years: sums of them and of times stay exact.
export const milliseconds = whole(0, 3_200_000_000_000)

export function oneOf(...words: readonly string[]): Rule {
  return { expected: words.join(' or '), isRight: value => words.includes(value as string) }
}

export const truth: Rule = { expected: 'true or false', isRight: value => typeof value === 'boolean' }

export const texts: Rule = {
  expected: 'a list of at most 1000 texts',
  isRight: value => Array.isArray(value) && value.length <= 1000 && value.every(each => typeof each === 'string'),
}

function shown(value: unknown): string {
  return value === undefined ? 'nothing' : JSON.stringify(value).slice(0, 60)
}
