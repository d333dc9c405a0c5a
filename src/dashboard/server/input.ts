/** Reads what the page sends: each is what it should be, or ERR_USAGE says what was expected. */
import { ServerError } from '../../base/errors.ts'

type Input = Readonly<Record<string, unknown>>

/** A hundred years, as in saola/store. */
const wholeMax = 36_500 * 86_400_000

export interface TextRule {
  /** In characters; 8,192 by default. */
  readonly lengthMax?: number
  /** An empty text is one, too. */
  readonly mayBeEmpty?: boolean
}

const lengthMaxDefault = 8_192

/** @throws {ServerError} ERR_USAGE when it is no text, or an empty one, or too long. */
export function textIn(input: Input, key: string, rule: TextRule = {}): string {
  const value = optionalTextIn(input, key, rule)
  if (value === undefined || (value === '' && !rule.mayBeEmpty)) throw unexpected(key, 'a text', value)
  return value
}

/** @throws {ServerError} ERR_USAGE when it is there and no text, or too long. */
export function optionalTextIn(
  input: Input,
  key: string,
  { lengthMax = lengthMaxDefault }: TextRule = {},
): string | undefined {
  const value = input[key]
  if (value === undefined) return undefined
  if (typeof value !== 'string') throw unexpected(key, 'a text', value)
  if (value.length > lengthMax)
    throw new ServerError('ERR_USAGE', `${key} expected at most ${lengthMax} characters, got ${value.length}.`)
  return value
}

/** @throws {ServerError} ERR_USAGE when it is no list of 1 to `countMax` texts. */
export function textsIn(input: Input, key: string, { countMax, ...rule }: TextRule & { readonly countMax: number }) {
  const values = input[key]
  if (!Array.isArray(values)) throw unexpected(key, 'a list of texts', values)
  if (values.length === 0 || values.length > countMax)
    throw new ServerError('ERR_USAGE', `${key} expected 1 to ${countMax} texts, got ${values.length}.`)
  return values.map((value: unknown, i) => textIn({ [`${key}[${i}]`]: value }, `${key}[${i}]`, rule))
}

/** @throws {ServerError} ERR_USAGE when it is neither null nor a whole number from 1 on. */
export function wholeOrNullIn(input: Input, key: string): number | null {
  const value = input[key]
  if (value === null) return null
  if (typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 && value <= wholeMax) return value
  throw unexpected(key, `null or a whole number from 1 to ${wholeMax}`, value)
}

/** @throws {ServerError} ERR_USAGE when it is there and neither true nor false. */
export function booleanIn(input: Input, key: string): boolean {
  const value = input[key] ?? false
  if (typeof value !== 'boolean') throw unexpected(key, 'true or false', value)
  return value
}

/** @throws {ServerError} ERR_USAGE when it is none of them. */
export function chosenIn<const Word extends string>(input: Input, key: string, words: readonly Word[]): Word {
  const found = words.find(word => word === input[key])
  if (found === undefined) throw unexpected(key, words.map(word => JSON.stringify(word)).join(' or '), input[key])
  return found
}

/** What was got is said by its kind: it may be a value of the store, and the message is written into the log. */
function unexpected(key: string, expected: string, value: unknown): ServerError {
  return new ServerError('ERR_USAGE', `${key} expected ${expected}, got ${kindOf(value)}.`)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'nothing'
  if (value === null) return 'null'
  if (value === '') return 'an empty text'
  if (Array.isArray(value)) return 'a list'
  const kinds: Readonly<Record<string, string>> = {
    string: 'another text',
    number: 'a number',
    boolean: 'true or false',
  }
  return kinds[typeof value] ?? 'an object'
}
