import type { Engine } from '../engines/engine.ts'
import { describe, optionsOf } from '../given.ts'
import { StoreError } from '../store-error.ts'
import { type Duration, millisecondsOf } from './structure.ts'

/** A whole number that all processes count, from -2^53 + 1 to 2^53 - 1. */
export class Counter {
  readonly name: string
  readonly #engine: Engine

  constructor(engine: Engine, name: string) {
    this.#engine = engine
    this.name = name
  }

  /**
   * Adds to it and returns the new value. It begins at 0; `ttl` is how long it then lives, and is not renewed.
   *
   * @throws {StoreError} STORE_NOT_A_NUMBER when it would leave its range.
   */
  async increment(by = 1, options: { readonly ttl?: Duration } = {}): Promise<number> {
    const call = ['saola.counter.increment', this.name, whole(by), millisecondsOf(optionsOf(options).ttl)] as const
    return (await this.#engine.call(call)) as number
  }

  /** As `increment` with a negative number. */
  async decrement(by = 1, options: { readonly ttl?: Duration } = {}): Promise<number> {
    return this.increment(-whole(by), options)
  }

  /** The value; 0 when nobody has counted yet. */
  async get(): Promise<number> {
    return Number(await this.#engine.call(['get', this.name]))
  }

  /** The value as this process sees it now, without waiting. */
  peek(): number {
    return Number(this.#engine.readNow(['get', this.name]))
  }

  /** Sets it, with a new time to live or none. */
  async set(value: number, options: { readonly ttl?: Duration } = {}): Promise<void> {
    const ttlMs = millisecondsOf(optionsOf(options).ttl)
    await this.#engine.call(['set', this.name, whole(value), ...(ttlMs > 0 ? ['PX', ttlMs] : [])])
  }

  /** Begins at 0 again; whether there was anything. */
  async delete(): Promise<boolean> {
    return (await this.#engine.call(['del', this.name])) === 1
  }
}

function whole(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw new StoreError('STORE_ARGUMENT_INVALID', `A counter counts whole numbers below 2^53, not ${describe(value)}.`)
}
