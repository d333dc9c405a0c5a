/**
 * One connection: turns bytes into requests for the owner, and its answers into bytes again, in the order of the requests.
 *
 * A process that uses saola/store sends all it has over one connection, and what waits there is answered with a push. Any other
 * client gets one answer after the other: behind a request that waits, or that changes the connection itself, no other one begins.
 */
import type net from 'node:net'
import type { Command } from '../commands/command.ts'
import { CommandError } from '../commands/command-error.ts'
import { checkSubcommand } from '../commands/container.ts'
import { commandOf, commands } from '../commands/table.ts'
import {
  type Client,
  type ClientConnection,
  newClient,
  type PasswordCheck,
  type Request,
  type Session,
} from '../owner/client.ts'
import type { Owner } from '../owner/owner.ts'
import { Push, type Reply, ReplyError, Status } from './reply.ts'
import { ReplyMode } from './reply-mode.ts'
import {
  knownLimits,
  pauseAboveBytes,
  strangerBytesMax,
  strangerLimits,
  strangerPendingMax,
  underWayMax,
} from './request-limits.ts'
import { ProtocolError, RequestParser } from './request-parser.ts'
import { isForConnection, replyAtOnce, replyToMistake, withKept } from './transaction-queue.ts'
import { writeAll } from './write-all.ts'
import { ReplyWriter } from './write-reply.ts'

export interface ConnectionLimits {
  /** Of one argument; above it the connection ends. */
  readonly argumentBytesMax: number
  /** What a connection may leave unread before it is closed. */
  readonly outputBytesMax: number
  /** The same of what it has not asked for: messages of topics, changes of keys. */
  readonly pushBytesMax: number
  /** What it may have sent that is not carried out yet: behind a request that waits, or after MULTI. */
  readonly queryBytesMax: number
}

export interface ConnectionOptions {
  readonly limits: ConnectionLimits
  /** See Client. */
  readonly isLocal: boolean
  readonly password: PasswordCheck | undefined
  readonly address: string
  readonly localAddress: string
  /** It is closed for something that an operator may want to know. */
  readonly onRefused: (reason: string) => void
}

const queued = new Status('QUEUED')
const doneKind = Buffer.from('saola.done')
const hash = 0x23
const endMs = 1_000

/** The place of an answer that has not come yet. */
interface Slot {
  reply: Reply | undefined
  /** It is not written. */
  readonly isSilent?: boolean
}

export class Connection implements ClientConnection {
  requests = 0
  readonly client: Client
  readonly #replies = new ReplyMode()
  readonly connectedAt = Date.now()
  lastAt = this.connectedAt
  readonly #owner: Owner
  readonly #socket: net.Socket
  readonly #options: ConnectionOptions
  readonly #parser: RequestParser
  readonly #writer = new ReplyWriter()
  /** Answers in the order of their requests. */
  readonly #slots: Slot[] = []
  /** Nothing else is begun until it is answered. */
  #waitsFor: Slot | undefined
  /** Begun when all before it is answered. */
  #next: readonly Buffer[] | undefined
  #isPaused = false
  #isAdvancing = false
  #isEnding = false
  #willFlush = false
  #receivedBytes = 0
  /** Of pushes, since all was read for the last time. */
  #pushedBytes = 0

  constructor(owner: Owner, socket: net.Socket, options: ConnectionOptions) {
    this.#owner = owner
    this.#socket = socket
    this.#options = options
    const { argumentBytesMax } = options.limits
    this.#parser = new RequestParser(knownLimits(argumentBytesMax))
    this.client = newClient({
      id: owner.clients.takeId(),
      isAuthenticated: options.password === undefined,
      connection: this,
      push: reply => this.#push(reply),
    })
    owner.clients.enter(this.client)
    socket.on('data', chunk => this.#receive(chunk))
    socket.on('drain', () => this.#goOn())
    socket.on('error', () => {})
    socket.on('close', () => {
      owner.leave(this.client)
      owner.sessions.detach(this.client)
    })
  }

  get address(): string {
    return this.#options.address
  }

  get localAddress(): string {
    return this.#options.localAddress
  }

  get isLocal(): boolean {
    return this.#options.isLocal
  }

  get password(): PasswordCheck | undefined {
    return this.#options.password
  }

  get inputBytes(): number {
    return this.#parser.pendingBytes
  }

  get outputBytes(): number {
    return this.#writer.byteLength + this.#socket.writableLength
  }

  get outputBytesMax(): number {
    return this.#options.limits.outputBytesMax
  }

  get isFull(): boolean {
    return this.outputBytes > pauseAboveBytes && !this.#socket.destroyed
  }

  /** Whether an answer is to come. */
  get isBusy(): boolean {
    return this.#slots.length > 0
  }

  end({ afterReply = false } = {}): void {
    this.#isEnding = true
    if (afterReply && this.#slots.length > 0) return
    this.#flush()
    const socket = this.#socket
    // What still comes is read and thrown away: else the system would take back what it has not sent yet.
    socket.end()
    socket.resume()
    const timer = setTimeout(() => socket.destroy(), endMs)
    socket.once('close', () => clearTimeout(timer))
  }

  destroy(): void {
    this.#isEnding = true
    this.#socket.destroy()
  }

  #receive(chunk: Buffer): void {
    if (this.#isEnding) return
    this.lastAt = Date.now()
    this.#owner.clients.inputBytes += chunk.length
    this.#receivedBytes += chunk.length
    this.#parser.feed(chunk)
    this.#advance()
    this.#limitInput()
  }

  #limitInput(): void {
    const { isAuthenticated } = this.client
    const pendingMax = isAuthenticated ? this.#options.limits.queryBytesMax : strangerPendingMax
    if (!isAuthenticated && this.#receivedBytes > strangerBytesMax) this.refuse('it sends much, and gives no password')
    else if (this.#parser.pendingBytes > pendingMax) {
      // The password is being looked at, and may be right.
      if (!isAuthenticated && this.#waitsFor) this.#socket.pause()
      else this.refuse('it has sent more than it may before that is carried out')
    }
  }

  refuse(reason: string): void {
    if (this.#isEnding) return
    this.#options.onRefused(reason)
    this.destroy()
  }

  /** Begins what has come, up to what everything else has to wait for. */
  #advance(): void {
    // It is begun again by answers that need no owner.
    if (this.#isAdvancing) return
    this.#isAdvancing = true
    const parser = this.#parser
    try {
      while (!this.#waitsFor && !this.#next && !this.#isPaused && !this.#isEnding) {
        if (this.#slots.length >= underWayMax || this.isFull) {
          this.#socket.pause()
          return
        }
        if (!this.client.isAuthenticated) parser.limits = strangerLimits
        else if (parser.limits.isStranger) parser.limits = knownLimits(this.#options.limits.argumentBytesMax)
        const parts = parser.next()
        if (!parts) return
        this.#request(parts)
      }
    } catch (error) {
      if (!(error instanceof ProtocolError)) throw error
      this.#slots.push({ reply: new ReplyError('ERR', error.message) })
      this.end({ afterReply: true })
      this.#settle()
    } finally {
      this.#isAdvancing = false
    }
  }

  #request(received: readonly Buffer[]): void {
    const { session } = this.client
    const isNumbered = session !== undefined && received[0]?.[0] === hash
    const sequence = isNumbered ? this.#readNumber(session, received[0] as Buffer) : undefined
    const parts = isNumbered ? received.slice(1) : received
    if (session) this.#begin(parts, commands.get(String(parts[0])), sequence)
    else this.#beginAlone(parts)
  }

  /** Of a client that is no saola/store. */
  #beginAlone(parts: readonly Buffer[]): void {
    let command: Command
    try {
      command = commandOf(parts)
      // What waits for EXEC is looked at now: it is to refuse all of them.
      if (this.client.transaction) checkSubcommand(command, parts.slice(1))
    } catch (error) {
      this.#refuseCommand(parts, error as CommandError)
      return
    }
    if (isForConnection(this.client, command) && this.#slots.length > 0) this.#next = parts
    else this.#begin(parts, command)
  }

  #refuseCommand(parts: readonly Buffer[], error: CommandError): void {
    if (!(error instanceof CommandError)) throw error
    // A browser that was sent here: what comes behind is the page's, and no request.
    if (/^(?:post|host:)$/i.test(String(parts[0]))) {
      this.refuse('it speaks HTTP')
      return
    }
    this.requests++
    const reply = replyToMistake(this.client, parts, error)
    this.#owner.statistics.error(reply.code)
    this.#slots.push({ reply, isSilent: this.#replies.isSilent(parts) })
    this.#settle()
  }

  #begin(parts: readonly Buffer[], command: Command | undefined, sequence?: number): void {
    this.requests++
    const { client } = this
    // All of a process share the connection of a session.
    const isAlone = client.isAuthenticated && !client.session
    const slot: Slot = { reply: undefined, isSilent: isAlone && this.#isSilent(parts) }
    this.#slots.push(slot)
    slot.reply = command && replyAtOnce(client, command, parts, this.#options.limits.queryBytesMax)
    if (slot.reply !== undefined) this.#settle()
    else if (client.session && command?.flags.includes('waits')) this.#queue(slot, parts)
    else {
      const answer = (reply: Reply) => {
        slot.reply = reply
        this.#settle()
      }
      const request: Request = { client, parts, sequence, answer }
      this.#owner.submit(command && !client.session ? this.#alone(request, command, slot) : request)
    }
  }

  #isSilent(parts: readonly Buffer[]): boolean {
    return this.client.transaction ? this.#replies.isOff : this.#replies.isSilent(parts)
  }

  /** It may take long, and those behind it do not wait for it. */
  #queue(slot: Slot, parts: readonly Buffer[]): void {
    const name = parts.at(-1) as Buffer
    slot.reply = queued
    this.#settle()
    this.#owner.submit({
      client: this.client,
      parts,
      answer: reply => this.#push(new Push([doneKind, name, reply])),
    })
  }

  /** What belongs to a request of a connection that nobody shares. */
  #alone(request: Request, command: Command, slot: Slot): Request {
    const { name, flags } = command
    if (flags.includes('waits') || flags.includes('connection')) this.#waitsFor = slot
    const kept = withKept(request, name)
    if (kept.transaction?.calls.some(call => commandOf(call).flags.includes('connection'))) this.#waitsFor = slot
    return kept
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
    const isGone = this.#socket.destroyed
    for (const { reply, isSilent } of this.#slots) {
      if (reply === undefined) break
      if (!isGone && !isSilent) this.#writer.append(reply, this.client.protocol)
      done++
    }
    if (done === 0) return
    // Nearly always all of them, and one by one.
    if (done === 1) this.#slots.shift()
    else this.#slots.splice(0, done)
    this.#flushSoon()
    if (this.#isEnding) {
      if (this.#slots.length === 0) this.end()
    } else if (this.#waitsFor || this.#next) this.#release()
    else if (this.#socket.isPaused() && this.#slots.length <= underWayMax / 2) this.#continue()
  }

  /** Reads on, unless what it has sent already is enough. */
  #continue(): void {
    if (this.#isPaused || this.isFull) return
    this.#socket.resume()
    this.#advance()
  }

  /** Goes on with what has waited for the answers that are written now. */
  #release(): void {
    if (this.#slots.length > 0) return
    this.#waitsFor = undefined
    const next = this.#next
    this.#next = undefined
    if (next) this.#beginAlone(next)
    if (this.#socket.isPaused()) this.#continue()
    else this.#advance()
  }

  #push(reply: Reply): void {
    const before = this.#writer.byteLength
    this.#writer.append(reply, this.client.protocol)
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
    if (socket.destroyed || socket.writableEnded) return
    const hasRead = socket.writableLength === 0
    this.#owner.clients.outputBytes += this.#writer.byteLength
    writeAll(socket, this.#writer.take())
    const { writableLength } = socket
    // All of it may be one message, for a reader that is quick.
    if (writableLength === 0 || hasRead) this.#pushedBytes = 0
    const { outputBytesMax, pushBytesMax } = this.#options.limits
    const isSlow = writableLength > pushBytesMax && this.#pushedBytes > pushBytesMax
    if (writableLength > outputBytesMax || isSlow) this.refuse('it does not read what it is sent')
    else if (writableLength > pauseAboveBytes) {
      this.#isPaused = true
      socket.pause()
    } else {
      this.#owner.resume(this.client)
      // Else it is read again when a request under way is answered.
      if (socket.isPaused() && !this.#isPaused && this.#slots.length === 0) this.#continue()
    }
  }

  /** All was read. */
  #goOn(): void {
    this.#pushedBytes = 0
    this.#isPaused = false
    this.#owner.resume(this.client)
    if (this.#slots.length <= underWayMax / 2) this.#continue()
  }
}
