/**
 * Keeps retries a share of the requests, so that an upstream that is slow or failing does not get twice the load.
 * Up to `burst` may be saved: the death of one upstream breaks all that it had in flight at once.
 */
export class RetryBudget {
  readonly #share: number
  readonly #burst: number
  #saved: number

  constructor(options: { share: number; burst: number }) {
    this.#share = options.share
    this.#burst = options.share === 0 ? 0 : options.burst
    this.#saved = this.#burst
  }

  countRequest(): void {
    if (this.#saved < this.#burst) this.#saved = Math.min(this.#burst, this.#saved + this.#share)
  }

  /** Whether one more is within the budget; it is spent then. */
  take(): boolean {
    if (this.#saved < 1) return false
    this.#saved -= 1
    return true
  }
}
