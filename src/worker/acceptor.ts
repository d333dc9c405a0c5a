/**
 * Accepts from one inherited listen socket, and can stop and start again.
 *
 * Node cannot stop a listening handle from polling except by closing it, and closing it closes this process' copy of
 * the descriptor. So a pause closes the copy, and to go on a fresh one is used, which the supervisor sends (0.1 ms).
 * A few spares are kept, so that a pause can end at once even while the supervisor is busy. The queue of the kernel is not
 * touched by any of this: connections wait there, or go to another worker.
 */
import net from 'node:net'
import type { ListenCapture } from './listen-capture.ts'

// A pause and its end use up one; the next comes while the second is in hand.
const sparesMax = 2

export interface AcceptorOptions {
  /** The inherited descriptor; without one, the first copy of the socket is asked for like every other. */
  readonly fd: number | undefined
  readonly backlog: number
  readonly capture: ListenCapture
  onConnection(socket: net.Socket): void
  /** A fresh copy of the socket is wanted. */
  wantSpare(): void
}

export class Acceptor {
  readonly #options: AcceptorOptions
  #target: net.Server | undefined
  #server: net.Server | undefined
  readonly #spares: object[] = []
  #isWanted = false
  #fetching = 0
  #onFirst: ((handle: object) => void) | undefined

  constructor(options: AcceptorOptions) {
    this.#options = options
  }

  get isOpen(): boolean {
    return this.#server !== undefined
  }

  /** A pause can end at once. */
  get hasSpare(): boolean {
    return this.#spares.length > 0
  }

  /**
   * Listens on the socket, for `target`, whose socket options are used. Rejects when the system refuses, which it does
   * when the address is in use.
   */
  async start(target: net.Server): Promise<void> {
    this.#target = target
    const { fd } = this.#options
    await this.#listen(fd === undefined ? await this.#firstCopy() : { fd })
  }

  /** Stops accepting. Connections that are waiting go on waiting, for this worker or another. */
  pause(): void {
    this.#isWanted = false
    this.#server?.close()
    this.#server = undefined
  }

  /** Accepts again, at once if there is a spare, else as soon as it comes. */
  resume(): void {
    if (this.#server || this.#isWanted) return
    this.#isWanted = true
    const spare = this.#spares.pop()
    this.fetchSpares()
    if (spare) this.#open(spare)
  }

  /** Asks for as many spares as are missing. */
  fetchSpares(): void {
    for (; this.#spares.length + this.#fetching < sparesMax; this.#fetching++) this.#options.wantSpare()
  }

  /** A fresh copy of the socket has come. */
  receive(handle: object): void {
    this.#fetching--
    const take = this.#onFirst
    this.#onFirst = undefined
    if (take) take(handle)
    else if (this.#isWanted && !this.#server) this.#open(handle)
    else this.#spares.push(handle)
    this.fetchSpares()
  }

  /** Stops for good. */
  close(): void {
    this.pause()
    for (const spare of this.#spares.splice(0)) (spare as { close?(): void }).close?.()
  }

  async #firstCopy(): Promise<object> {
    const spare = this.#spares.pop()
    this.fetchSpares()
    return spare ?? new Promise(resolve => (this.#onFirst = resolve))
  }

  #open(handle: object): void {
    this.#isWanted = false
    this.#listen(handle).catch(() => {
      // The socket works for the others; this copy does not. Ask for another one.
      this.#server = undefined
      this.#isWanted = true
      this.fetchSpares()
    })
  }

  #listen(handle: object): Promise<void> {
    const server = net.createServer(socketOptionsOf(this.#target))
    server.on('connection', socket => this.#options.onConnection(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      const { capture, backlog } = this.#options
      capture.listenReally(server, { on: handle, backlog, done: resolve })
    })
  }
}

/** What Node's accept reads of a server's fields. */
export function socketOptionsOf(target: net.Server | undefined): net.ServerOpts {
  const fields = (target ?? {}) as net.ServerOpts
  const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay = 0, highWaterMark } = fields
  const own = { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, highWaterMark }
  // Kept in seconds, taken in milliseconds.
  return { ...own, keepAliveInitialDelay: keepAliveInitialDelay * 1000 }
}
