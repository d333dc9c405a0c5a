import { BoundedQueue } from '../../base/bounded-queue.ts'

/**
 * Takes one line. When it returns a promise, the next line comes after that is settled. Whoever throws or rejects is no
 * longer called.
 */
export type OnLine<Line> = (line: Line) => unknown

interface Following<Line> {
  readonly onLine: OnLine<Line>
  /** The line that stands for those that were left out. */
  readonly gap: (missed: number) => Line
  /** Comes first, whatever its length. */
  readonly backlog?: readonly Line[]
}

/** Lines that may wait for a slow subscriber, beside its backlog. */
const waitingMax = 1000

/**
 * Somebody who follows the output, or the events of a tree. A slow one costs a bounded queue and nothing else: lines beyond it are left out, and a
 * line in their place says how many.
 */
export class Subscriber<Line> {
  readonly #onLine: OnLine<Line>
  readonly #gap: (missed: number) => Line
  readonly #waiting: BoundedQueue<Line>
  #missed = 0
  #isBusy = false
  #isEnded = false

  constructor({ onLine, gap, backlog = [] }: Following<Line>) {
    this.#onLine = onLine
    this.#gap = gap
    this.#waiting = new BoundedQueue(backlog.length + waitingMax)
    for (const line of backlog) this.offer(line)
  }

  get isEnded(): boolean {
    return this.#isEnded
  }

  offer(line: Line): void {
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

  #next(): Line | undefined {
    const line = this.#waiting.shift()
    if (line || this.#missed === 0) return line
    const gap = this.#gap(this.#missed)
    this.#missed = 0
    return gap
  }
}
