/**
 * The connection of a process to the owner: one for all of it. Calls of one turn go in one write. What was not answered when
 * the connection broke is sent again over the next one; writes are numbered, so that the owner applies each of them once.
 */
import { randomBytes } from 'node:crypto'
import type net from 'node:net'
import { Push, type Reply, ReplyError } from '../resp/reply.ts'
import { ReplyParser } from '../resp/reply-parser.ts'
import { writeAll } from '../resp/write-all.ts'
import { RequestWriter } from '../resp/write-request.ts'
import { StoreError } from '../store-error.ts'
import type { Argument, Call } from './engine.ts'

export interface OwnerConnectionOptions {
  /** Connects to the owner: at each try. */
  connect(): net.Socket
  /** The event that says that the socket can be spoken over; `connect` by default. */
  readonly connectedEvent?: 'connect' | 'secureConnect'
  /** What it is greeted with; `hello 3` by default. */
  readonly greeting?: Call
  /** Trying again would not help: what all who call are told. An error of the socket, or a reply to the greeting. */
  refusalOf?(fault: Error | ReplyError): StoreError | undefined
  /** Between machines a connection may be gone without a word: when a call is not answered in time, it is made anew. */
  readonly isFar?: boolean
  /** Called once, before the first connection is tried. */
  announceUse?(): void
  /** Nobody listens there, and has not for so many milliseconds: called at most every 300 ms, so that somebody starts an owner. */
  summonOwner(absentMs: number): void
  /** Why nobody might listen there, if it can be told. */
  explainAbsence?(): StoreError | undefined
  /** Something came that nobody asked for. */
  onPush(push: Push): void
  /** A connection is there; `isFirst` when it is the first. What it sends goes before all that waits. */
  onConnected(isFirst: boolean): void
}

interface Pending {
  readonly call: Call
  /** A write: it is numbered when it is sent. */
  readonly isWrite: boolean
  /** By performance.now(). */
  readonly deadline: number
  readonly settle: (reply: Reply | StoreError) => void
  /** 0 until it is sent for the first time. */
  sequence: number
  /** Its caller has given up: the answer is thrown away. */
  isAbandoned: boolean
}

const pendingMax = 20_000
const retryMinMs = 5
const retryMaxMs = 200
const summonEveryMs = 300
const deadlineCheckMs = 250
const handshakeMs = 10_000
const greeting: Call = ['hello', '3']
// Whoever calls again soon after a refusal is told the same, without another try.
const refusedMs = 1_000

export class OwnerConnection {
  readonly #options: OwnerConnectionOptions
  readonly #session = randomBytes(16)
  readonly #writer = new RequestWriter()
  /** In the order of the calls; up to `#sent` they were sent over this connection. */
  #pending: Pending[] = []
  #sent = 0
  #socket: net.Socket | undefined
  #isReady = false
  #isFirst = true
  #isAnnounced = false
  #isClosed = false
  #willFlush = false
  /** Number of the last write that was sent, and of the last that was answered. */
  #sequence = 0
  #answered = 0
  #argumentBytesMax = Number.POSITIVE_INFINITY
  #retryMs = retryMinMs
  #summonedAt = Number.NEGATIVE_INFINITY
  /** Since when nobody listens there. */
  #absentSince: number | undefined
  #retry: NodeJS.Timeout | undefined
  #deadlines: NodeJS.Timeout | undefined
  #isHeld = false
  #refused: { readonly error: StoreError; readonly at: number } | undefined

  constructor(options: OwnerConnectionOptions) {
    this.#options = options
  }

  /** Whether the owner is there, and has answered. */
  get isReady(): boolean {
    return this.#isReady
  }

  /** Keeps the process alive while something is listened to. */
  set isHeld(isHeld: boolean) {
    this.#isHeld = isHeld
    this.#updateHold()
  }

  /** Sends a call, in its order. */
  send(call: Call, options: { readonly isWrite: boolean; readonly timeoutMs: number }): Promise<Reply> {
    if (this.#isClosed) return Promise.reject(new StoreError('STORE_CLOSED', 'The store is closed: open it again.'))
    if (this.#refused && performance.now() - this.#refused.at < refusedMs) return Promise.reject(this.#refused.error)
    if (this.#pending.length >= pendingMax) {
      const message = `${pendingMax} calls of this process wait for the store already.`
      return Promise.reject(new StoreError('STORE_BUSY', message))
    }
    return new Promise((resolve, reject) => {
      const settle = (reply: Reply | StoreError) => (reply instanceof StoreError ? reject(reply) : resolve(reply))
      const deadline = performance.now() + options.timeoutMs
      this.#pending.push({ call, isWrite: options.isWrite, deadline, settle, sequence: 0, isAbandoned: false })
      this.#deadlines ??= setInterval(() => this.#checkDeadlines(), deadlineCheckMs)
      if (this.#pending.length === 1) this.#updateHold()
      if (this.#isReady) this.#flushSoon()
      else this.#connect()
    })
  }

  close(): void {
    this.#isClosed = true
    clearTimeout(this.#retry)
    clearInterval(this.#deadlines)
    this.#socket?.destroy()
    const error = new StoreError('STORE_CLOSED', 'The store was closed before it answered.')
    for (const { settle, isAbandoned } of this.#pending.splice(0)) if (!isAbandoned) settle(error)
  }

  #connect(): void {
    if (this.#socket || this.#retry || this.#isClosed) return
    if (!this.#isAnnounced) this.#options.announceUse?.()
    this.#isAnnounced = true
    const socket = this.#options.connect()
    this.#socket = socket
    const parser = new ReplyParser()
    const timer = setTimeout(() => socket.destroy(new Error('no answer')), handshakeMs)
    let handshake = 2
    socket.on(this.#options.connectedEvent ?? 'connect', () => {
      const writer = new RequestWriter()
      writer.append(this.#options.greeting ?? greeting)
      writer.append(['saola.session', this.#session, this.#answered])
      writeAll(socket, writer.take())
    })
    socket.on('data', chunk => {
      for (const reply of parser.push(chunk)) {
        if (handshake > 0) {
          if (reply instanceof ReplyError) {
            this.#refuse(reply)
            socket.destroy()
            return
          }
          if (--handshake > 0) continue
          clearTimeout(timer)
          this.#resume(reply as readonly [number, readonly Reply[], number])
        } else if (reply instanceof Push) this.#options.onPush(reply)
        else this.#answer(reply)
      }
    })
    socket.on('error', error => this.#onError(error))
    socket.on('close', () => {
      clearTimeout(timer)
      this.#onClose()
    })
    this.#updateHold()
  }

  /** Tells all who have called, if trying again would not help. */
  #refuse(fault: Error | ReplyError): void {
    const error = this.#options.refusalOf?.(fault)
    if (!error) return
    this.#refused = { error, at: performance.now() }
    for (const pending of this.#pending.splice(0)) {
      // It may have been carried out over an earlier connection.
      const isOpen = pending.sequence > 0
      if (!pending.isAbandoned) pending.settle(isOpen ? timeoutError(pending, true) : error)
    }
  }

  #onError(error: NodeJS.ErrnoException): void {
    this.#refuse(error)
    if (error.code !== 'ENOENT' && error.code !== 'ECONNREFUSED') return
    const now = performance.now()
    this.#absentSince ??= now
    if (now - this.#summonedAt < summonEveryMs) return
    this.#summonedAt = now
    this.#options.summonOwner(now - this.#absentSince)
  }

  #onClose(): void {
    this.#socket = undefined
    this.#isReady = false
    this.#sent = 0
    this.#writer.take()
    if (this.#isClosed) return
    // Nobody asks for anything: the next call connects.
    if (this.#refused && this.#pending.length === 0) return
    this.#retry = setTimeout(() => {
      this.#retry = undefined
      this.#connect()
    }, this.#retryMs)
    this.#retryMs = Math.min(this.#retryMs * 2, retryMaxMs)
    this.#updateHold()
  }

  /** The owner says which of our writes it has, with the answers that we have missed. */
  #resume([sequence, answers, argumentBytesMax]: readonly [number, readonly Reply[], number]): void {
    this.#argumentBytesMax = argumentBytesMax
    this.#retryMs = retryMinMs
    this.#absentSince = undefined
    this.#refused = undefined
    const missed = new Map<number, Reply>()
    for (let i = 0; i + 1 < answers.length; i += 2) missed.set(answers[i] as number, answers[i + 1] as Reply)
    const open: Pending[] = []
    for (const pending of this.#pending) {
      const reply = pending.sequence > 0 ? missed.get(pending.sequence) : undefined
      if (reply !== undefined) this.#settle(pending, reply)
      // Without a caller there is nobody to do it for.
      else if (!pending.isAbandoned) open.push(pending)
      // It was not carried out, and gets a number anew.
      pending.sequence = 0
    }
    this.#pending = open
    this.#sequence = Math.max(this.#sequence, sequence)
    this.#answered = this.#sequence
    this.#isReady = true
    this.#options.onConnected(this.#isFirst)
    this.#isFirst = false
    this.#flushSoon()
    this.#updateHold()
  }

  #answer(reply: Reply): void {
    const pending = this.#pending.shift()
    if (!pending) return
    this.#sent--
    if (pending.isWrite) this.#answered = pending.sequence
    this.#settle(pending, reply)
    if (this.#pending.length === 0) this.#updateHold()
  }

  #settle({ isAbandoned, settle }: Pending, reply: Reply): void {
    if (!isAbandoned) settle(reply)
  }

  #flushSoon(): void {
    if (this.#willFlush) return
    this.#willFlush = true
    queueMicrotask(() => this.#flush())
  }

  #flush(): void {
    this.#willFlush = false
    const socket = this.#socket
    if (!socket || !this.#isReady) return
    for (; this.#sent < this.#pending.length; this.#sent++) {
      const pending = this.#pending[this.#sent] as Pending
      const refusal = this.#refusalOf(pending.call)
      if (refusal) {
        this.#pending.splice(this.#sent--, 1)
        if (!pending.isAbandoned) pending.settle(refusal)
        continue
      }
      if (pending.isWrite) {
        pending.sequence = ++this.#sequence
        this.#writer.append([`#${pending.sequence},${this.#answered}`, ...pending.call])
      } else this.#writer.append(pending.call)
    }
    writeAll(socket, this.#writer.take())
  }

  /** The owner would end the connection instead of reading it to its end, and others have calls on it. */
  #refusalOf(call: Call): StoreError | undefined {
    const tooLarge = call.find(part => byteLengthOf(part, this.#argumentBytesMax) > this.#argumentBytesMax)
    if (tooLarge === undefined) return undefined
    const message = `A value is above ${this.#argumentBytesMax} bytes (store.maxValueBytes): split it, or raise the limit.`
    return new StoreError('STORE_VALUE_TOO_LARGE', message)
  }

  #checkDeadlines(): void {
    const now = performance.now()
    const kept: Pending[] = []
    for (const [i, pending] of this.#pending.entries()) {
      if (pending.isAbandoned || pending.deadline > now) {
        kept.push(pending)
        continue
      }
      pending.isAbandoned = true
      const wasSent = pending.sequence > 0 || i < this.#sent
      pending.settle((wasSent ? undefined : this.#options.explainAbsence?.()) ?? timeoutError(pending, wasSent))
      // The answer of one that was sent is still to come, and has its place.
      if (wasSent) kept.push(pending)
    }
    this.#pending = kept
    if (this.#options.isFar && kept.some(({ isAbandoned }) => isAbandoned)) this.#socket?.destroy()
    if (kept.length > 0) return
    clearInterval(this.#deadlines)
    this.#deadlines = undefined
    this.#updateHold()
  }

  /** An idle connection does not keep the process alive. */
  #updateHold(): void {
    const isWanted = this.#pending.length > 0 || this.#isHeld
    for (const part of [this.#socket, this.#retry, this.#deadlines]) {
      if (isWanted) part?.ref()
      else part?.unref()
    }
  }
}

/** Of a text that is surely short enough not exactly. */
function byteLengthOf(part: Argument, max: number): number {
  if (typeof part === 'number') return 0
  if (typeof part !== 'string') return part.byteLength
  return part.length * 3 <= max ? 0 : Buffer.byteLength(part)
}

function timeoutError({ call }: Pending, wasSent: boolean): StoreError {
  const [name] = call
  return wasSent
    ? new StoreError(
        'STORE_TIMEOUT',
        `The store has not answered ${name} in time: it may have been carried out or not.`,
      )
    : new StoreError('STORE_UNAVAILABLE', `The store could not be reached in time for ${name}: nothing was sent.`)
}
