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
  readonly fd: number
  readonly backlog: number
  readonly capture: ListenCapture
  /** The server that the connections are for: its socket options are used. */
  readonly target: net.Server
  onConnection(socket: net.Socket): void
  /** A fresh copy of the socket is wanted. */
  wantSpare(): void
}

export class Acceptor {
  readonly #options: AcceptorOptions
  #server: net.Server | undefined
  readonly #spares: object[] = []
  #isWanted = false
  #fetching = 0

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

  /** Listens on the inherited descriptor. Rejects when the system refuses, which it does when the address is in use. */
  start(): Promise<void> {
    return this.#listen({ fd: this.#options.fd, backlog: this.#options.backlog })
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
    if (this.#isWanted && !this.#server) this.#open(handle)
    else this.#spares.push(handle)
    this.fetchSpares()
  }

  /** Stops for good. */
  close(): void {
    this.pause()
    for (const spare of this.#spares.splice(0)) (spare as { close?(): void }).close?.()
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

  #listen(target: object): Promise<void> {
    const { allowHalfOpen, pauseOnConnect, noDelay, keepAlive, keepAliveInitialDelay, highWaterMark } = this.#options
      .target as unknown as net.ServerOpts
    const server = net.createServer({
      allowHalfOpen,
      pauseOnConnect,
      noDelay,
      keepAlive,
      // Stored in seconds, taken in milliseconds.
      keepAliveInitialDelay: (keepAliveInitialDelay ?? 0) * 1000,
      highWaterMark,
    })
    server.on('connection', socket => this.#options.onConnection(socket))
    this.#server = server
    return new Promise((resolve, reject) => {
      server.once('error', reject)
      this.#options.capture.listenReally(server, target, resolve)
    })
  }
}
