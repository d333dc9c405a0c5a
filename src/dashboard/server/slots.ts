import { Refusal } from './refusal.ts'

/** So many of a kind at once, and no more. */
export class Slots {
  readonly #max: number
  readonly #message: string
  #taken = 0

  /** `message` is for who comes when all are taken. */
  constructor(max: number, message: string) {
    this.#max = max
    this.#message = message
  }

  /**
   * Returns how to give it back, which counts once.
   *
   * @throws {Refusal} 503 when all are taken.
   */
  take(): () => void {
    if (this.#taken >= this.#max) throw new Refusal(503, this.#message, { 'retry-after': '1' })
    this.#taken++
    let isTaken = true
    return () => {
      if (isTaken) this.#taken--
      isTaken = false
    }
  }

  /** @throws {Refusal} 503 when all are taken. */
  async during<Result>(work: () => Promise<Result>): Promise<Result> {
    const release = this.take()
    try {
      return await work()
    } finally {
      release()
    }
  }
}
