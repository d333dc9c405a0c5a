import type { Call, Engine } from '../engines/engine.ts'
import { argumentInvalid, optionsOf } from '../given.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { type Duration, type Encoded, millisecondsOf, paged, thenDo, type ValueOptions, Values } from './structure.ts'

export interface ListOptions<V> extends ValueOptions<V> {}

export interface SortOptions {
  /** From the last to the first; false by default. */
  readonly descending?: boolean
  /** Numbers by their value, before all else; true by default with the codec json, else false. */
  readonly numeric?: boolean
}

export interface ConsumeOptions {
  /** Ends the waiting. */
  readonly signal?: AbortSignal | undefined
  /** Which end is taken from: `'start'` by default. */
  readonly from?: 'start' | 'end'
}

export interface TakeOptions extends ConsumeOptions {
  /** How long it waits at most; for ever by default. */
  readonly timeout?: Duration
}

const pageSize = 500

type Row = readonly [position: number, value: Buffer]

/**
 * Values in an order, shared by all processes: an array, and a queue at both of its ends. Its ends are reached at once, however
 * long it is, and so is an index as long as nothing was inserted or removed in the middle; otherwise it is counted to, which
 * takes milliseconds from 100,000 elements on.
 *
 * A value that is read is a copy. Values are equal when their encoded bytes are: `{ a: 1, b: 2 }` is not `{ b: 2, a: 1 }`.
 */
export class StoreList<V> {
  readonly name: string
  readonly #engine: Engine
  readonly #values: Values<V>
  readonly #isJson: boolean

  constructor(engine: Engine, name: string, options: ListOptions<V> = {}) {
    this.#engine = engine
    this.name = name
    this.#values = new Values(options)
    this.#isJson = (options.codec ?? 'json') === 'json'
  }

  /** The element of an index, now, from this machine's memory; as `at` otherwise. */
  peekAt(index: number): V | undefined {
    return this.#values.decode(this.#engine.readNow(['lindex', this.name, checkIndex(index)]))
  }

  /** The element of an index; below 0 it counts from the end. Undefined when there is none. */
  async at(index: number): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['lindex', this.name, checkIndex(index)]))
  }

  /**
   * Replaces the element of an index; below 0 it counts from the end.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID when there is none.
   */
  async set(index: number, value: V): Promise<void> {
    checkIndex(index)
    await this.#encoded([value], async ([encoded]) => {
      try {
        await this.#engine.call(['lset', this.name, index, encoded as Encoded])
      } catch (error) {
        if (!(error instanceof StoreError) || !/no such key|index out of range/.test(error.message)) throw error
        const message = `The list ${JSON.stringify(this.name)} has no element ${index} to be replaced.`
        throw new StoreError('STORE_ARGUMENT_INVALID', message, { cause: error })
      }
    })
  }

  /** Adds values at the end, in their order; returns the new length. */
  push(...values: V[]): Promise<number> {
    return this.#add('rpush', values, encoded => encoded)
  }

  /** Adds values at the beginning, in their order; returns the new length. */
  unshift(...values: V[]): Promise<number> {
    return this.#add('lpush', values, encoded => encoded.toReversed())
  }

  /** Removes the last element and returns it; undefined when there is none. */
  async pop(): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['rpop', this.name]))
  }

  /** Removes the first element and returns it; undefined when there is none. */
  async shift(): Promise<V | undefined> {
    return this.#values.decode(await this.#engine.call(['lpop', this.name]))
  }

  /** Puts values before the element of an index; at the end when there is none. Below 0 it counts from the end. */
  async insert(index: number, ...values: V[]): Promise<void> {
    await this.splice(index, 0, ...values)
  }

  /** Removes elements that are equal to a value: the first `count`, the last if it is below 0, or all. Returns how many. */
  async remove(value: V, count = 0): Promise<number> {
    checkIndex(count, 'The count')
    return this.#encoded([value], async ([encoded]) => {
      return (await this.#engine.call(['lrem', this.name, count, encoded as Encoded])) as number
    })
  }

  /** The index of the first element that is equal to a value; -1 when there is none. Looks at each: 40 ms for a million. */
  async indexOf(value: V): Promise<number> {
    return this.#find(value, 1)
  }

  /** The index of the last element that is equal to a value; -1 when there is none. */
  async lastIndexOf(value: V): Promise<number> {
    return this.#find(value, -1)
  }

  /** Whether an element is equal to a value. */
  async includes(value: V): Promise<boolean> {
    return (await this.#find(value, 1)) >= 0
  }

  /** The elements from one index up to but not including another, at one moment; below 0 they count from the end. */
  async slice(start = 0, end = Number.MAX_SAFE_INTEGER): Promise<V[]> {
    checkIndex(start)
    checkIndex(end)
    // -1 would be the last one.
    if (end === 0) return []
    const last = Math.max(end - 1, Number.MIN_SAFE_INTEGER)
    const replies = await this.#engine.call(['lrange', this.name, start, last])
    return this.#decodeAll(replies)
  }

  /** As the method of arrays: removes elements from an index on, all by default, puts values in their place, and returns the removed. */
  async splice(start: number, deleteCount = Number.MAX_SAFE_INTEGER, ...values: V[]): Promise<V[]> {
    checkIndex(start)
    checkIndex(deleteCount, 'The count')
    return this.#encoded(values, async encoded => {
      return this.#decodeAll(await this.#engine.call(['saola.list.splice', this.name, start, deleteCount, ...encoded]))
    })
  }

  /** How many elements there are. */
  async length(): Promise<number> {
    return (await this.#engine.call(['llen', this.name])) as number
  }

  /** Reverses the order. Writes all elements anew: a second for a million, in which others wait. */
  async reverse(): Promise<void> {
    await this.#engine.call(['saola.list.reverse', this.name])
  }

  /** Sorts the elements by their encoded bytes, with json numbers first. Costs as much as `reverse`. */
  async sort(options: SortOptions = {}): Promise<void> {
    const { descending = false, numeric = this.#isJson } = optionsOf(options)
    const words = [descending ? 'DESC' : 'ASC', ...(numeric ? ['NUMERIC'] : [])]
    await this.#engine.call(['saola.list.sort', this.name, ...words])
  }

  /** Removes all elements. */
  async clear(): Promise<void> {
    await this.#engine.call(['del', this.name])
  }

  /** All elements, page by page: what others change meanwhile may be in or not. `slice()` is of one moment. */
  async toArray(): Promise<V[]> {
    const all: V[] = []
    for await (const value of this) all.push(value)
    return all
  }

  /**
   * All elements, page by page. Sees what was there all the time exactly once, whatever is pushed, popped or removed meanwhile;
   * not so if it is sorted or reversed, and beside a place where a dozen or more are inserted.
   */
  async *[Symbol.asyncIterator](): AsyncGenerator<V> {
    for await (const [, value] of paged<Row>(last => this.#page(last?.[0]))) yield this.#values.decode(value) as V
  }

  /**
   * Removes the first element and returns it; if there is none, waits for one. Who has waited longest gets it. Undefined when
   * the time is over.
   *
   * If this process dies with it, it is lost: for work that must be done use tasks.
   *
   * @throws {StoreError} STORE_ARGUMENT_INVALID for a time or an end that is none.
   * @throws the reason of the signal, when that is aborted: then nothing is removed. An element that was on its way already is
   *   returned all the same.
   */
  async take(options: TakeOptions = {}): Promise<V | undefined> {
    const { timeout, signal, from = 'start' } = optionsOf(options)
    const side = sideOf(from)
    let name: string | undefined
    const makeCall = (request: string, timeoutMs: number): Call => {
      name = request
      return ['saola.list.take', this.name, side, timeoutMs, request]
    }
    let reply: Reply
    try {
      reply = await this.#engine.wait(makeCall, { timeoutMs: millisecondsOf(timeout, 'timeout'), signal })
    } catch (error) {
      if (name !== undefined) this.#tell(['saola.list.return', this.name, side, name])
      throw error
    }
    if (reply !== null && name !== undefined) this.#tell(['saola.list.taken', this.name, name])
    return this.#values.decode(reply)
  }

  /** Takes one element after the other, and waits for more; ends when the signal is aborted. */
  async *consume(options: ConsumeOptions = {}): AsyncGenerator<V> {
    const { signal, from = 'start' } = optionsOf(options)
    for (;;) {
      let value: V | undefined
      try {
        value = await this.take({ signal, from })
      } catch (error) {
        if (signal?.aborted) return
        throw error
      }
      if (value !== undefined) yield value
    }
  }

  /** Not waited for: if it gets lost, that is made up for after ten minutes. */
  #tell(call: Call): void {
    this.#engine.call(call).catch(() => {})
  }

  async #page(after: number | undefined): Promise<Row[]> {
    const reply = await this.#engine.call(['saola.list.page', this.name, after ?? '-', pageSize])
    const items = reply as readonly (number | Buffer)[]
    return Array.from({ length: items.length / 2 }, (_, i) => [items[2 * i] as number, items[2 * i + 1] as Buffer])
  }

  async #add(command: string, values: readonly V[], order: (encoded: Encoded[]) => Encoded[]): Promise<number> {
    if (values.length === 0) return this.length()
    return this.#encoded(values, async encoded => {
      return (await this.#engine.call([command, this.name, ...order(encoded)])) as number
    })
  }

  async #find(value: V, rank: number): Promise<number> {
    return this.#encoded([value], async ([encoded]) => {
      return ((await this.#engine.call(['lpos', this.name, encoded as Encoded, 'RANK', rank])) as number | null) ?? -1
    })
  }

  #encoded<Result>(values: readonly V[], next: (encoded: Encoded[]) => Promise<Result>): Promise<Result> {
    return thenDo(this.#values.encodeAll(values), next)
  }

  #decodeAll(reply: Reply): V[] {
    return (reply as readonly Reply[]).map(item => this.#values.decode(item) as V)
  }
}

function sideOf(from: 'start' | 'end'): 'LEFT' | 'RIGHT' {
  if (from === 'start') return 'LEFT'
  if (from === 'end') return 'RIGHT'
  throw argumentInvalid('The end that a list is taken from', '"start" or "end"', from)
}

function checkIndex(index: number, what = 'An index'): number {
  if (Number.isSafeInteger(index)) return index
  throw argumentInvalid(`${what} of a list`, 'a whole number', index)
}
