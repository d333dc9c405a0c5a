import { OrderedMap } from './ordered-map.ts'

/** A map of so many entries at most: the one that was not used for longest goes. */
export class LeastRecentMap<Value> {
  readonly #entries = new OrderedMap<Value>()
  readonly #max: number

  constructor(max: number) {
    this.#max = max
  }

  get size(): number {
    return this.#entries.size
  }

  /** The value of a key, made if there is none; it has been used now. */
  obtain(key: string, make: (key: string) => Value): Value {
    const known = this.#entries.use(key)
    if (known !== undefined) return known
    const value = make(key)
    this.set(key, value)
    return value
  }

  /** It has been used now. */
  set(key: string, value: Value): void {
    this.#entries.set(key, value)
    if (this.#entries.size > this.#max && this.#entries.oldest) this.#entries.delete(this.#entries.oldest.key)
  }

  /** Without using it. */
  get(key: string): Value | undefined {
    return this.#entries.get(key)
  }

  delete(key: string): boolean {
    return this.#entries.delete(key)
  }

  clear(): void {
    this.#entries.clear()
  }

  values(): Generator<Value> {
    return this.#entries.values()
  }
}
