import { BoundedQueue } from '../../base/bounded-queue.ts'

/** One line of somebody's output, as it is kept and followed. */
export interface OutputLine {
  /** When the supervisor read it: milliseconds since 1970. */
  readonly time: number
  /** `web:0`; `saola` for the supervisor's own log. */
  readonly source: string
  /** `log` is a record of Saola itself, for people. */
  readonly stream: 'stdout' | 'stderr' | 'log'
  /** Without its newline. */
  readonly text: string
}

export interface HistoryLimits {
  readonly linesMax: number
  readonly bytesMax: number
}

/** What a kept line costs beside its text, about: its object and its place. In bytes. */
const lineOverhead = 64

/** The last lines of one source: as many as both limits allow. */
export class History {
  readonly #limits: HistoryLimits
  readonly #lines: BoundedQueue<OutputLine>
  #bytes = 0

  constructor(limits: HistoryLimits) {
    this.#limits = limits
    this.#lines = new BoundedQueue(limits.linesMax)
  }

  add(line: OutputLine): void {
    const cost = costOf(line)
    if (this.#limits.linesMax === 0 || cost > this.#limits.bytesMax) return
    while (this.#lines.length >= this.#limits.linesMax || this.#bytes + cost > this.#limits.bytesMax)
      this.#evictOldest()
    this.#lines.push(line)
    this.#bytes += cost
  }

  /** Oldest first. */
  toArray(): OutputLine[] {
    return this.#lines.toArray()
  }

  #evictOldest(): void {
    const oldest = this.#lines.shift()
    if (oldest) this.#bytes -= costOf(oldest)
  }
}

function costOf(line: OutputLine): number {
  return line.text.length + lineOverhead
}
