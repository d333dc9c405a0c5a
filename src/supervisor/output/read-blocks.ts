import type { Readable } from 'node:stream'
import type { LineSplitter } from './line-splitter.ts'

const turnBytesMax = 256 * 1024
/** Short lines to a terminal or as JSON take many times as long as long ones to a file. */
const turnMsMax = 2

/**
 * What all streams together may bring in one turn of the loop, in bytes and in time. A child that writes without pause would
 * otherwise be read up to 32 times in a row by libuv, while heartbeats and signals wait. Who is over the budget goes on in the
 * next turn.
 */
export class TurnBudget {
  #isBegun = false
  #spentBytes = 0
  #spentMs = 0
  #paused: Readable[] = []

  spend({ bytes, ms }: { readonly bytes: number; readonly ms: number }, readable: Readable): void {
    if (!this.#isBegun) setImmediate(() => this.#renew())
    this.#isBegun = true
    this.#spentBytes += bytes
    this.#spentMs += ms
    if (this.#spentBytes < turnBytesMax && this.#spentMs < turnMsMax) return
    readable.pause()
    this.#paused.push(readable)
  }

  #renew(): void {
    const paused = this.#paused
    this.#paused = []
    this.#isBegun = false
    this.#spentBytes = 0
    this.#spentMs = 0
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
      const startedAt = performance.now()
      deliver(splitter.push(chunk))
      budget.spend({ bytes: chunk.length, ms: performance.now() - startedAt }, readable)
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
