import type { Clock } from '../../base/clock.ts'

/** When everything is down, each upstream is tried as often as this: whatever comes back first is found at once. */
const lastResortEveryMs = 1_000

export interface HealthOptions {
  /** So many failures in a row within `failTimeoutMs`; 0 never. */
  readonly maxFails: number
  readonly failTimeoutMs: number
  readonly clock: Pick<Clock, 'now'>
  /** Once for each change, never twice the same. */
  onChange(isUp: boolean, reason: string): void
}

/**
 * Whether one upstream may be asked. Two voices: what happened to requests (passive), and what the checks say (active).
 *
 * Who is down by its requests gets a single one after `failTimeoutMs`, and is up when that one is answered. When that says
 * nothing for as long, because its client takes its time with a body, another one is sent.
 */
export class UpstreamHealth {
  /** Requests that were sent, and those that were not answered. */
  requests = 0
  failures = 0
  readonly #options: HealthOptions
  #fails = 0
  #firstFailAt = 0
  #isPassivelyDown = false
  #isActivelyDown = false
  #retryAt = 0
  #triedAt = 0
  /** When the request was sent that decides; long ago: there is none. */
  #probeAt = Number.NEGATIVE_INFINITY

  constructor(options: HealthOptions) {
    this.#options = options
  }

  get isUp(): boolean {
    return !this.#isPassivelyDown && !this.#isActivelyDown
  }

  /** Down by the checks: nothing is sent there until they say otherwise. */
  get isActivelyDown(): boolean {
    return this.#isActivelyDown
  }

  /** May it get a request? */
  get canTake(): boolean {
    if (this.isUp) return true
    return !this.#isActivelyDown && !this.#isProbed && this.#options.clock.now() >= this.#retryAt
  }

  /** The same when all are down. */
  get canBeLastResort(): boolean {
    const now = this.#options.clock.now()
    return !this.#isActivelyDown && !this.#isProbed && now >= this.#triedAt + lastResortEveryMs
  }

  /** Milliseconds until it may get a request again. */
  get waitMs(): number {
    return Math.max(0, this.#retryAt - this.#options.clock.now())
  }

  /** A request is sent. True when its fate decides: then one of `succeed`, `fail` and `endProbe` must follow. */
  begin(): boolean {
    this.requests++
    if (!this.#isPassivelyDown) return false
    this.#probeAt = this.#options.clock.now()
    return true
  }

  /** A request ended without telling anything: its client has left. */
  endProbe(): void {
    this.#probeAt = Number.NEGATIVE_INFINITY
  }

  /** A request was answered. */
  succeed(): void {
    this.#fails = 0
    if (!this.#isPassivelyDown) return
    this.#probeAt = Number.NEGATIVE_INFINITY
    this.#change(() => {
      this.#isPassivelyDown = false
    }, 'answered')
  }

  /** A request was not answered. */
  fail(reason: string): void {
    const { maxFails, failTimeoutMs, clock } = this.#options
    const now = clock.now()
    this.failures++
    if (this.#fails === 0 || now - this.#firstFailAt > failTimeoutMs) {
      this.#fails = 0
      this.#firstFailAt = now
    }
    this.#fails++
    this.#probeAt = Number.NEGATIVE_INFINITY
    this.#triedAt = now
    if (maxFails === 0 || (this.#fails < maxFails && !this.#isPassivelyDown)) return
    this.#retryAt = now + failTimeoutMs
    this.#change(() => {
      this.#isPassivelyDown = true
    }, reason)
  }

  /** What the checks say. */
  setChecked(isHealthy: boolean, reason: string): void {
    this.#change(() => {
      this.#isActivelyDown = !isHealthy
      // It was asked and it answered: no need to wait for a request that proves the same.
      if (isHealthy) this.#isPassivelyDown = false
    }, reason)
  }

  get #isProbed(): boolean {
    const { clock, failTimeoutMs } = this.#options
    return clock.now() < this.#probeAt + failTimeoutMs
  }

  #change(apply: () => void, reason: string): void {
    const wasUp = this.isUp
    apply()
    if (this.isUp !== wasUp) this.#options.onChange(this.isUp, reason)
  }
}
