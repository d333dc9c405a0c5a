import type { Readable } from 'node:stream'
import { finished } from 'node:stream/promises'
import { endsWithin } from './output/sink.ts'

const bytesMax = 8 * 1024
// What a process has printed is in the pipe when it ends; only a grandchild that lives on keeps that open.
const endWaitMs = 250

/**
 * The last of what a process prints while it boots: where it ends without a word over its channel, the only reason that
 * there is. Others read the same stream, and this changes nothing for them.
 */
export class StderrTail {
  readonly #stderr: Readable
  #chunks: Buffer[] = []
  #bytes = 0
  readonly #onData = (chunk: Buffer) => this.#keep(chunk)

  constructor(stderr: Readable) {
    this.#stderr = stderr
    stderr.on('data', this.#onData)
  }

  /** It serves: what it prints from now on is no reason for anything here. */
  forget(): void {
    this.#stderr.off('data', this.#onData)
    this.#chunks = []
  }

  /** All of it, once the process has ended. */
  async end(): Promise<string> {
    await endsWithin(
      finished(this.#stderr, { writable: false }).catch(() => {}),
      endWaitMs,
    )
    const text = Buffer.concat(this.#chunks).subarray(-bytesMax).toString('utf8')
    this.forget()
    return text
  }

  #keep(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#bytes += chunk.length
    for (let first = this.#chunks[0]; first && this.#bytes - first.length >= bytesMax; first = this.#chunks[0]) {
      this.#bytes -= first.length
      this.#chunks.shift()
    }
  }
}
