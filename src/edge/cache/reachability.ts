import { messageOf } from '../../base/errors.ts'
import type { Log } from '../../base/log.ts'

const restMs = 2_000

/** Whether the shared store is of use now. After a failure it is left alone for a moment, and that is logged once. */
export class Reachability {
  /** Purges of before this worker began are known: before that nothing may be taken from the store. */
  isReady = false
  /** It has failed, and has not answered since. */
  isAlone = false
  /** Called when it answers. */
  onAnswer: () => void = () => {}
  readonly #log: Log
  readonly #now: () => number
  #restsUntil = 0
  #hasEnded = false

  /** @param options.now milliseconds since 1970 */
  constructor({ log, now }: { readonly log: Log; now(): number }) {
    this.#log = log
    this.#now = now
  }

  get isUsable(): boolean {
    return this.isReady && this.#now() >= this.#restsUntil
  }

  /** It is left alone for a moment. */
  pause(): void {
    this.#restsUntil = this.#now() + restMs
  }

  fail(error: unknown): void {
    if (this.#hasEnded) return
    this.pause()
    if (!this.isAlone) this.#log.warn('edge.cache.alone', { error: messageOf(error) })
    this.isAlone = true
  }

  /** It is there, perhaps again. */
  noteAnswer(): void {
    this.#restsUntil = 0
    if (this.isAlone) this.#log.info('edge.cache.shared')
    this.isAlone = false
    this.onAnswer()
  }

  /** Failures are no news any more. */
  end(): void {
    this.#hasEnded = true
  }
}
