import type { Argument, Engine } from '../engines/engine.ts'
import { describe, itemsGiven } from '../given.ts'
import { itemsOf, type Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { checkKey, type Encoded, paged, thenDo, type ValueOptions, Values } from './structure.ts'

export interface StoreSetOptions<V> extends ValueOptions<V> {}

const pageSize = 500
const popMax = 1000

/**
 * Values without order and without repetition, shared by all processes.
 *
 * Two values are the same when their encoded bytes are: `{ a: 1, b: 2 }` is not `{ b: 2, a: 1 }`. For records use a map, by
 * their id.
 */
export class StoreSet<V> {
  readonly name: string
  readonly #engine: Engine
  readonly #values: Values<V>

  constructor(engine: Engine, name: string, options: StoreSetOptions<V> = {}) {
    this.#engine = engine
    this.name = name
    this.#values = new Values(options)
  }

  /** Whether the value is in, now, from this machine's memory. A write of this process that is under way may not be seen. */
  peekHas(value: V): boolean {
    return this.#engine.readNow(['sismember', this.name, this.#values.encodeNow(value)]) === 1
  }

  /** Whether the value is in. Sees what this process has added before, awaited or not. */
  async has(value: V): Promise<boolean> {
    return (await this.#encoded([value], encoded => this.#engine.call(['sismember', this.name, ...encoded]))) === 1
  }

  /** Whether each of these values is in, in their order, at one moment. */
  async hasMany(values: Iterable<V>): Promise<boolean[]> {
    const list = itemsGiven(values, 'The values')
    if (list.length === 0) return []
    const replies = await this.#encoded(list, encoded => this.#engine.call(['smismember', this.name, ...encoded]))
    return (replies as readonly Reply[]).map(reply => reply === 1)
  }

  /**
   * Adds values, all at once; returns how many are new. Many thousands are better added by `addMany`.
   *
   * @throws {StoreError} STORE_VALUE_INVALID.
   */
  async add(...values: V[]): Promise<number> {
    return this.#change('sadd', values)
  }

  /** Adds values, 500 at once; returns how many are new. */
  async addMany(values: Iterable<V>): Promise<number> {
    return this.#encoded(itemsGiven(values, 'The values'), async encoded => {
      const counts: Promise<Reply>[] = []
      for (let i = 0; i < encoded.length; i += pageSize) {
        counts.push(this.#engine.call(['sadd', this.name, ...encoded.slice(i, i + pageSize)]))
      }
      return ((await Promise.all(counts)) as number[]).reduce((sum, count) => sum + count, 0)
    })
  }

  /** Removes values, all at once; returns how many were in. */
  async delete(...values: V[]): Promise<number> {
    return this.#change('srem', values)
  }

  /**
   * Removes a value at random and returns it: of several that try at once each gets another. Undefined when there is none.
   * In a set of more than 200,000 values, those at neither end of the order of their bytes have to wait.
   */
  async pop(): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['spop', this.name]))
  }

  /**
   * Removes up to so many values at random, 1,000 at most, and returns them. In a set of more than 2,000 values they are
   * from one region of the order of their bytes.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID.
   */
  async popMany(count: number): Promise<V[]> {
    if (!Number.isInteger(count) || count < 0 || count > popMax) {
      throw new StoreError(
        'STORE_ARGUMENT_INVALID',
        `popMany takes a whole number from 0 to ${popMax}, not ${describe(count)}.`,
      )
    }
    const replies = itemsOf(await this.#engine.call(['spop', this.name, count]))
    return replies.map(reply => this.#values.decode(reply) as V)
  }

  /**
   * Moves a value to the set of another name, at one moment; false when it was not in.
   *
   * @throws {StoreError} STORE_WRONG_TYPE.
   */
  async move(value: V, destination: string): Promise<boolean> {
    checkKey(destination, 'The name of a set')
    return this.#encoded([value], async ([member]) => {
      return (await this.#engine.call(['smove', this.name, destination, member as Encoded])) === 1
    })
  }

  /** How many values there are. */
  async size(): Promise<number> {
    return (await this.#engine.call(['scard', this.name])) as number
  }

  /** Removes all values. */
  async clear(): Promise<void> {
    await this.#engine.call(['del', this.name])
  }

  /** The values that are in this set or in one of those names. Page by page: what others change meanwhile may be in or not. */
  union(...names: string[]): Promise<V[]> {
    return this.#combine('UNION', names)
  }

  /** The values that are in this set and in all of those names. Page by page, as `union`. */
  intersection(...names: string[]): Promise<V[]> {
    return this.#combine('INTER', names)
  }

  /** The values that are in this set and in none of those names. Page by page, as `union`. */
  difference(...names: string[]): Promise<V[]> {
    return this.#combine('DIFF', names)
  }

  /** All values, page by page. Sees what was in all the time exactly once, whatever others change meanwhile. */
  async *values(): AsyncGenerator<V> {
    const pages = paged<Buffer>(async last => {
      return (await this.#engine.call(['saola.set.page', this.name, afterOf(last), pageSize])) as readonly Buffer[]
    })
    for await (const member of pages) yield this.#values.decode(member) as V
  }

  [Symbol.asyncIterator](): AsyncGenerator<V> {
    return this.values()
  }

  async #change(command: 'sadd' | 'srem', values: readonly V[]): Promise<number> {
    if (values.length === 0) return 0
    return (await this.#encoded(values, encoded => this.#engine.call([command, this.name, ...encoded]))) as number
  }

  async #encoded<Result>(values: readonly V[], next: (encoded: Encoded[]) => Promise<Result>): Promise<Result> {
    return thenDo(this.#values.encodeAll(values), next)
  }

  async #combine(combination: string, names: readonly string[]): Promise<V[]> {
    const keys = [this.name, ...names.map(name => checkKey(name, 'The name of a set'))]
    const values: V[] = []
    let last: Buffer | null | undefined
    do {
      const call = ['saola.set.combine', combination, afterOf(last), pageSize, ...keys] as const
      const [seen, ...members] = (await this.#engine.call(call)) as readonly Reply[]
      for (const member of members) values.push(this.#values.decode(member) as V)
      last = seen as Buffer | null
    } while (last !== null)
    return values
  }
}

function afterOf(last: Buffer | null | undefined): Argument {
  return last ? Buffer.concat([Buffer.from('='), last]) : '-'
}
