const burstMs = 60_000
const entriesMax = 1_000

interface Burst {
  count: number
  startedAt: number
}

/** Counts what the same sender does again and again, so that a log says it once a minute. */
export class Bursts {
  readonly #byKey = new Map<string, Burst>()
  readonly #now: () => number

  constructor(now: () => number = Date.now) {
    this.#now = now
  }

  /** The how manieth of its burst this is, from 1: the first is worth a line. */
  note(key: string): number {
    const now = this.#now()
    const known = this.#byKey.get(key)
    if (known && now - known.startedAt < burstMs) return ++known.count
    this.#byKey.delete(key)
    // As many strangers as like to come must not fill the memory.
    if (this.#byKey.size >= entriesMax) this.#byKey.delete(this.#byKey.keys().next().value as string)
    this.#byKey.set(key, { count: 1, startedAt: now })
    return 1
  }

  forget(key: string): void {
    this.#byKey.delete(key)
  }
}
