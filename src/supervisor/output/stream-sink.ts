import type { Writable } from 'node:stream'
import { setImmediate as nextTurn } from 'node:timers/promises'
import { bufferBytesDefault, countLines, LineBuffer } from './line-buffer.ts'
import { endsWithin, type Sink } from './sink.ts'

/**
 * Lines to a stream such as stdout. All lines of one turn of the loop are one write, and one write is under way at a time:
 * while the reader is slow, lines wait here, bounded, and beyond that the newest are dropped and counted. Once the reader
 * is gone (EPIPE), everything is dropped and counted; nothing else in the process notices.
 */
export class StreamSink implements Sink {
  readonly #stream: Writable
  readonly #buffer: LineBuffer
  #dropped = 0
  #isClosed = false
  #loop: Promise<void> | undefined
  #endWrite = () => {}

  /** `bufferBytesMax` is 8 MiB by default. */
  constructor(stream: Writable, { bufferBytesMax = bufferBytesDefault }: { readonly bufferBytesMax?: number } = {}) {
    this.#stream = stream
    this.#buffer = new LineBuffer(bufferBytesMax)
    // Without a listener, an EPIPE would end the process.
    stream.on('error', () => this.#close())
    stream.on('close', () => this.#close())
  }

  get dropped(): number {
    return this.#dropped
  }

  /** True when the reader has gone. */
  get isClosed(): boolean {
    return this.#isClosed
  }

  hasRoom(bytes: number, source?: string): boolean {
    return !this.#isClosed && this.#buffer.hasRoom(bytes, source)
  }

  write(block: Buffer | string, source?: string): number {
    const dropped = this.#isClosed ? countLines(Buffer.from(block)) : this.#buffer.add(block, source)
    this.#dropped += dropped
    if (!this.#isClosed) this.#loop ??= this.#run()
    return dropped
  }

  drop(lines: number): number {
    this.#dropped += lines
    return lines
  }

  async flush(timeoutMs: number): Promise<boolean> {
    const isDone = await endsWithin(this.#loop ?? Promise.resolve(), timeoutMs)
    return isDone && !this.#isClosed
  }

  async #run(): Promise<void> {
    await nextTurn()
    while (!this.#isClosed && !this.#buffer.isEmpty) {
      const batch = this.#buffer.take()
      const isWritten = await this.#writeBatch(batch)
      this.#buffer.settle()
      if (!isWritten) this.#dropped += countLines(batch)
    }
    if (this.#isClosed) this.#dropped += this.#buffer.clear()
    this.#loop = undefined
  }

  /** Resolves when the system has the bytes (true) or the stream has ended (false): some streams call back for neither. */
  #writeBatch(batch: Buffer): Promise<boolean> {
    return new Promise(resolve => {
      this.#endWrite = () => resolve(false)
      this.#stream.write(batch, error => {
        if (error) this.#close()
        resolve(!error)
      })
    })
  }

  #close(): void {
    this.#isClosed = true
    this.#endWrite()
  }
}
