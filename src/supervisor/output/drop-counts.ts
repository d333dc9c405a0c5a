const reportEveryMs = 10_000

interface Count {
  /** Since the start. */
  total: number
  told: number
  timer: NodeJS.Timeout | undefined
}

/** Lines that were dropped, by source. The first of them is told of at once; what follows every 10 seconds, for as long as it does. */
export class DropCounts {
  readonly #onDropped: (source: string, lines: number) => void
  readonly #counts = new Map<string, Count>()

  constructor(onDropped: (source: string, lines: number) => void) {
    this.#onDropped = onDropped
  }

  add(source: string, lines: number): void {
    if (lines === 0) return
    const count = this.#counts.get(source) ?? { total: 0, told: 0, timer: undefined }
    this.#counts.set(source, count)
    count.total += lines
    if (!count.timer) this.#tell(source, count)
  }

  of(source: string): number {
    return this.#counts.get(source)?.total ?? 0
  }

  /** A source that will not come again. */
  forget(source: string): void {
    clearTimeout(this.#counts.get(source)?.timer)
    this.#counts.delete(source)
  }

  #tell(source: string, count: Count): void {
    const lines = count.total - count.told
    count.told = count.total
    count.timer = undefined
    if (lines === 0) return
    // Set first: to tell it is to write, and that may drop a line, too.
    count.timer = setTimeout(() => this.#tell(source, count), reportEveryMs).unref()
    this.#onDropped(source, lines)
  }
}
