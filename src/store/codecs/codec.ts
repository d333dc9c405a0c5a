/** What a codec is, and how it says that it cannot hold a value, or cannot read one. */
import { printable, quoted } from '../../base/printable.ts'
import { StoreError } from '../store-error.ts'

/** How values become bytes and come back: what goes in comes back deep-equal, or `encode` throws. */
export interface Codec<V> {
  readonly name: string
  encode(value: V): string | Uint8Array
  decode(bytes: Buffer): V
}

/** Why a value does not fit, and where inside it. Steps and owners are collected on the way out, innermost first. */
export interface Misfit {
  readonly what: string
  readonly steps: string[]
  /** `owners[i]` is the object that `steps[i]` leads out of. */
  readonly owners: object[]
}

/** Looks for what does not fit into a codec. Nothing is collected on the way in, so that a good value costs little. */
export type Check<Notes> = (value: unknown, depth: number, notes: Notes) => Misfit | undefined

/** Half of what SQLite's JSON functions and most other parsers accept. The stack of Node holds far more. */
export const depthMax = 500
export const tooDeep = `nested deeper than ${depthMax} levels (store its parts under keys of their own)`

const stepsShownMax = 20
const nameLengthMax = 60
const beginningLengthMax = 40

export function misfit(what: string): Misfit {
  return { what, steps: [], owners: [] }
}

/** The misfit, one step further out. */
export function inside(found: Misfit, owner: object, step: string): Misfit {
  found.steps.push(step)
  found.owners.push(owner)
  return found
}

/** The first own property that does not fit: by its value, or because a reader would get something else back. */
export function propertiesMisfit<Notes>(
  object: object,
  depth: number,
  notes: Notes,
  check: Check<Notes>,
): Misfit | undefined {
  for (const name of Object.getOwnPropertyNames(object)) {
    const property = Object.getOwnPropertyDescriptor(object, name)
    const found = propertyMisfit(name, property) ?? check(property?.value, depth + 1, notes)
    if (found) return inside(found, object, nameStep(name))
  }
  return symbolMisfit(object)
}

function propertyMisfit(name: string, property: PropertyDescriptor | undefined): Misfit | undefined {
  if (name === '__proto__') return misfit('a property of this name (rename it: it changes objects when it is copied)')
  if (property?.get || property?.set) return misfit('a getter or setter (store the value that it gives)')
  if (property?.enumerable === false) return misfit('a property that is not enumerable (use a plain object)')
  return undefined
}

export function symbolMisfit(object: object): Misfit | undefined {
  const [symbol] = Object.getOwnPropertySymbols(object)
  return symbol && inside(misfit('a property named by a symbol (use a text as its name)'), object, nameStep(symbol))
}

/** `.born`, `["a b"]`, `[3]` or `[Symbol(id)]`. */
export function nameStep(name: PropertyKey): string {
  if (typeof name === 'number') return `[${name}]`
  if (typeof name === 'symbol') return `[${cut(printable(String(name)), nameLengthMax)}]`
  const isWord = name.length <= nameLengthMax && /^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u.test(name)
  return isWord ? `.${name}` : `[${quotedName(name)}]`
}

export function quotedName(name: string): string {
  return quoted(cut(name, nameLengthMax))
}

/** Steps in reading order as `users[3].born`; in the middle of a very long path some are left out. */
export function formatPath(steps: readonly string[]): string {
  if (steps.length === 0) return 'the value'
  const half = stepsShownMax / 2
  const shown = steps.length > stepsShownMax ? [...steps.slice(0, half), ' … ', ...steps.slice(-half)] : steps
  return shown.join('').replace(/^\./, '')
}

/** Made by `{}`, `Object.create(null)`, or in another realm such as the one of a test runner. */
export function isPlainObject(object: object): boolean {
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype || prototype === null) return true
  return Object.getPrototypeOf(prototype) === null && Object.hasOwn(prototype, 'hasOwnProperty')
}

export function isPlainArray(array: readonly unknown[]): boolean {
  const prototype = Object.getPrototypeOf(array)
  // In every realm Array.prototype is itself an array, and the prototype of a class that extends it is not.
  return prototype === Array.prototype || (Array.isArray(prototype) && Object.hasOwn(prototype, 'concat'))
}

/** What no codec can hold, in words. */
export function describeForeign(value: unknown): string {
  if (typeof value === 'function') return 'a function (store what it is made from)'
  if (typeof value === 'symbol') return 'a symbol (use a text)'
  const name = classNameOf(value)
  if (name === 'Promise') return 'a Promise (await it first)'
  return name ? `an instance of ${name} (store a plain object of its data)` : 'an object with a prototype of its own'
}

/** The name of the class of an object, without running any of its code. */
export function classNameOf(value: unknown): string | undefined {
  const prototype = Object.getPrototypeOf(value)
  const made = prototype && Object.getOwnPropertyDescriptor(prototype, 'constructor')?.value
  const name = typeof made === 'function' && Object.getOwnPropertyDescriptor(made, 'name')?.value
  return typeof name === 'string' && name !== '' ? cut(printable(name), nameLengthMax) : undefined
}

/** What a codec throws when it cannot hold a value. */
export function valueInvalid(codecName: string, found: Misfit, cause?: unknown): StoreError {
  const message = `The codec "${codecName}" cannot hold ${formatPath(found.steps.toReversed())}: ${found.what}.`
  return new StoreError('STORE_VALUE_INVALID', message, cause === undefined ? {} : { cause })
}

/** What a codec throws when the bytes are not its own. */
export function valueUnreadable(codecName: string, bytes: Uint8Array, cause?: unknown): StoreError {
  // No character has more than four bytes.
  const start = Buffer.from(bytes.subarray(0, 4 * beginningLengthMax)).toString()
  const seen = bytes.length === 0 ? 'is empty' : `begins with ${cut(printable(start), beginningLengthMax)}`
  const message = `The stored value is not of the codec "${codecName}", it ${seen} (read it with the codec that wrote it).`
  return new StoreError('STORE_VALUE_UNREADABLE', message, cause === undefined ? {} : { cause })
}

function cut(text: string, lengthMax: number): string {
  return text.length <= lengthMax ? text : `${text.slice(0, lengthMax - 1).toWellFormed()}…`
}
