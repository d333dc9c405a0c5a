/** What an application gives to the store, where it may be anything: what does not fit is a StoreError that names it. */
import { quoted } from '../base/printable.ts'
import { StoreError } from './store-error.ts'

const shownMax = 60

/**
 * Options of a call, as they were given. A `signal` among them is looked at here, once for all calls.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID when they are none.
 */
export function optionsOf<Options extends object>(options: Options, what = 'The options'): Options {
  const isObject = typeof options === 'object' && options !== null && !Array.isArray(options)
  if (!isObject) throw argumentInvalid(what, 'an object', options)
  if ('signal' in options && options.signal !== undefined && !(options.signal instanceof AbortSignal)) {
    throw argumentInvalid('signal', 'an AbortSignal', options.signal)
  }
  return options
}

/**
 * All items of something to iterate over that is no text: a text would be taken for its characters.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID
 */
export function itemsGiven<Item>(items: Iterable<Item>, what: string): Item[] {
  const isIterable = typeof items === 'object' && items !== null && Symbol.iterator in items
  if (!isIterable) throw argumentInvalid(what, 'an array or something else to iterate over', items)
  return [...items]
}

/** As `itemsGiven`, of pairs. */
export function pairsGiven<Pair extends readonly [unknown, unknown]>(items: Iterable<Pair>, what: string): Pair[] {
  const pairs = itemsGiven(items, what)
  for (const pair of pairs) if (!Array.isArray(pair)) throw argumentInvalid(`Each of ${what}`, 'an array of two', pair)
  return pairs
}

/** @throws {StoreError} STORE_ARGUMENT_INVALID */
export function checkFunction(given: unknown, what: string): void {
  if (typeof given !== 'function') throw argumentInvalid(what, 'a function', given)
}

/**
 * A text that may be empty, such as a prefix.
 *
 * @throws {StoreError} STORE_ARGUMENT_INVALID
 */
export function textGiven(given: string, what: string): string {
  if (typeof given === 'string' && given.isWellFormed()) return given
  throw argumentInvalid(what, 'a text', given)
}

/** `<what> is <expected>, not <given>.` */
export function argumentInvalid(what: string, expected: string, given: unknown): StoreError {
  return new StoreError('STORE_ARGUMENT_INVALID', `${what} is ${expected}, not ${describe(given)}.`)
}

/** Without running any of its code. */
export function describe(given: unknown): string {
  if (typeof given === 'string') return quoted(given.length > shownMax ? `${given.slice(0, shownMax)}…` : given)
  if (typeof given === 'function') return 'a function'
  if (typeof given === 'symbol') return 'a symbol'
  if (typeof given !== 'object' || given === null) return Object.is(given, -0) ? '-0' : String(given)
  return Array.isArray(given) ? 'an array' : 'an object'
}
