/**
 * The owner's door: RESP over sockets. It turns bytes into requests for the owner, and its answers into bytes again, in the
 * order of the requests.
 */
import net from 'node:net'
import { commands } from '../commands/table.ts'
import { type Client, newClient, type Request, type Session } from '../owner/client.ts'
import type { Owner } from '../owner/owner.ts'
import { Push, type Reply, ReplyError, Status } from './reply.ts'
import { ProtocolError, RequestParser } from './request-parser.ts'
import { writeAll } from './write-all.ts'
import { ReplyWriter } from './write-reply.ts'

export interface ConnectionLimits {
  /** Of one argument; above it the connection ends. */
  readonly argumentBytesMax: number
  /** What a connection may leave unread before it is closed. */
  readonly outputBytesMax: number
  /** The same of what it has not asked for: messages of topics, changes of keys. */
  readonly pushBytesMax: number
  /** Open connections; further ones are closed at once. */
  readonly clientsMax: number
}

export interface RespServer {
  /** Open connections. */
  readonly size: number
  /** That have come since the start. */
  readonly requests: number
  /** Ends them, after what was answered is sent. */
  close(): Promise<void>
}

const argumentsMax = 1024 * 1024
const inlineBytesMax = 64 * 1024
// Above it no more requests are read from a connection until it has read answers.
const pauseAboveBytes = 1024 * 1024
const queued = new Status('QUEUED')
const doneKind = Buffer.from('saola.done')
const closeMs = 1000
const hash = 0x23

/** Serves on a socket path or address. Rejects when it cannot listen. `onIdle` is called when the last connection ends. */
export async function serveResp(
  owner: Owner,
  listen: net.ListenOptions,
  options: { readonly limits: ConnectionLimits; readonly onIdle?: () => void },
): Promise<RespServer> {
  const connections = new Set<Connection>()
  let idNext = 1
  let requestsOfEnded = 0
  const server = net.createServer({ noDelay: true }, socket => {
    if (connections.size >= options.limits.clientsMax) {
      socket.on('error', () => {})
      socket.end('-ERR max number of clients reached\r\n')
      return
    }
    const connection = new Connection(owner, socket, idNext++, options.limits)
    connections.add(connection)
    socket.once('close', () => {
      connections.delete(connection)
      requestsOfEnded += connection.requests
      if (connections.size === 0) options.onIdle?.()
    })
  })
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    server.listen(listen, resolve)
  })
  return {
    get size() {
      return connections.size
    },
    get requests() {
      return [...connections].reduce((sum, { requests }) => sum + requests, requestsOfEnded)
    },
    async close() {
      const closed = new Promise(resolve => server.close(resolve))
      for (const connection of connections) connection.end()
      const timer = setTimeout(() => {
        for (const connection of connections) connection.destroy()
      }, closeMs)
      await closed
      clearTimeout(timer)
    },
  }
}

/** The place of an answer that has not come yet. */
interface Slot {
  reply: Reply | undefined
}

class Connection {
  requests = 0
  readonly #owner: Owner
  readonly #socket: net.Socket
  readonly #limits: ConnectionLimits
  readonly #parser: RequestParser
  readonly #writer = new ReplyWriter()
  readonly #client: Client
  /** Answers in the order of their requests. */
  readonly #slots: Slot[] = []
  #willFlush = false
  /** Of pushes, since all was read for the last time. */
  #pushedBytes = 0

  constructor(owner: Owner, socket: net.Socket, id: number, limits: ConnectionLimits) {
    this.#owner = owner
    this.#socket = socket
    this.#limits = limits
    const { argumentBytesMax } = limits
    this.#parser = new RequestParser({ argumentBytesMax, argumentsMax, inlineBytesMax })
    this.#client = newClient({ id, push: reply => this.#push(reply) })
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => {
      this.#pushedBytes = 0
      socket.resume()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      owner.leave(this.#client)
      owner.sessions.detach(this.#client)
    })
  }

  end(): void {
    this.#flush()
    this.#socket.end()
  }

  destroy(): void {
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    try {
      for (const parts of this.#parser.push(chunk)) this.#request(parts)
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      for (const parts of error.requests) this.#request(parts)
      this.#slots.push({ reply: new ReplyError('ERR', error.message) })
      this.#settle()
      this.end()
    }
  }

  #request(received: readonly Buffer[]): void {
    this.requests++
    const { session } = this.#client
    const isNumbered = session !== undefined && received[0]?.[0] === hash
    const sequence = isNumbered ? this.#readNumber(session, received[0] as Buffer) : undefined
    const parts = isNumbered ? received.slice(1) : received
    const slot: Slot = { reply: undefined }
    this.#slots.push(slot)
    if (session && commands.get(String(parts[0]))?.flags.includes('waits')) {
      // It may take long, and those behind it do not wait for it.
      const name = parts.at(-1) as Buffer
      const request: Request = {
        client: this.#client,
        parts,
        answer: reply => this.#push(new Push([doneKind, name, reply])),
      }
      slot.reply = queued
      this.#settle()
      this.#owner.submit(request)
      return
    }
    this.#owner.submit({
      client: this.#client,
      parts,
      sequence,
      answer: reply => {
        slot.reply = reply
        this.#settle()
      },
    })
  }

  /** `#17,15 hset …`: the 17th write of its session, which has the answers up to the 15th. */
  #readNumber(session: Session, text: Buffer): number {
    const [sequence, received] = text.toString('latin1', 1).split(',')
    this.#owner.sessions.acknowledge(session, Number(received))
    return Number(sequence)
  }

  /** Writes what is answered, up to the first that is not. */
  #settle(): void {
    let done = 0
    for (const { reply } of this.#slots) {
      if (reply === undefined) break
      this.#writer.append(reply, this.#client.protocol)
      done++
    }
    if (done === 0) return
    // Nearly always all of them, and one by one.
    if (done === 1) this.#slots.shift()
    else this.#slots.splice(0, done)
    this.#flushSoon()
  }

  #push(reply: Reply): void {
    const before = this.#writer.byteLength
    this.#writer.append(reply, this.#client.protocol)
    this.#pushedBytes += this.#writer.byteLength - before
    this.#flushSoon()
  }

  /** Once for all answers of a turn. */
  #flushSoon(): void {
    if (this.#willFlush) return
    this.#willFlush = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#willFlush = false
    const socket = this.#socket
    if (socket.destroyed) return
    const hasRead = socket.writableLength === 0
    writeAll(socket, this.#writer.take())
    const { writableLength } = socket
    // All of it may be one message, for a reader that is quick.
    if (writableLength === 0 || hasRead) this.#pushedBytes = 0
    const { outputBytesMax, pushBytesMax } = this.#limits
    const isSlow = writableLength > pushBytesMax && this.#pushedBytes > pushBytesMax
    if (writableLength > outputBytesMax || isSlow) socket.destroy()
    else if (writableLength > pauseAboveBytes) socket.pause()
  }
}
