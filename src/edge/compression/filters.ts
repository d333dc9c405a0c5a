/** How a body becomes smaller on its way out: as a whole, or piece by piece. */
import type { ServerResponse } from 'node:http'
import type { BodyFilter, BodySink } from '../response-hooks.ts'
import type { Compressor, CompressorStream } from './compressors.ts'

/** Gathers a short body, whose length is known, and compresses it at its end. */
export class WholeBody implements BodyFilter {
  readonly #compressor: Compressor
  #chunks: Buffer[] = []

  constructor(compressor: Compressor) {
    this.#compressor = compressor
  }

  write(chunk: Buffer): boolean {
    // Whoever wrote it may use its memory again.
    this.#chunks.push(Buffer.from(chunk))
    return true
  }

  end(sink: BodySink): void {
    const [first] = this.#chunks
    if (first) sink.write(this.#compressor.now(this.#chunks.length === 1 ? first : Buffer.concat(this.#chunks)))
    this.#chunks = []
    sink.end()
  }
}

/**
 * Compresses piece by piece, in other threads. What was written in one turn of the event loop and is not followed by more is
 * sent on: somebody may wait for it, as for the first half of a page, or an event.
 */
export class StreamedBody implements BodyFilter {
  readonly #stream: CompressorStream
  readonly #res: ServerResponse
  readonly #onEnd: () => void
  #sink: BodySink | undefined
  #isFlushing = false
  #isOver = false

  /** @param onEnd called once, when the coder is free again. */
  constructor(compressor: Compressor, res: ServerResponse, onEnd: () => void) {
    this.#stream = compressor.stream()
    this.#res = res
    this.#onEnd = onEnd
    this.#stream.on('data', (chunk: Buffer) => {
      if (this.#sink?.write(chunk) === false) this.#stream.pause()
    })
    this.#joinDrains()
    this.#stream.on('end', () => {
      this.#finish()
      this.#sink?.end()
    })
    this.#stream.on('error', () => {
      this.#finish()
      res.destroy()
    })
  }

  /**
   * Whoever writes waits for 'drain' of the response, and must hear it only when the client and the coder are ready: on each
   * one that came too early he would write once more, and all that would lie here.
   */
  #joinDrains(): void {
    const [res, stream] = [this.#res, this.#stream]
    const emit = res.emit
    res.emit = ((event: string | symbol, ...args: unknown[]) => {
      if (event === 'drain') {
        stream.resume()
        if (stream.writableNeedDrain) return false
      }
      return emit.call(res, event, ...args)
    }) as ServerResponse['emit']
    stream.on('drain', () => {
      if (!stream.isPaused()) emit.call(res, 'drain')
    })
  }

  write(chunk: Buffer, sink: BodySink): boolean {
    this.#sink = sink
    if (this.#isOver) return false
    // One that is taken at once is read later, when whoever wrote it may use its memory again.
    const isShort = chunk.length < this.#stream.writableHighWaterMark
    const isTaken = this.#stream.write(isShort ? Buffer.from(chunk) : chunk)
    if (!this.#isFlushing) {
      this.#isFlushing = true
      setImmediate(() => this.#flush())
    }
    return isTaken
  }

  end(sink: BodySink): void {
    this.#sink = sink
    if (!this.#isOver) this.#stream.end()
  }

  abort(): void {
    if (this.#isOver) return
    this.#finish()
    this.#stream.destroy()
  }

  #flush(): void {
    this.#isFlushing = false
    const { writableEnded, writableNeedDrain } = this.#stream
    // As long as more comes than it takes in, all goes on by itself.
    if (!this.#isOver && !writableEnded && !writableNeedDrain && !this.#res.destroyed) this.#stream.flush()
  }

  #finish(): void {
    if (this.#isOver) return
    this.#isOver = true
    this.#onEnd()
  }
}
