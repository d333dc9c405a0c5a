/** What a process holds of the shared store: its structures by name. */
import type { Engine } from './engines/engine.ts'
import { Counter } from './structures/counter.ts'
import { type MapOptions, StoreMap } from './structures/map.ts'
import { checkKey } from './structures/structure.ts'

export class Store {
  readonly #engine: Engine

  constructor(engine: Engine) {
    this.#engine = engine
  }

  /** Values by name. */
  map<V = unknown>(name: string, options: MapOptions<V> = {}): StoreMap<V> {
    return new StoreMap(this.#engine, checkKey(name, 'The name of a map'), options)
  }

  /** A whole number. */
  counter(name: string): Counter {
    return new Counter(this.#engine, checkKey(name, 'The name of a counter'))
  }

  close(): Promise<void> {
    return this.#engine.close()
  }
}
