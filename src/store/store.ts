/** What a process holds of the shared store: its structures by name. */
import type { Engine } from './engines/engine.ts'
import { checkFunction, textGiven } from './given.ts'
import { Pairs, type Reply, type Status } from './resp/reply.ts'
import { Cache, type CacheOptions } from './structures/cache.ts'
import { Counter } from './structures/counter.ts'
import { type ListOptions, StoreList } from './structures/list.ts'
import { Lock } from './structures/lock.ts'
import { type MapOptions, StoreMap } from './structures/map.ts'
import { StoreSet, type StoreSetOptions } from './structures/set.ts'
import { SortedSet } from './structures/sorted-set.ts'
import { checkKey, type Duration, millisecondsGiven, paged } from './structures/structure.ts'
import { Ending, type Subscription } from './structures/subscription.ts'
import {
  type SubscribeOptions,
  subscribeToPattern,
  Topic,
  type TopicMessage,
  type TopicOptions,
} from './structures/topic.ts'
import { type Transaction, transact } from './structures/transaction.ts'
import { type Change, type WatchOptions, watchKey } from './structures/watch.ts'

const pageSize = 500

/** Of a store its engine, undefined of anything else; others ask by engineOf, which knows the tree's, too. */
export let engineInside: (given: unknown) => Engine | undefined

export class Store {
  static {
    engineInside = given =>
      typeof given === 'object' && given !== null && #engine in given ? given.#engine : undefined
  }

  readonly #engine: Engine
  /** Ends what is listened to. */
  readonly #ending = new Ending()

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Values by name. */
  map<V = unknown>(name: string, options: MapOptions<V> = {}): StoreMap<V> {
    return new StoreMap(this.#engine, checkKey(name, 'The name of a map'), options)
  }

  /** Values in an order: an array, and a queue to take from. */
  list<V = unknown>(name: string, options: ListOptions<V> = {}): StoreList<V> {
    return new StoreList(this.#engine, checkKey(name, 'The name of a list'), options)
  }

  /** Values without order and without repetition. */
  set<V = unknown>(name: string, options: StoreSetOptions<V> = {}): StoreSet<V> {
    return new StoreSet(this.#engine, checkKey(name, 'The name of a set'), options)
  }

  /** Texts in the order of a score: rankings, and what is due. */
  sortedSet(name: string): SortedSet {
    return new SortedSet(this.#engine, checkKey(name, 'The name of a sorted set'))
  }

  /** A whole number. */
  counter(name: string): Counter {
    return new Counter(this.#engine, checkKey(name, 'The name of a counter'))
  }

  /** One at a time, of all processes. */
  lock(name: string): Lock {
    return new Lock(this.#engine, checkKey(name, 'The name of a lock'))
  }

  /** Values that can be made again, with an end and a limit of size. */
  cache<V = unknown>(name: string, options: CacheOptions<V> = {}): Cache<V> {
    return new Cache(this.#engine, checkKey(name, 'The name of a cache'), options)
  }

  /** Messages to all processes that listen. */
  topic<M = unknown>(name: string, options: TopicOptions<M> = {}): Topic<M> {
    return new Topic(this.#engine, checkKey(name, 'The name of a topic'), options, this.#ending)
  }

  /**
   * The messages of all topics whose names match a pattern, as `Topic.subscribe`.
   *
   * ```ts
   * for await (const { topic, message } of store.topics<string>('chat:*')) console.log(topic, message)
   * ```
   */
  topics<M = unknown>(
    pattern: string,
    options: SubscribeOptions & TopicOptions<M> = {},
  ): Subscription<TopicMessage<M>> {
    return subscribeToPattern(this.#engine, checkKey(pattern, 'A pattern of topics'), options, this.#ending)
  }

  /** The changes of a key from now on; those that come faster than they are looked at are told once. */
  watch(key: string, options: WatchOptions = {}): Subscription<Change> {
    return watchKey(this.#engine, checkKey(key), options, this.#ending)
  }

  /**
   * Changes several structures together: all or nothing, and on what the function has read; if others have changed that
   * meanwhile, the function runs again, so it must do nothing else. Writes come at its end and answer nothing in it; what
   * is written cannot be read in it any more.
   *
   * ```ts
   * await store.transaction(async tx => {
   *   const stock = tx.map<number>('stock')
   *   const left = (await stock.get('tea')) ?? 0
   *   if (left === 0) throw new Error('sold out')
   *   stock.set('tea', left - 1)
   *   tx.list<string>('orders').push('tea')
   * })
   * ```
   *
   * @throws {StoreError} STORE_CONFLICT after 100 tries; what fails in it and is looked at by nobody: then nothing is written.
   */
  async transaction<Result>(work: (transaction: Transaction) => Result | Promise<Result>): Promise<Result> {
    this.#ending.throwIfOver()
    checkFunction(work, 'The work of a transaction')
    return transact(this.#engine, work)
  }

  /** The names of all keys, or those that match a pattern as in Redis: `*`, `?`, `[a-z]`; in their order, page by page. */
  async *keys(pattern = '*'): AsyncGenerator<string> {
    textGiven(pattern, 'A pattern of keys')
    const names = paged(async (last: Buffer | undefined) => {
      const after = last ? Buffer.concat([Buffer.from('='), last]) : '-'
      return (await this.#engine.call(['saola.keys.page', after, pattern, pageSize])) as readonly Buffer[]
    })
    for await (const name of names) yield name.toString()
  }

  /** What a key holds: `'string'` (also a counter), `'hash'` (a map, cache or lock), `'list'`, `'set'`, `'zset'` or `'none'`. */
  async type(key: string): Promise<string> {
    return ((await this.#engine.call(['type', checkKey(key)])) as Status).text
  }

  /** Deletes whole keys; returns how many there were. */
  async delete(...keys: string[]): Promise<number> {
    if (keys.length === 0) return 0
    return (await this.#engine.call(['del', ...keys.map(key => checkKey(key))])) as number
  }

  /** Gives a whole key a new time to live, or takes it away with `null`; false when it is absent. */
  async expire(key: string, ttl: Duration | null): Promise<boolean> {
    if (ttl !== null) return (await this.#engine.call(['pexpire', checkKey(key), millisecondsGiven(ttl, 'ttl')])) === 1
    const persisted = this.#engine.call(['persist', checkKey(key)])
    return (await persisted) === 1 || (await this.#engine.call(['exists', key])) === 1
  }

  /** Milliseconds that a whole key still has; Infinity without a time to live, undefined when it is absent. */
  async ttl(key: string): Promise<number | undefined> {
    const ms = (await this.#engine.call(['pttl', checkKey(key)])) as number
    return ms === -1 ? Number.POSITIVE_INFINITY : ms < 0 ? undefined : ms
  }

  /** How much the store holds and how its process does: `keys`, `pid`, `uptimeSeconds`, `rssBytes`; with a file `dir`, `bytes`, … */
  async info(): Promise<Record<string, string | number>> {
    const reply = await this.#engine.call(['saola.info'])
    const items = (reply instanceof Pairs ? reply.items : reply) as readonly (Buffer | number)[]
    const info: Record<string, string | number> = {}
    for (let i = 0; i + 1 < items.length; i += 2) {
      const value = items[i + 1] as Buffer | number
      info[String(items[i])] = typeof value === 'number' ? value : value.toString()
    }
    return info
  }

  /**
   * Runs a command as redis-cli does, with its own arguments: see docs/reference/store-commands.md.
   *
   * ```ts
   * await store.command('hlen', 'centre')
   * ```
   */
  async command(name: string, ...args: (string | number | Uint8Array)[]): Promise<Reply> {
    return this.#engine.call([textGiven(name, 'The name of a command').toLowerCase(), ...args])
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** Ends the connection. What was not answered yet is refused with STORE_CLOSED. */
  close(): Promise<void> {
    this.#ending.end()
    return this.#engine.close()
  }
}
