import net from 'node:net'

// Some seconds of full load. Above it, whoever should read the pipe is stuck, and requests matter more than lines.
const pendingBytesMax = 4 * 1024 * 1024

/**
 * Hands access-log lines to the supervisor, which is the only writer of the file. All lines of one turn of the event
 * loop go in one write, at the end of that turn: then they are in the kernel, and survive a kill -9 of this process.
 * Never blocks; drops and counts when the supervisor does not read.
 */
export class AccessLogWriter {
  readonly #pipe: net.Socket
  #lines: string[] = []
  #dropped = 0

  constructor(fd: number) {
    this.#pipe = new net.Socket({ fd, readable: false, writable: true })
    this.#pipe.on('error', () => {})
    this.#pipe.unref()
  }

  /** Lines dropped so far. */
  get dropped(): number {
    return this.#dropped
  }

  write(line: string): void {
    if (this.#lines.push(line) === 1) setImmediate(this.#flush)
  }

  /** Resolves when everything has been handed over. */
  end(): Promise<void> {
    this.#flush()
    return new Promise(resolve => this.#pipe.end(resolve).once('error', () => resolve()))
  }

  #flush = (): void => {
    const lines = this.#lines
    if (lines.length === 0) return
    this.#lines = []
    if (this.#pipe.writableLength > pendingBytesMax) this.#dropped += lines.length
    // Joined at the end: a text that grows by a line at a time costs a third more.
    else this.#pipe.write(lines.join(''), 'latin1')
  }
}
