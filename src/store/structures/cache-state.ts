/** What a process knows of a cache, however many objects it has for it: what is computed, and what was read of late. */
import type { Engine } from '../engines/engine.ts'

const usesMax = 1000
const touchEveryMs = 1000
const refreshAgainMs = 1000

const states = new WeakMap<Engine, Map<string, CacheState>>()

export function cacheStateOf(engine: Engine, name: string): CacheState {
  const ofEngine = states.get(engine) ?? new Map<string, CacheState>()
  states.set(engine, ofEngine)
  const state = ofEngine.get(name) ?? new CacheState(engine, name)
  ofEngine.set(name, state)
  return state
}

export class CacheState {
  /** What is computed in this process now, by key. */
  readonly flights = new Map<string, Promise<unknown>>()
  readonly #engine: Engine
  readonly #name: string
  readonly #refreshing = new Set<string>()
  readonly #used = new Set<string>()
  #timer: NodeJS.Timeout | undefined

  constructor(engine: Engine, name: string) {
    this.#engine = engine
    this.#name = name
  }

  /** Computes what others can then wait for. */
  async fly<Value>(key: string, compute: () => Promise<Value>): Promise<Value> {
    const flight = compute()
    this.flights.set(key, flight)
    try {
      return await flight
    } finally {
      this.flights.delete(key)
    }
  }

  /** Does work in the background, unless it is done already. If it has done nothing (false), not again for a second. */
  refresh(key: string, work: () => Promise<boolean>): void {
    if (this.#refreshing.has(key)) return
    this.#refreshing.add(key)
    const forget = () => this.#refreshing.delete(key)
    const forgetLater = () => setTimeout(forget, refreshAgainMs).unref()
    work().then(isDone => (isDone ? forget() : forgetLater()), forgetLater)
  }

  /** Tells the store what was read, at most once a second: exact enough to know what was not. */
  noteUse(key: string, limits: readonly [entriesMax: number, bytesMax: number]): void {
    if (this.#used.size < usesMax) this.#used.add(key)
    this.#timer ??= setTimeout(() => {
      this.#timer = undefined
      const keys = [...this.#used]
      this.#used.clear()
      // If that fails, others are taken for older than they are.
      this.#engine.call(['saola.cache.touch', this.#name, ...limits, ...keys]).catch(() => {})
    }, touchEveryMs).unref()
  }
}
