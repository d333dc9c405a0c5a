import { setTimeout as sleep } from 'node:timers/promises'

/** Time on a clock that never goes back; what the date is, only the store says. */
export interface ScheduleClock {
  /** Milliseconds. */
  now(): number
  /** Resolves after so many milliseconds, or when the signal is aborted. */
  sleep(ms: number, signal: AbortSignal): Promise<void>
}

export const monotonicClock: ScheduleClock = {
  now: () => performance.now(),
  sleep: (ms, signal) => sleep(ms, undefined, { signal, ref: false }).catch(() => {}),
}

/** The clock of the store as this process knows it: what it said last, and what has passed since. A changed date here changes nothing. */
export class StoreTime {
  readonly #clock: ScheduleClock
  #differenceMs = 0

  constructor(clock: ScheduleClock) {
    this.#clock = clock
  }

  /** An answer has just come. It says a time that is over already: so nothing is ever early, and at most so late as an answer takes. */
  set(storeNow: number): void {
    this.#differenceMs = storeNow - this.#clock.now()
  }

  /** Milliseconds since 1970. */
  now(): number {
    return Math.floor(this.#clock.now() + this.#differenceMs)
  }
}
