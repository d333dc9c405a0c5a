import type { Engine } from '../engines/engine.ts'
import { argumentInvalid, checkFunction, itemsGiven, optionsOf, pairsGiven, textGiven } from '../given.ts'
import { Pairs, type Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import {
  checkKey,
  type Duration,
  type Encoded,
  millisecondsGiven,
  millisecondsOf,
  paged,
  stepAside,
  thenDo,
  type ValueOptions,
  Values,
} from './structure.ts'

export interface MapOptions<V> extends ValueOptions<V> {
  /** How long an entry lives after it was set, unless `set` says otherwise; for ever by default. */
  readonly ttl?: Duration
}

export interface SetOptions {
  /** How long the entry lives from now on. */
  readonly ttl?: Duration
  /** Only when there is no entry yet. */
  readonly ifAbsent?: boolean
  /** Only when there is one. */
  readonly ifPresent?: boolean
}

export interface IterateOptions {
  /** Only keys that begin with it. */
  readonly prefix?: string
}

const pageSize = 500
const updateTriesMax = 100

/**
 * Values by name, shared by all processes. Keys are texts; iteration goes in the order of their bytes in UTF-8, and sees what
 * was there all the time exactly once, whatever others change meanwhile.
 *
 * A value that is read is a copy: to change it is to set it, or `update`.
 */
export class StoreMap<V> {
  readonly name: string
  readonly #engine: Engine
  readonly #values: Values<V>
  readonly #ttlMs: number

  constructor(engine: Engine, name: string, options: MapOptions<V> = {}) {
    this.#engine = engine
    this.name = name
    this.#values = new Values(options)
    this.#ttlMs = millisecondsOf(options.ttl)
  }

  /** The value, now, from this machine's memory: microseconds. A write of this process that is under way may not be in. */
  peek(key: string): V | undefined {
    return this.#values.decode(this.#engine.readNow(['hget', this.name, checkKey(key)]))
  }

  /** The value; undefined when it is absent. Sees what this process has set before, awaited or not. */
  async get(key: string): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['hget', this.name, checkKey(key)]))
  }

  /** Sets an entry. Whether it was set: always, without a condition. */
  async set(key: string, value: V, options: SetOptions = {}): Promise<boolean> {
    return this.#write([[key, value]], options)
  }

  /** Sets several entries at once; with a condition, all or none of them. */
  async setMany(entries: Iterable<readonly [string, V]>, options: SetOptions = {}): Promise<boolean> {
    const list = pairsGiven(entries, 'The entries')
    return list.length === 0 || this.#write(list, options)
  }

  /** The values of these keys, in their order; undefined for those that are absent. */
  async getMany(keys: Iterable<string>): Promise<(V | undefined)[]> {
    const list = itemsGiven(keys, 'The keys').map(key => checkKey(key))
    if (list.length === 0) return []
    const replies = await this.#engine.call(['hmget', this.name, ...list])
    return (replies as readonly Reply[]).map(reply => this.#values.decode(reply))
  }

  /** The value; if it is absent, the one that `make` gives, which is then set. Of several that try at once one wins. */
  async getOrSet(key: string, make: () => V | Promise<V>, options: { readonly ttl?: Duration } = {}): Promise<V> {
    checkFunction(make, 'What makes a value')
    optionsOf(options)
    for (let tries = 0; tries < updateTriesMax; tries++) {
      const found = await this.get(key)
      if (found !== undefined) return found
      const value = await make()
      if (await this.set(key, value, { ...options, ifAbsent: true })) return value
    }
    throw conflict(this.name, key)
  }

  /**
   * Replaces a value by what `change` makes of it: undefined deletes. If somebody else was quicker, `change` is called again
   * with the newer value, so it must do nothing else. Keeps the time to live of the entry unless a new one is given.
   *
   * @throws {StoreError} STORE_CONFLICT after 100 tries.
   */
  async update<Next extends V | undefined>(
    key: string,
    change: (old: V | undefined) => Next | Promise<Next>,
    options: { readonly ttl?: Duration } = {},
  ): Promise<Next> {
    checkKey(key)
    checkFunction(change, 'What changes a value')
    const { ttl } = optionsOf(options)
    const ttlMs = ttl === undefined ? -1 : millisecondsOf(ttl)
    for (let tries = 0; tries < updateTriesMax; tries++) {
      const old = (await this.#engine.call(['hget', this.name, key])) as Buffer | null
      const value = await change(this.#values.decode(old))
      if (await this.#swap(key, old, value, ttlMs)) return value
      await stepAside(tries)
    }
    throw conflict(this.name, key)
  }

  /** Adds to a number and returns the sum; an absent entry counts as 0. Whole numbers stay exact. Only with the codec json. */
  async increment(key: string, by = 1): Promise<number> {
    if (typeof by !== 'number') throw argumentInvalid('What is added', 'a number', by)
    const isWhole = Number.isSafeInteger(by)
    const command = isWhole ? 'hincrby' : 'hincrbyfloat'
    try {
      return Number(await this.#engine.call([command, this.name, checkKey(key), by]))
    } catch (error) {
      if (!isWhole || !(error instanceof StoreError) || error.code !== 'STORE_NOT_A_NUMBER') throw error
      return Number(await this.#engine.call(['hincrbyfloat', this.name, key, by]))
    }
  }

  /** Deletes the entry and returns what it held: of several that try at once one gets it. */
  async take(key: string): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['saola.map.take', this.name, checkKey(key)]))
  }

  /** Whether there is such an entry. */
  async has(key: string): Promise<boolean> {
    return (await this.#engine.call(['hexists', this.name, checkKey(key)])) === 1
  }

  /** Deletes entries; returns how many there were. */
  async delete(...keys: string[]): Promise<number> {
    if (keys.length === 0) return 0
    return (await this.#engine.call(['hdel', this.name, ...keys.map(key => checkKey(key))])) as number
  }

  /** How many entries there are. */
  async size(): Promise<number> {
    return (await this.#engine.call(['hlen', this.name])) as number
  }

  /** Deletes all entries. */
  async clear(): Promise<void> {
    await this.#engine.call(['del', this.name])
  }

  /** Milliseconds that an entry still has; Infinity without a time to live, undefined when it is absent. */
  async ttl(key: string): Promise<number | undefined> {
    const ms = (await this.#engine.call(['saola.map.ttl', this.name, checkKey(key)])) as number
    return ms === -1 ? Number.POSITIVE_INFINITY : ms < 0 ? undefined : ms
  }

  /** Gives an entry a new time to live, or takes it away with `null`; false when it is absent. */
  async expire(key: string, ttl: Duration | null): Promise<boolean> {
    const ms = ttl === null ? 0 : millisecondsGiven(ttl, 'ttl')
    return (await this.#engine.call(['saola.map.expire', this.name, checkKey(key), ms])) === 1
  }

  /** All entries, or those whose keys begin with a prefix; page by page. */
  async *entries(options: IterateOptions = {}): AsyncGenerator<[key: string, value: V]> {
    for await (const [key, value] of this.#pages(options)) yield [key.toString(), this.#values.decode(value) as V]
  }

  /** As `entries`, without the values. */
  async *keys(options: IterateOptions = {}): AsyncGenerator<string> {
    for await (const [key] of this.#pages(options)) yield key.toString()
  }

  /** As `entries`, without the keys. */
  async *values(options: IterateOptions = {}): AsyncGenerator<V> {
    for await (const [, value] of this.entries(options)) yield value
  }

  [Symbol.asyncIterator](): AsyncGenerator<[key: string, value: V]> {
    return this.entries()
  }

  #pages(options: IterateOptions): AsyncGenerator<[Buffer, Buffer]> {
    const { prefix = '' } = optionsOf(options)
    textGiven(prefix, 'The prefix')
    return paged(async last => {
      const after = last ? Buffer.concat([Buffer.from('='), last[0]]) : '-'
      const reply = await this.#engine.call(['saola.map.page', this.name, after, prefix, pageSize])
      return pairsOf(reply)
    })
  }

  async #write(entries: readonly (readonly [string, V])[], options: SetOptions): Promise<boolean> {
    const { ttl, ifAbsent, ifPresent } = optionsOf(options)
    if (ifAbsent && ifPresent) throw excluding()
    const ttlMs = ttl === undefined ? this.#ttlMs : millisecondsOf(ttl)
    const condition = ifAbsent ? 'NX' : ifPresent ? 'XX' : '-'
    const keys = entries.map(([key]) => checkKey(key))
    return thenDo(this.#values.encodeAll(entries.map(([, value]) => value)), async values => {
      const parts = keys.flatMap((key, i) => [key, values[i] as Encoded])
      if (ttlMs === 0 && condition === '-') {
        await this.#engine.call(['hset', this.name, ...parts])
        return true
      }
      return (await this.#engine.call(['saola.map.set', this.name, ttlMs, condition, ...parts])) === 1
    })
  }

  async #swap(key: string, old: Buffer | null, value: V | undefined, ttlMs: number): Promise<boolean> {
    const expected = old ? Buffer.concat([Buffer.from('='), old]) : '-'
    if (value === undefined) {
      return (await this.#engine.call(['saola.map.drop', this.name, key, expected])) === 1
    }
    const ttl = old === null && ttlMs < 0 ? this.#ttlMs : ttlMs
    const [encoded = ''] = await this.#values.encodeAll([value])
    return (await this.#engine.call(['saola.map.swap', this.name, key, expected, encoded, ttl])) === 1
  }
}

function pairsOf(reply: Reply): [Buffer, Buffer][] {
  const items = (reply instanceof Pairs ? reply.items : reply) as readonly Buffer[]
  const pairs: [Buffer, Buffer][] = []
  for (let i = 0; i + 1 < items.length; i += 2) pairs.push([items[i] as Buffer, items[i + 1] as Buffer])
  return pairs
}

function excluding(): StoreError {
  return new StoreError('STORE_ARGUMENT_INVALID', 'ifAbsent and ifPresent exclude each other: nothing could be set.')
}

function conflict(name: string, key: string): StoreError {
  const where = `${JSON.stringify(key)} of the map ${JSON.stringify(name)}`
  return new StoreError('STORE_CONFLICT', `Others have changed ${where} at each of ${updateTriesMax} tries.`)
}
