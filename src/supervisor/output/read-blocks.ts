import type { Readable } from 'node:stream'
import type { LineSplitter } from './line-splitter.ts'

/** 256 KiB: about a millisecond or two of work. */
const turnBytesDefault = 256 * 1024

/**
 * What all streams together may bring in one turn of the loop. A child that writes without pause would otherwise be read
 * up to 32 times in a row by libuv, while heartbeats and signals wait. Who is over the budget goes on in the next turn.
 */
export class TurnBudget {
  readonly #bytesMax: number
  #spentBytes = 0
  #paused: Readable[] = []

  /** `bytesMax` is 256 KiB by default. */
  constructor(bytesMax = turnBytesDefault) {
    this.#bytesMax = bytesMax
  }

  spend(bytes: number, readable: Readable): void {
    if (this.#spentBytes === 0) setImmediate(() => this.#renew())
    this.#spentBytes += bytes
    if (this.#spentBytes < this.#bytesMax) return
    readable.pause()
    this.#paused.push(readable)
  }

  #renew(): void {
    const paused = this.#paused
    this.#paused = []
    this.#spentBytes = 0
    for (const readable of paused) readable.resume()
  }
}

interface BlockReader {
  readonly splitter: LineSplitter
  readonly budget: TurnBudget
  /** Rest for so long after each read, in milliseconds, so that the next one brings more; 0 by default. */
  readonly restMs?: number
  /** Gets whole lines, each with its newline; never an empty block. */
  readonly onBlock: (block: Buffer) => void
}

/**
 * Reads a stream to its end, whatever becomes of the process behind it, and resolves then. A last line without newline
 * counts as a line. An error is an end.
 */
export function readBlocks(readable: Readable, { splitter, budget, onBlock, restMs = 0 }: BlockReader): Promise<void> {
  return new Promise(resolve => {
    let isEnded = false
    const deliver = (block: Buffer) => {
      if (block.length > 0) onBlock(block)
    }
    const end = () => {
      if (!isEnded) deliver(splitter.end())
      isEnded = true
      resolve()
    }
    readable.on('data', (chunk: Buffer) => {
      deliver(splitter.push(chunk))
      budget.spend(chunk.length, readable)
      if (restMs > 0) rest(readable, restMs)
    })
    readable.on('end', end)
    readable.on('error', end)
    readable.on('close', end)
  })
}

/** Lets the kernel collect what comes, and reads on later. */
function rest(readable: Readable, ms: number): void {
  // A paused stream goes on to fill its own buffer first, and is woken for each piece: that buffer has to be small.
  const { _readableState: state } = readable as unknown as { _readableState?: { highWaterMark: number } }
  if (state) state.highWaterMark = 1
  readable.pause()
  setTimeout(() => readable.resume(), ms)
}
