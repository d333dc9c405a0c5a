const newline = 0x0a

/** What a block costs beside its own bytes: the Buffer object and its place in the queue. In bytes. */
const blockOverhead = 128

/** 8 MiB: some seconds of a busy tree's output. */
export const bufferBytesDefault = 8 * 1024 * 1024

/** Large enough that a call to the system costs nothing beside the bytes it writes. */
const batchBytes = 1024 * 1024

/**
 * Lines that wait to be written, bounded in memory. A full buffer refuses the newest block and says how many lines that
 * were. One batch at a time is taken out; it counts until it is settled, since it is still in memory.
 */
export class LineBuffer {
  readonly #bytesMax: number
  #blocks: Buffer[] = []
  #waitingBytes = 0
  #takenBytes = 0

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax
  }

  get isEmpty(): boolean {
    return this.#blocks.length === 0
  }

  /** From 0 (empty) to 1 (full). */
  get fill(): number {
    return (this.#waitingBytes + this.#takenBytes) / this.#bytesMax
  }

  /** Returns the number of lines dropped: 0 when the block was taken. */
  add(block: Buffer | string): number {
    const bytes = typeof block === 'string' ? Buffer.from(block) : block
    if (bytes.length === 0) return 0
    const cost = bytes.length + blockOverhead
    if (this.#waitingBytes + this.#takenBytes + cost > this.#bytesMax) return countLines(bytes)
    this.#blocks.push(bytes)
    this.#waitingBytes += cost
    return 0
  }

  /** The oldest lines, about 1 MiB of them; empty when there are none. To be settled before the next take. */
  take(): Buffer {
    let count = 0
    let bytes = 0
    for (const block of this.#blocks) {
      if (count > 0 && bytes + block.length > batchBytes) break
      bytes += block.length
      count++
    }
    const taken = this.#blocks.splice(0, count)
    this.#takenBytes = bytes + count * blockOverhead
    this.#waitingBytes -= this.#takenBytes
    return taken.length === 1 && taken[0] ? taken[0] : Buffer.concat(taken, bytes)
  }

  /** The batch that was taken is written, or given up. */
  settle(): void {
    this.#takenBytes = 0
  }

  /** Gives everything up; returns the number of lines that waited. */
  clear(): number {
    const lines = this.#blocks.reduce((sum, block) => sum + countLines(block), 0)
    this.#blocks = []
    this.#waitingBytes = 0
    this.#takenBytes = 0
    return lines
  }
}

/** Lines in a block; a last one without newline counts. */
export function countLines(block: Buffer): number {
  let lines = 0
  let from = 0
  while (from < block.length) {
    const at = block.indexOf(newline, from)
    lines++
    if (at < 0) break
    from = at + 1
  }
  return lines
}
