/**
 * Values as the structured clone of V8: Date, Map, Set, bigint, typed arrays, RegExp, Error, cycles, shared references.
 * Structured clone drops the class of an instance in silence, and names no place when it refuses something; so the
 * value is walked before. Only this Node and newer ones read the bytes: for other languages there is json.ts.
 *
 * Reading runs no code of the data, and malformed data throws. But V8 believes the length of a sparse array: a few
 * bytes of a hostile writer can take 256 MB of a reader. Where writers are not trusted, use the codec "json".
 */
import { DefaultDeserializer, DefaultSerializer } from 'node:v8'
import {
  type Codec,
  depthMax,
  describeForeign,
  inside,
  isPlainArray,
  isPlainObject,
  type Misfit,
  misfit,
  nameStep,
  propertiesMisfit,
  quotedName,
  symbolMisfit,
  tooDeep,
  valueInvalid,
  valueUnreadable,
} from './codec.ts'

/** Stands before the data of V8. No UTF-8 text holds this byte, so no JSON is ever taken for this codec. */
const version1 = 0xc1
const header = Buffer.of(version1)

export interface StructuredCodec extends Codec<unknown> {
  encode(value: unknown): Buffer
}

/**
 * ```ts
 * const bytes = structuredCodec.encode({ born: new Date(0), tags: new Set(['a']) })
 * structuredCodec.decode(bytes)  // the same, deep-equal
 * ```
 */
export const structuredCodec: StructuredCodec = {
  name: 'structured',
  encode,
  decode,
}

function encode(value: unknown): Buffer {
  const found = value === undefined ? misfit('undefined (it means absent: delete the key)') : check(value, 0, new Set())
  if (found) throw valueInvalid('structured', found)
  const serializer = new DefaultSerializer()
  serializer.writeRawBytes(header)
  serializer.writeHeader()
  try {
    serializer.writeValue(value)
  } catch (cause) {
    throw valueInvalid('structured', misfit('something that cannot be cloned, see the cause'), cause)
  }
  return serializer.releaseBuffer()
}

function decode(bytes: Buffer): unknown {
  if (bytes[0] !== version1) throw valueUnreadable('structured', bytes)
  try {
    const deserializer = new OwningDeserializer(bytes.subarray(1))
    deserializer.readHeader()
    return deserializer.readValue()
  } catch (cause) {
    throw valueUnreadable('structured', bytes, cause)
  }
}

const ViewReader = DefaultDeserializer as new (
  bytes: Uint8Array,
) => DefaultDeserializer & { _readHostObject(): NodeJS.TypedArray | DataView }

/** Node's own gives views into the bytes that it reads: they would share memory with the connection and each other. */
class OwningDeserializer extends ViewReader {
  override _readHostObject(): NodeJS.TypedArray | DataView {
    const view = super._readHostObject()
    if (Buffer.isBuffer(view)) return Buffer.from(view)
    if (!(view instanceof DataView)) return view.slice()
    return new DataView(view.buffer.slice(view.byteOffset, view.byteOffset + view.byteLength))
  }
}

type Walk = (object: object, depth: number, seen: Set<object>) => Misfit | undefined

const typedArrays = [
  ...[Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array],
  ...[Float16Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array, Buffer],
]
const errors = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError]
const boxes = [Number, String, Boolean, BigInt]

/** By prototype, because only these come back as what they were: an instance of a class that extends one does not. */
const walkByPrototype = new Map<object, Walk>([
  [Map.prototype, checkMap as Walk],
  [Set.prototype, checkSet as Walk],
  ...prototypesOf(errors, checkError as Walk),
  ...prototypesOf([Date, RegExp, ArrayBuffer, DataView], extraMisfit),
  // Their indexes are properties, too, and may be many: a name that was added to them is lost, as with Node's own.
  ...prototypesOf([...typedArrays, ...boxes], symbolMisfit),
])

function prototypesOf(classes: readonly { readonly prototype: object }[], walk: Walk): [object, Walk][] {
  return classes.map(made => [made.prototype, walk])
}

function check(value: unknown, depth: number, seen: Set<object>): Misfit | undefined {
  if (typeof value === 'function' || typeof value === 'symbol') return misfit(describeForeign(value))
  if (typeof value !== 'object' || value === null || seen.has(value)) return undefined
  if (depth >= depthMax) return misfit(tooDeep)
  seen.add(value)
  if (Array.isArray(value)) return checkArray(value, depth, seen)
  if (isPlainObject(value)) return propertiesMisfit(value, depth, seen, check)
  const walk = walkByPrototype.get(Object.getPrototypeOf(value))
  return walk ? walk(value, depth, seen) : misfit(describeForeign(value))
}

/** Holes and names besides the indexes come back, too: so every key is looked at, and not every index. */
function checkArray(array: readonly unknown[], depth: number, seen: Set<object>): Misfit | undefined {
  if (!isPlainArray(array)) return misfit(describeForeign(array))
  for (const key of Object.keys(array)) {
    const found = check(Reflect.get(array, key), depth + 1, seen)
    if (found) return inside(found, array, nameStep(/^\d+$/.test(key) ? Number(key) : key))
  }
  return symbolMisfit(array)
}

function checkMap(map: ReadonlyMap<unknown, unknown>, depth: number, seen: Set<object>): Misfit | undefined {
  let index = 0
  for (const [key, value] of map) {
    const inKey = check(key, depth + 1, seen)
    if (inKey) return inside(inKey, map, `.keys()[${index}]`)
    const found = check(value, depth + 1, seen)
    const step = typeof key === 'string' ? `.get(${quotedName(key)})` : `.values()[${index}]`
    if (found) return inside(found, map, step)
    index++
  }
  return extraMisfit(map)
}

function checkSet(set: ReadonlySet<unknown>, depth: number, seen: Set<object>): Misfit | undefined {
  let index = 0
  for (const member of set) {
    const found = check(member, depth + 1, seen)
    if (found) return inside(found, set, `.values()[${index}]`)
    index++
  }
  return extraMisfit(set)
}

/** Of an Error the message, the stack and the cause come back, and nothing else: not the code of a system error. */
function checkError(error: Error, depth: number, seen: Set<object>): Misfit | undefined {
  const found = check(error.cause, depth + 1, seen)
  return found ? inside(found, error, '.cause') : extraMisfit(error)
}

const namesThatComeBack = new Set(['message', 'stack', 'cause', 'lastIndex'])

function extraMisfit(object: object): Misfit | undefined {
  const name = Reflect.ownKeys(object).find(key => !namesThatComeBack.has(key as string))
  if (name === undefined) return undefined
  return inside(misfit('a property that would be lost here (store a plain object of the data)'), object, nameStep(name))
}
