const newline = 0x0a

/** What a block costs beside its own bytes: the Buffer object and its place in the queue. In bytes. */
const blockOverhead = 128

/** 8 MiB: some seconds of a busy tree's output. */
export const bufferBytesDefault = 8 * 1024 * 1024

/** Large enough that a call to the system costs nothing beside the bytes it writes. */
const batchBytes = 1024 * 1024

/** A source may have so many times as much waiting as is still free: alone it gets 7/8, three that flood get 7/22 each. */
const shareOfFree = 7

interface Waiting {
  readonly bytes: Buffer
  readonly source: string
}

/**
 * Lines that wait to be written, bounded in memory. A full buffer refuses the newest block and says how many lines that
 * were. One batch at a time is taken out; it counts until it is settled, since it is still in memory.
 *
 * Full is also who has more waiting than its share: a source that prints without pause loses its own lines, and leaves room
 * for the few that others print.
 */
export class LineBuffer {
  readonly #bytesMax: number
  readonly #bytesOf = new Map<string, number>()
  #blocks: Waiting[] = []
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

  /** Whether a block of so many bytes would be taken from this source. */
  hasRoom(bytes: number, source = ''): boolean {
    const free = this.#bytesMax - this.#waitingBytes - this.#takenBytes
    const cost = bytes + blockOverhead
    return cost <= free && (this.#bytesOf.get(source) ?? 0) + cost <= free * shareOfFree
  }

  /** Returns the number of lines dropped: 0 when the block was taken. */
  add(block: Buffer | string, source = ''): number {
    const bytes = typeof block === 'string' ? Buffer.from(block) : block
    if (bytes.length === 0) return 0
    if (!this.hasRoom(bytes.length, source)) return countLines(bytes)
    this.#blocks.push({ bytes, source })
    this.#count(source, bytes.length + blockOverhead)
    return 0
  }

  /** The oldest lines, about 1 MiB of them; empty when there are none. To be settled before the next take. */
  take(): Buffer {
    let count = 0
    let total = 0
    for (const { bytes } of this.#blocks) {
      if (count > 0 && total + bytes.length > batchBytes) break
      total += bytes.length
      count++
    }
    const taken = this.#blocks.splice(0, count)
    for (const { bytes, source } of taken) this.#count(source, -(bytes.length + blockOverhead))
    this.#takenBytes = total + count * blockOverhead
    return taken.length === 1 && taken[0]
      ? taken[0].bytes
      : Buffer.concat(
          taken.map(({ bytes }) => bytes),
          total,
        )
  }

  /** The batch that was taken is written, or given up. */
  settle(): void {
    this.#takenBytes = 0
  }

  /** Gives everything up; returns the number of lines that waited. */
  clear(): number {
    const lines = this.#blocks.reduce((sum, { bytes }) => sum + countLines(bytes), 0)
    this.#blocks = []
    this.#bytesOf.clear()
    this.#waitingBytes = 0
    this.#takenBytes = 0
    return lines
  }

  #count(source: string, cost: number): void {
    this.#waitingBytes += cost
    const bytes = (this.#bytesOf.get(source) ?? 0) + cost
    if (bytes > 0) this.#bytesOf.set(source, bytes)
    else this.#bytesOf.delete(source)
  }
}

/** Lines in a block; a last one without newline counts. */
export function countLines(block: Buffer): number {
  let lines = 0
  // The quickest way for short lines: an iterator takes five times as long, and so do calls of indexOf.
  for (let at = 0; at < block.length; at++) if (block[at] === newline) lines++
  return block.length === 0 || block.at(-1) === newline ? lines : lines + 1
}
