import { BoundedQueue } from '../../base/bounded-queue.ts'
import type { OutputLine } from './history.ts'

/**
 * Takes one line. When it returns a promise, the next line comes after that is settled. Whoever throws or rejects is no
 * longer called.
 */
export type OnLine = (line: OutputLine) => unknown

/** Lines that may wait for a slow subscriber, beside its backlog. */
const waitingMax = 1000

/**
 * Somebody who follows the output. A slow one costs a bounded queue and nothing else: lines beyond it are left out, and a
 * line in their place says how many.
 */
export class Subscriber {
  readonly #onLine: OnLine
  readonly #waiting: BoundedQueue<OutputLine>
  #missed = 0
  #isBusy = false
  #isEnded = false

  /** `backlog` comes first, whatever its length. */
  constructor(onLine: OnLine, backlog: readonly OutputLine[] = []) {
    this.#onLine = onLine
    this.#waiting = new BoundedQueue(backlog.length + waitingMax)
    for (const line of backlog) this.offer(line)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  offer(line: OutputLine): void {
    if (this.#isEnded) return
    if (!this.#waiting.push(line)) this.#missed++
    if (!this.#isBusy) void this.#deliver()
  }

  end(): void {
    this.#isEnded = true
  }

  async #deliver(): Promise<void> {
    this.#isBusy = true
    try {
      for (let line = this.#next(); line && !this.#isEnded; line = this.#next()) {
        const pending = this.#onLine(line)
        // Not awaited without need: then a quick subscriber gets its lines in the same turn.
        if (pending instanceof Promise) await pending
      }
    } catch {
      // The one who listened is gone. That is its own matter, and no news here.
      this.#isEnded = true
    }
    this.#isBusy = false
  }

  #next(): OutputLine | undefined {
    const line = this.#waiting.shift()
    if (line || this.#missed === 0) return line
    const text = `log.gap lines=${this.#missed} reason="the reader is too slow"`
    this.#missed = 0
    return { time: Date.now(), source: 'saola', stream: 'log', text }
  }
}
