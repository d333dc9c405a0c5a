import { once } from 'node:events'
import net from 'node:net'
import type { TestContext } from 'node:test'
import tls from 'node:tls'
import { Double, Members, Pairs, Push, type Reply, ReplyError, Status, Verbatim } from '../../src/store/resp/reply.ts'
import { ReplyParser } from '../../src/store/resp/reply-parser.ts'
import { waitTimeoutMs } from './http-connection.ts'
import { inTime } from './in-time.ts'

/** A connection that sends what it is told, byte by byte if need be, and gives what comes, one reply after the other. */
export class RespClient {
  readonly socket: net.Socket
  readonly #parser = new ReplyParser()
  readonly #replies: unknown[] = []
  #wake: (() => void) | undefined
  #isClosed = false

  constructor(socket: net.Socket) {
    this.socket = socket
    socket.on('data', chunk => {
      this.#replies.push(...this.#parser.push(chunk).map(plain))
      this.#wake?.()
    })
    socket.on('error', () => {})
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake?.()
    })
  }

  /** Sends commands in one write. */
  send(...commands: readonly (readonly (string | Buffer)[])[]): void {
    this.socket.write(Buffer.concat(commands.map(encoded)))
  }

  /** The next reply or push; errors as their text; rejects when the connection has ended, or nothing comes in 60 s. */
  async next(): Promise<unknown> {
    while (this.#replies.length === 0) {
      if (this.#isClosed) throw new Error('the connection has ended')
      const woken = new Promise<void>(resolve => {
        this.#wake = resolve
      })
      await inTime(woken, () => `no reply in ${waitTimeoutMs} ms`)
    }
    return this.#replies.shift()
  }

  async ask(...words: readonly (string | Buffer)[]): Promise<unknown> {
    this.send(words)
    return this.next()
  }

  /** Several in one write, and as many replies. */
  async askAll(...commands: readonly (readonly (string | Buffer)[])[]): Promise<unknown[]> {
    this.send(...commands)
    const replies: unknown[] = []
    for (const _ of commands) replies.push(await this.next())
    return replies
  }

  /** What still comes until the connection ends. */
  async rest(): Promise<unknown[]> {
    // No `once`: an error is an end, too.
    if (!this.#isClosed) await new Promise(resolve => this.socket.once('close', resolve))
    return this.#replies.splice(0)
  }
}

/** Connects, over TLS with `ca`; ended with the test. */
export async function connectResp(
  t: Pick<TestContext, 'after'>,
  where: net.NetConnectOpts,
  secure?: tls.ConnectionOptions,
): Promise<RespClient> {
  const socket = secure ? tls.connect({ ...where, ...secure }) : net.connect(where)
  t.after(() => socket.destroy())
  const client = new RespClient(socket)
  await once(socket, secure ? 'secureConnect' : 'connect')
  return client
}

function encoded(words: readonly (string | Buffer)[]): Buffer {
  const parts = words.map(word => Buffer.from(word as string))
  const lines = parts.flatMap(part => [Buffer.from(`$${part.length}\r\n`), part, Buffer.from('\r\n')])
  return Buffer.concat([Buffer.from(`*${words.length}\r\n`), ...lines])
}

function plain(reply: Reply): unknown {
  if (Buffer.isBuffer(reply)) return reply.toString()
  if (Array.isArray(reply)) return reply.map(plain)
  if (reply instanceof Push) return { push: reply.items.map(plain) }
  if (reply instanceof Members) return new Set(reply.items.map(plain))
  if (reply instanceof Pairs) return { pairs: reply.items.map(plain) }
  if (reply instanceof Status || reply instanceof Verbatim) return reply.text
  if (reply instanceof Double) return reply.value
  if (reply instanceof ReplyError) return `-${reply.code} ${reply.message}`.trim()
  return reply
}
