/**
 * Values as JSON text, readable with redis-cli and from any language. JSON.stringify alone loses what JSON does not
 * have: a Date becomes a string, a Map `{}`, NaN null, and undefined disappears. Here all of these are errors that
 * name the place. So the value is walked first, and then written by JSON.stringify, which no own writer beats.
 */
import { isUtf8 } from 'node:buffer'
import {
  type Codec,
  classNameOf,
  depthMax,
  describeForeign,
  formatPath,
  inside,
  isPlainArray,
  isPlainObject,
  type Misfit,
  misfit,
  nameStep,
  propertiesMisfit,
  symbolMisfit,
  tooDeep,
  valueInvalid,
  valueUnreadable,
} from './codec.ts'

interface Notes {
  hasNegativeZero: boolean
}

/** Missing in the types of TypeScript's es2024; V8 has them since 2023. */
const { rawJSON, isRawJSON } = JSON as unknown as {
  rawJSON(text: string): object
  isRawJSON(value: unknown): boolean
}

const negativeZero = rawJSON('-0')

const adviceByClass: Readonly<Record<string, string>> = {
  Date: 'use the codec "structured", or toISOString()',
  Map: 'use the codec "structured", or Object.fromEntries()',
  Set: 'use the codec "structured", or an array',
  RegExp: 'use the codec "structured", or its source',
  Buffer: 'use the codec "bytes" or "structured", or toString("base64")',
  Uint8Array: 'use the codec "bytes" or "structured"',
  ArrayBuffer: 'use the codec "bytes" or "structured"',
  Error: 'use the codec "structured", or its message',
  URL: 'use its href',
}

export interface JsonCodec extends Codec<unknown> {
  encode(value: unknown): string
}

/**
 * ```ts
 * jsonCodec.encode({ id: 7, tags: [] })        // '{"id":7,"tags":[]}'
 * jsonCodec.encode({ born: new Date() })       // throws STORE_VALUE_INVALID, with the path "born"
 * jsonCodec.decode(Buffer.from('{"id":7}'))    // { id: 7 }
 * ```
 */
export const jsonCodec: JsonCodec = { name: 'json', encode, decode }

function encode(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value)
  const notes: Notes = { hasNegativeZero: false }
  const found = check(value, 0, notes)
  if (found) throw valueInvalid('json', cycleIn(found) ?? found)
  try {
    return notes.hasNegativeZero ? JSON.stringify(value, keepNegativeZero) : JSON.stringify(value)
  } catch (cause) {
    // A text longer than a string of V8 can be.
    throw valueInvalid('json', misfit('more than one string can hold (store its parts under keys of their own)'), cause)
  }
}

/** JSON has -0, and JSON.parse reads it, but JSON.stringify writes 0. Slow, so only for a value that holds one. */
function keepNegativeZero(_name: string, value: unknown): unknown {
  return Object.is(value, -0) ? negativeZero : value
}

function decode(bytes: Buffer): unknown {
  const text = bytes.toString()
  // Bytes that are no UTF-8 become U+FFFD, which is also a character that anybody may store.
  if (text.includes('\ufffd') && !isUtf8(bytes)) throw valueUnreadable('json', bytes)
  try {
    return JSON.parse(text)
  } catch (cause) {
    throw valueUnreadable('json', bytes, cause)
  }
}

function check(value: unknown, depth: number, notes: Notes): Misfit | undefined {
  switch (typeof value) {
    case 'string':
    case 'boolean':
      return undefined
    case 'number':
      if (value === 0 && Object.is(value, -0)) notes.hasNegativeZero = true
      return Number.isFinite(value) ? undefined : misfit(`${value} (use null, or the codec "structured")`)
    case 'object':
      return value === null ? undefined : checkObject(value, depth, notes)
    case 'undefined':
      return misfit('undefined (it means absent: leave it out, or use null)')
    case 'bigint':
      return misfit('a bigint (use the codec "structured", or a text)')
    default:
      return misfit(describeForeign(value))
  }
}

function checkObject(object: object, depth: number, notes: Notes): Misfit | undefined {
  if (depth >= depthMax) return misfit(tooDeep)
  if (Array.isArray(object)) return checkArray(object, depth, notes)
  const prototype = Object.getPrototypeOf(object)
  if (prototype === Object.prototype) return propertiesMisfit(object, depth, notes, check)
  if (!isPlainObject(object)) return misfit(describe(object))
  if (isRawJSON(object)) return misfit('a text made by JSON.rawJSON (use a plain value)')
  return propertiesMisfit(object, depth, notes, check)
}

function checkArray(array: readonly unknown[], depth: number, notes: Notes): Misfit | undefined {
  if (!isPlainArray(array)) return misfit(describe(array))
  for (let i = 0; i < array.length; i++) {
    const element = array[i]
    const found = element === undefined ? emptyMisfit(array, i) : check(element, depth + 1, notes)
    if (found) return inside(found, array, nameStep(i))
  }
  // There is no cheaper way to see that an array has names besides its indexes, as the result of a RegExp does.
  const name = Object.keys(array)[array.length]
  if (name !== undefined) return inside(misfit('a named property of an array (use an object)'), array, nameStep(name))
  return symbolMisfit(array)
}

function emptyMisfit(array: readonly unknown[], index: number): Misfit {
  return misfit(index in array ? 'undefined (use null)' : 'a hole in a sparse array (fill it, or use null)')
}

function describe(object: object): string {
  const name = classNameOf(object) ?? ''
  const known = Object.hasOwn(adviceByClass, name) ? adviceByClass[name] : undefined
  if (known) return `${/^[AEIO]/.test(name) ? 'an' : 'a'} ${name} (${known})`
  if (ArrayBuffer.isView(object)) return `a ${name} (use the codec "structured", or Array.from())`
  return describeForeign(object)
}

/** Where the way that went too deep came through an object for the second time: it then is a cycle, and never ends. */
function cycleIn({ what, steps, owners }: Misfit): Misfit | undefined {
  if (what !== tooDeep) return undefined
  const path = steps.toReversed()
  const seen = new Map<object, number>()
  for (const [depth, owner] of owners.toReversed().entries()) {
    const before = seen.get(owner)
    if (before !== undefined) {
      const target = formatPath(path.slice(0, before))
      const found = misfit(`a cycle back to ${target} (store an id, or use the codec "structured")`)
      return { ...found, steps: path.slice(0, depth).toReversed() }
    }
    seen.set(owner, depth)
  }
  return undefined
}
