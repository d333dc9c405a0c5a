import type { ServerResponse } from 'node:http'

/** Above this a copy costs more than a second piece. */
const joinedBytesMax = 8 * 1024

/** Passes an upstream's answer on to the client: as it comes, as fast as the client takes it. */
export class Answer {
  readonly #res: ServerResponse
  /** So many bytes are taken ahead of a slow client. */
  readonly #aheadBytes: number
  readonly #onDrain: () => void
  #lengthLeft: number | undefined
  /** The last piece, kept until the end is here: head, body and end then leave in one write. */
  #last: Buffer | undefined
  #hasWritten = false
  #isWaiting = false

  constructor(res: ServerResponse, options: { aheadBytes: number; onDrain(): void }) {
    this.#res = res
    this.#aheadBytes = options.aheadBytes
    this.#onDrain = options.onDrain
  }

  /** @param length Content-Length of the body, where it is known. */
  begin(status: number, statusText: string, headers: string[], length: number | undefined): void {
    this.#lengthLeft = length
    if (plainText.test(statusText)) this.#res.writeHead(status, statusText, headers)
    else this.#res.writeHead(status, headers)
    // An event stream may be silent for long: its head must not wait for the first event.
    process.nextTick(flushHead, this)
  }

  /** False: wait for `onDrain`. */
  write(chunk: Buffer): boolean {
    if (this.#lengthLeft !== undefined) {
      this.#lengthLeft -= chunk.length
      if (this.#lengthLeft === 0 && !this.#hasWritten) {
        this.#last = chunk
        return true
      }
    }
    this.#hasWritten = true
    if (this.#res.write(chunk) || this.#mayGoAhead) return true
    if (!this.#isWaiting) {
      this.#isWaiting = true
      this.#res.once('drain', () => {
        this.#isWaiting = false
        this.#onDrain()
      })
    }
    return false
  }

  end(): void {
    this.#hasWritten = true
    if (!this.#last) this.#res.end()
    // Node joins a text with the head: one piece in one call, instead of two with an object and a callback to keep them.
    else if (this.#last.length <= joinedBytesMax) this.#res.end(this.#last.toString('latin1'), 'latin1')
    else this.#res.end(this.#last)
  }

  /** It is the client who is slow, not a filter before it, and there is room. */
  get #mayGoAhead(): boolean {
    return this.#res.writableNeedDrain && this.#res.writableLength < this.#aheadBytes
  }

  flush(): void {
    if (this.#hasWritten || this.#res.destroyed) return
    this.#hasWritten = true
    if (this.#last) {
      this.#res.write(this.#last)
      this.#last = undefined
    } else {
      this.#res.flushHeaders()
    }
  }
}

function flushHead(answer: Answer): void {
  answer.flush()
}

const plainText = /^[\x20-\x7e]+$/
