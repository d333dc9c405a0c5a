import type { Time } from '../../src/programs/time.ts'

interface Pause {
  readonly endsAt: number
  end(): void
}

/** Time that only goes on when a test says so. */
export class SteppedTime implements Time {
  #now = 0
  readonly #pauses = new Set<Pause>()

  now(): number {
    return this.#now
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise(resolve => {
      const pause: Pause = {
        endsAt: this.#now + ms,
        end: () => {
          this.#pauses.delete(pause)
          resolve()
        },
      }
      if (signal.aborted) return resolve()
      this.#pauses.add(pause)
      return signal.addEventListener('abort', pause.end, { once: true })
    })
  }

  /** Goes on by so much, from one end of a pause to the next, and lets whoever waited do what he does then. */
  async pass(ms: number): Promise<void> {
    const target = this.#now + ms
    for (;;) {
      await this.settle()
      const next = [...this.#pauses].sort((a, b) => a.endsAt - b.endsAt)[0]
      if (!next || next.endsAt > target) break
      this.#now = Math.max(this.#now, next.endsAt)
      next.end()
    }
    this.#now = target
  }

  /** All that has nothing to wait for is done. */
  settle(): Promise<void> {
    return new Promise(resolve => setImmediate(resolve))
  }
}
