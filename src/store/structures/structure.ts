/** What all structures have in common: a name, an engine, and how values become bytes. */
import { types } from 'node:util'
import { quoted } from '../../base/printable.ts'
import { parseDurationUpTo } from '../../base/units.ts'
import type { Codec } from '../codecs/codec.ts'
import { codecOf } from '../codecs/codecs.ts'
import { checkValue, type StandardSchema } from '../codecs/standard-schema.ts'
import type { Engine } from '../engines/engine.ts'
import { argumentInvalid, describe, optionsOf } from '../given.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'

/** A time to live or to wait: seconds as a number, or a text such as `'500ms'`, `'1m'`, `'2h'`. */
export type Duration = number | string

/** How values of a structure are kept. */
export interface ValueOptions<V> {
  /** `'json'` by default, which other languages can read; `'bytes'`; `'structured'` for dates, maps and the like. */
  readonly codec?: 'json' | 'bytes' | 'structured' | Codec<V>
  /** Checks each value before it is written: of zod, valibot or whatever else follows https://standardschema.dev */
  readonly schema?: StandardSchema<V>
}

const keyBytesMax = 64 * 1024
// A hundred years: an end is a column of a row, and no timer.
export const durationMsMax = 36_500 * 86_400_000

/** A value as it is kept. */
export type Encoded = string | Uint8Array

/** Checks, encodes and decodes the values of one structure. */
export class Values<V> {
  readonly #codec: Codec<V>
  readonly #schema: StandardSchema<V> | undefined

  constructor(options: ValueOptions<V>) {
    const { codec = 'json', schema } = optionsOf(options)
    this.#codec = codecOf(codec) as Codec<V>
    this.#schema = schema
  }

  /**
   * Their bytes: at once, so that calls keep their order, unless a schema answers later.
   *
   * @throws {StoreError} STORE_VALUE_INVALID.
   */
  encodeAll(values: readonly V[]): Encoded[] | Promise<Encoded[]> {
    const schema = this.#schema
    if (!schema) return values.map(value => this.#encode(value))
    const checked = values.map(value => checkValue(schema, value))
    if (!checked.some(value => value instanceof Promise)) return (checked as V[]).map(value => this.#encode(value))
    return Promise.all(checked).then(all => all.map(value => this.#encode(value)))
  }

  /** Without the schema, where nothing can be waited for. */
  encodeNow(value: V): Encoded {
    if (!this.#schema) return this.#encode(value)
    const checked = checkValue(this.#schema, value)
    if (checked instanceof Promise) {
      throw new StoreError('STORE_VALUE_INVALID', 'A schema that answers later cannot be used in a transaction.')
    }
    return this.#encode(checked)
  }

  /** A codec of the application may give anything. */
  #encode(value: V): Encoded {
    const encoded: unknown = this.#codec.encode(value)
    if (typeof encoded === 'string' || encoded instanceof Uint8Array || types.isUint8Array(encoded)) return encoded
    throw encodedInvalid(this.#codec.name, encoded)
  }

  /** Undefined for what is absent. */
  decode(reply: Reply): V | undefined {
    return reply === null ? undefined : this.#codec.decode(reply as Buffer)
  }
}

function encodedInvalid(name: string, encoded: unknown): StoreError {
  // Nobody else looks at it.
  if (encoded instanceof Promise) encoded.catch(() => {})
  const what = encoded instanceof Promise ? 'a promise' : describe(encoded)
  const message = `The codec ${quoted(name)} has to make a text or a Uint8Array of a value, at once, and made ${what}.`
  return new StoreError('STORE_VALUE_INVALID', message)
}

/** A key or a field of it: any text but the empty one, up to 64 KB. */
export function checkKey(key: unknown, what = 'A key'): string {
  if (typeof key === 'string' && key !== '' && Buffer.byteLength(key) <= keyBytesMax && key.isWellFormed()) return key
  const got = typeof key === 'string' ? `a text of ${key.length} characters` : `a ${typeof key}`
  throw new StoreError('STORE_KEY_INVALID', `${what} is a text of 1 to ${keyBytesMax} bytes in UTF-8, not ${got}.`)
}

/** Milliseconds; 0 when there is none. */
export function millisecondsOf(duration: Duration | undefined, what = 'ttl'): number {
  return duration === undefined ? 0 : millisecondsGiven(duration, what)
}

/** As `millisecondsOf`, where there must be one. */
export function millisecondsGiven(duration: Duration, what: string): number {
  try {
    const isDuration = typeof duration === 'number' || typeof duration === 'string'
    const ms = isDuration ? parseDurationUpTo(durationMsMax, duration) : 0
    if (ms > 0) return ms
  } catch {
    // Said below.
  }
  throw argumentInvalid(what, 'a duration above 0, up to "36500d", such as 30 (seconds) or "500ms"', duration)
}

/** Goes on with a value that may have to be waited for, and at once when not: so that calls keep the order they were made in. */
export function thenDo<Value, Result>(
  value: Value | Promise<Value>,
  next: (value: Value) => Promise<Result>,
): Promise<Result> {
  return value instanceof Promise ? value.then(next) : next(value)
}

/** The time that calls of this process wait by, in milliseconds. */
export function nowOf({ clock }: Engine): number {
  return clock ? clock.now() : performance.now()
}

/** After a try that others have spoilt: a moment by chance, longer each time, so that the same ones do not meet again. */
export async function stepAside(tries: number): Promise<void> {
  const ms = Math.random() * Math.min(tries, stepAsideMsMax)
  await new Promise(resolve => setTimeout(resolve, ms))
}

const stepAsideMsMax = 20

/** Pages of whatever size, one after the other; the next is asked for when it is needed. */
export async function* paged<Item>(next: (last: Item | undefined) => Promise<readonly Item[]>): AsyncGenerator<Item> {
  let last: Item | undefined
  for (;;) {
    const items = await next(last)
    yield* items
    if (items.length === 0) return
    last = items.at(-1)
  }
}
