/** A connection that sends commands and hands back replies as they are. */
import { once } from 'node:events'
import { connect, type NetConnectOpts, type Socket } from 'node:net'
import { waitTimeoutMs } from './http-connection.ts'
import { type Node, readNode } from './reply-nodes.ts'

/** The name of a command and its arguments. A text is sent as its bytes in Latin-1, so that it can hold any. */
export type Words = readonly (string | Buffer)[]

export class RawClient {
  readonly #socket: Socket
  #received = Buffer.alloc(0)
  #wanted = 0
  #replies: Node[] = []
  #finish: (() => void) | undefined
  #fail: ((error: Error) => void) | undefined
  #timer: NodeJS.Timeout | undefined

  static async open(where: NetConnectOpts): Promise<RawClient> {
    const socket = connect(where)
    await once(socket, 'connect')
    return new RawClient(socket)
  }

  private constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('error', error => this.#fail?.(error))
    socket.on('close', () => this.#fail?.(new Error('the connection was closed before all was answered')))
  }

  /** Sends all at once, and waits for as many replies. */
  async ask(commands: readonly Words[]): Promise<readonly Node[]> {
    this.#replies = []
    this.#wanted = commands.length
    const answered = new Promise<void>((resolve, reject) => {
      this.#finish = resolve
      this.#fail = reject
    })
    this.#socket.write(Buffer.concat(commands.map(bytesOf)))
    this.#timer = setTimeout(() => {
      this.#fail?.(new Error(`${this.#replies.length} of ${this.#wanted} replies came in ${waitTimeoutMs} ms`))
    }, waitTimeoutMs)
    await answered.finally(() => clearTimeout(this.#timer))
    return this.#replies
  }

  /** What is not answered yet never will be, and nobody is told. */
  close(): void {
    this.#fail = undefined
    clearTimeout(this.#timer)
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    this.#received = Buffer.concat([this.#received, chunk])
    let at = 0
    for (;;) {
      const read = readNode(this.#received, at)
      if (!read) break
      this.#replies.push(read.node)
      at = read.end
    }
    this.#received = this.#received.subarray(at)
    if (this.#replies.length >= this.#wanted) this.#finish?.()
  }
}

function bytesOf(words: Words): Buffer {
  const parts = words.map(word => (typeof word === 'string' ? Buffer.from(word, 'latin1') : word))
  const lines = parts.flatMap(part => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...lines])
}
