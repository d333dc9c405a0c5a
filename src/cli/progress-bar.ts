/** How far something is: a bar that grows where a person looks, and else a line for each tenth; for little one line at its end. */
import { columns, print } from './terminal.ts'

const barMax = 40
const everyMs = 100
const littleMax = 1_000

/**
 * ```ts
 * const bar = new ProgressBar()
 * bar.show('copied keys', 500, 2_000)
 * bar.close()
 * ```
 */
export class ProgressBar {
  readonly #isTerminal = process.stdout.isTTY === true
  #what = ''
  #tenth = 0
  #shownAt = Number.NEGATIVE_INFINITY
  #isShown = false

  /** The same number of all again begins a new bar when `what` is another. */
  show(what: string, done: number, total: number): void {
    if (what !== this.#what) {
      this.close()
      this.#what = what
      this.#tenth = 0
    }
    if (this.#isTerminal) this.#draw(done, total)
    else this.#line(done, total)
  }

  /** Leaves the line as it is. */
  close(): void {
    if (this.#isShown) process.stdout.write('\n')
    this.#isShown = false
    this.#shownAt = Number.NEGATIVE_INFINITY
  }

  #draw(done: number, total: number): void {
    const now = performance.now()
    // The last one is always seen.
    if (now - this.#shownAt < everyMs && done < total) return
    this.#shownAt = now
    this.#isShown = true
    const text = `${this.#what} ${done} of ${total}`
    const width = Math.max(0, Math.min(barMax, columns() - text.length - 4))
    const full = Math.round((width * done) / Math.max(1, total))
    process.stdout.write(`\r\x1b[2K${'█'.repeat(full)}${'░'.repeat(width - full)} ${text}`)
  }

  #line(done: number, total: number): void {
    const tenth = Math.floor((10 * done) / Math.max(1, total))
    if (tenth <= this.#tenth || (total < littleMax && done < total)) return
    this.#tenth = tenth
    print(`${this.#what}: ${done} of ${total}`)
  }
}
