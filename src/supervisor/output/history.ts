import { BoundedQueue } from '../../base/bounded-queue.ts'
import { linesOf } from './line-format.ts'

const newline = 0x0a

interface Origin {
  /** When the supervisor read it: milliseconds since 1970. */
  readonly time: number
  /** `web:0`; `saola` for the supervisor's own log. */
  readonly source: string
  /** `log` is a record of Saola itself, for people. */
  readonly stream: 'stdout' | 'stderr' | 'log'
}

/** One line of somebody's output, as it is shown and followed. */
export interface OutputLine extends Origin {
  /** Without its newline. */
  readonly text: string
}

/** Lines that came at once, each with its newline. */
export interface OutputBlock extends Origin {
  readonly bytes: Buffer
}

export interface HistoryLimits {
  readonly linesMax: number
  readonly bytesMax: number
}

interface Kept extends OutputBlock {
  readonly lines: number
}

/** What a kept block costs beside its bytes, about: its objects and its place. In bytes. */
const blockOverhead = 128

/**
 * The last lines of one source: as many as both limits allow. They are kept as they came, and only made lines of when somebody
 * wants to see them: of a source that prints without pause nearly all are forgotten before.
 */
export class History {
  readonly #limits: HistoryLimits
  readonly #blocks: BoundedQueue<Kept>
  #lines = 0
  #bytes = 0

  constructor(limits: HistoryLimits) {
    this.#limits = limits
    // None of them is without a line.
    this.#blocks = new BoundedQueue(limits.linesMax)
  }

  add(block: OutputBlock): void {
    const { lines, bytes } = lastLines(block.bytes, this.#limits)
    if (lines === 0) return
    while (this.#lines + lines > this.#limits.linesMax && this.#isOldestOver(lines)) this.#evictOldest()
    while (this.#bytes + bytes.length + blockOverhead > this.#limits.bytesMax) this.#evictOldest()
    this.#blocks.push({ ...block, bytes: copyOf(bytes), lines })
    this.#lines += lines
    this.#bytes += bytes.length + blockOverhead
  }

  /** Oldest first; `linesMax` of them at most. */
  toArray(linesMax = this.#limits.linesMax): OutputLine[] {
    const blocks: OutputLine[][] = []
    let missing = Math.min(linesMax, this.#limits.linesMax)
    for (const { bytes, time, source, stream } of this.#blocks.toArray().reverse()) {
      if (missing <= 0) break
      const texts = linesOf(bytes).slice(-missing)
      blocks.push(texts.map(text => ({ time, source, stream, text })))
      missing -= texts.length
    }
    return blocks.reverse().flat()
  }

  /** Whether there are lines enough without it. */
  #isOldestOver(added: number): boolean {
    const oldest = this.#blocks.first
    return oldest !== undefined && this.#lines + added - oldest.lines >= this.#limits.linesMax
  }

  #evictOldest(): void {
    const oldest = this.#blocks.shift()
    if (!oldest) return
    this.#lines -= oldest.lines
    this.#bytes -= oldest.bytes.length + blockOverhead
  }
}

/**
 * A copy with memory of its own: a few lines must not hold on to all that came with them, nor, as one in Node's pool for small buffers
 * would, to what others have put there.
 */
function copyOf(bytes: Buffer): Buffer {
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}

/** The last whole lines of a block that both limits have room for. */
function lastLines(bytes: Buffer, { linesMax, bytesMax }: HistoryLimits): { lines: number; bytes: Buffer } {
  let from = bytes.length
  let lines = 0
  while (lines < linesMax && from > 0) {
    const start = from < 2 ? 0 : bytes.lastIndexOf(newline, from - 2) + 1
    if (bytes.length - start + blockOverhead > bytesMax) break
    from = start
    lines++
  }
  return { lines, bytes: bytes.subarray(from) }
}
