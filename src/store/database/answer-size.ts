import { CommandError } from '../commands/command-error.ts'

// Of each element beside its bytes: what an object of JavaScript takes at least.
const elementBytes = 64
// So few are read without being weighed first: each is a value that was let in.
const unweighedMax = 8

/** The answer would be larger than its client may leave unread, so it gets none and is cut off. */
export class AnswerTooLarge extends CommandError {
  constructor(bytesMax: number) {
    super('ERR', `the answer is larger than a client may leave unread, ${bytesMax} bytes`)
  }
}

/**
 * What the answer to the request that runs is to take up in memory. A connection measures what waits in it, which is too late for
 * one answer that is larger than all memory: so commands that read much count it while they read, or before.
 */
export class AnswerSize {
  #bytesMax = Number.POSITIVE_INFINITY
  /** So far. */
  bytes = 0

  /** Of the next answer, at most; infinite where nobody has said so. */
  begin(bytesMax: number): void {
    this.#bytesMax = bytesMax
    this.bytes = 0
  }

  /** @throws {AnswerTooLarge} */
  add(bytes: number): void {
    this.bytes += bytes
    if (this.bytes > this.#bytesMax) throw new AnswerTooLarge(this.#bytesMax)
  }

  /** One value of many; null for none. */
  element<Value extends Buffer | null>(value: Value): Value {
    this.add(elementBytes + (value?.length ?? 0))
    return value
  }

  /**
   * Elements that are about to be read at once; `weigh` says how many bytes they have, and is not asked where it does not matter.
   *
   * @throws {AnswerTooLarge}
   */
  elements(count: number, weigh: () => number): void {
    if (count <= unweighedMax || this.#bytesMax === Number.POSITIVE_INFINITY) return
    this.add(count * elementBytes)
    this.add(weigh())
  }
}
