/** The store as a storage adapter of https://keyv.org, of its versions 5 and 6. */
import { EventEmitter } from 'node:events'
import type { Codec } from '../codecs/codec.ts'
import { structuredCodec } from '../codecs/structured.ts'
import type { Store } from '../store.ts'
import type { SetOptions, StoreMap } from '../structures/map.ts'
import { lifetimeOf } from './lifetime.ts'

export interface KeyvSaolaOptions {
  readonly store: Store
  /** The name of the map, `keyv` by default; with a namespace the map is `name:namespace`. */
  readonly name?: string
}

export interface KeyvEntry {
  readonly key: string
  readonly value: unknown
  /** Milliseconds that it lives; for ever without it, or with 0. */
  readonly ttl?: number
}

/** Keyv hands over texts, as a rule; without a serialization of its own, whatever the application has set. */
const codec: Codec<unknown> = {
  name: 'keyv',
  encode: value => (typeof value === 'string' && value.isWellFormed() ? value : structuredCodec.encode(value)),
  // No text in UTF-8 begins so.
  decode: bytes => (bytes[0] === 0xc1 ? structuredCodec.decode(bytes) : bytes.toString()),
}

/**
 * A storage adapter that keeps each namespace in a map of its own, so that `clear` is one operation.
 *
 * ```ts
 * import Keyv from 'keyv'
 * import { KeyvSaola } from 'saola/keyv'
 * import { store } from 'saola/store'
 *
 * const users = new Keyv(new KeyvSaola({ store }), { namespace: 'users', ttl: 60_000 })
 * ```
 */
export class KeyvSaola extends EventEmitter {
  /** Keyv 5 asks for this, and iterates only over adapters whose database it knows. Ours is SQLite. */
  readonly opts: { readonly dialect: 'sqlite'; readonly url: string }
  readonly #store: Store
  readonly #name: string
  #namespace: string | undefined
  #map: StoreMap<unknown>

  constructor({ store, name = 'keyv' }: KeyvSaolaOptions) {
    super()
    this.opts = { dialect: 'sqlite', url: `saola:${name}` }
    this.#store = store
    this.#name = name
    this.#map = store.map(name, { codec })
  }

  /** Set by Keyv: an adapter belongs to one Keyv. */
  get namespace(): string | undefined {
    return this.#namespace
  }

  set namespace(namespace: string | undefined) {
    this.#namespace = namespace
    this.#map = this.#store.map(namespace ? `${this.#name}:${namespace}` : this.#name, { codec })
  }

  /** The value; undefined when it is absent. */
  async get<Value>(key: string): Promise<Value | undefined> {
    return (await this.#map.get(key)) as Value | undefined
  }

  /** The values in the order of the keys. */
  async getMany<Value>(keys: string[]): Promise<(Value | undefined)[]> {
    return (await this.#map.getMany(keys)) as (Value | undefined)[]
  }

  /** `ttl` in milliseconds; without it, or with 0, for ever. What ends in the past is deleted. */
  async set(key: string, value: unknown, ttl?: number): Promise<boolean> {
    if (value === undefined || (ttl !== undefined && ttl < 0)) await this.#map.delete(key)
    else await this.#map.set(key, value, optionsOf(ttl))
    return true
  }

  /** Sets several; whether each was set. */
  async setMany(entries: readonly KeyvEntry[]): Promise<boolean[]> {
    return Promise.all(entries.map(({ key, value, ttl }) => this.set(key, value, ttl)))
  }

  /** Whether there was such an entry. */
  async delete(key: string): Promise<boolean> {
    return (await this.#map.delete(key)) === 1
  }

  /** Whether there was any of them. */
  async deleteMany(keys: string[]): Promise<boolean> {
    return (await this.#map.delete(...keys)) > 0
  }

  /** Deletes all of its namespace. */
  async clear(): Promise<void> {
    await this.#map.clear()
  }

  async has(key: string): Promise<boolean> {
    return this.#map.has(key)
  }

  async hasMany(keys: string[]): Promise<boolean[]> {
    return Promise.all(keys.map(key => this.#map.has(key)))
  }

  /** The entries of its namespace, page by page. */
  async *iterator<Value>(): AsyncGenerator<[key: string, value: Value], void> {
    for await (const [key, value] of this.#map) yield [key, value as Value]
  }

  /** The store stays open: it belongs to the application. */
  async disconnect(): Promise<void> {}
}

function optionsOf(ttl: number | undefined): SetOptions {
  return ttl ? { ttl: lifetimeOf(ttl) } : {}
}
