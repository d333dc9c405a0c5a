/**
 * The engine of a process that asks an owner. On the owner's machine reads are done here, on the owner's file, as long as nothing
 * that this process has written to the same key is under way; from another machine (remote.ts) the owner is asked for all.
 */
import { randomBytes } from 'node:crypto'
import { statSync } from 'node:fs'
import net from 'node:net'
import { DatabaseSync } from 'node:sqlite'
import { codeOf } from '../../base/errors.ts'
import { commands } from '../commands/table.ts'
import { databaseOf, hasRoom, unusable } from '../database/folder.ts'
import { isDamage } from '../database/sqlite-failure.ts'
import type { Push, Reply, ReplyError } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { checkCall, checkCalls } from './check-call.ts'
import type { Call, CallOptions, Check, Engine, TopicListener, Unsubscribe, WaitOptions } from './engine.ts'
import { LocalReader } from './local-reader.ts'
import { OwnerConnection, type OwnerConnectionOptions } from './owner-connection.ts'
import { PushListeners } from './push-listeners.ts'
import { valueOrThrow } from './reply-to-error.ts'
import { transactionCall } from './transaction-call.ts'

export interface EmbeddedOptions {
  /** The folder of the store; undefined when it is on another machine. */
  readonly dir: string | undefined
  /** The owner's socket, on this machine. */
  socketPath?(): string
  /** The connection to an owner elsewhere. */
  readonly far?: Pick<
    OwnerConnectionOptions,
    'connect' | 'connectedEvent' | 'greeting' | 'refusalOf' | 'explainAbsence'
  >
  /** Called once, before the first connection is tried. */
  announceUse?(): void
  /** Nobody listens on it, and has not for so many milliseconds: starts an owner, or asks for one. Called at most every 300 ms. */
  summonOwner?(absentMs: number): void
  /** Milliseconds that a call may take; 10,000 by default. */
  readonly timeoutMs?: number
}

interface Wait {
  readonly makeCall: (timeoutMs: number) => Call
  readonly deadline: number
  readonly settle: (reply: Reply | StoreError) => void
  /** If its signal is aborted: whether. */
  readonly giveUpIfAborted: () => boolean
  /** Sent, or about to be, and not known to be queued: the connection sends it again by itself. */
  isAsking: boolean
}

const defaultTimeoutMs = 10_000
// The owner says when a wait is over; if it says nothing for so long, there is none.
const waitGraceMs = 10_000
const doneKind = 'saola.done'

export class EmbeddedEngine implements Engine {
  readonly canReadNow: boolean
  readonly #options: EmbeddedOptions
  readonly #timeoutMs: number
  readonly #connection: OwnerConnection
  readonly #listeners: PushListeners
  /** Writes under way: how many for each key, and how many whose keys are not looked at. */
  readonly #writing = new Map<string, number>()
  #writingAnywhere = 0
  #writes = 0
  readonly #waits = new Map<string, Wait>()
  #reader: { readonly local: LocalReader; readonly database: DatabaseSync; readonly inode: number } | undefined
  #isClosed = false

  constructor(options: EmbeddedOptions) {
    this.#options = options
    this.#timeoutMs = options.timeoutMs ?? defaultTimeoutMs
    this.#listeners = new PushListeners(call => this.#send(call, false).finally(() => this.#hold()))
    const { dir, far } = options
    this.canReadNow = dir !== undefined
    this.#connection = new OwnerConnection({
      connect: () => net.connect({ path: options.socketPath?.() ?? '' }),
      announceUse: options.announceUse,
      summonOwner: absentMs => options.summonOwner?.(absentMs),
      explainAbsence: () => (dir === undefined || hasRoom(dir) ? undefined : noRoom(dir)),
      refusalOf: fault => (dir === undefined ? undefined : notAllowed(dir, fault)),
      ...(far && { ...far, isFar: true }),
      onPush: push => this.#onPush(push),
      onConnected: isFirst => this.#onConnected(isFirst),
    })
  }

  async call(call: Call, options: CallOptions = {}): Promise<Reply> {
    const command = commands.get(checkCall(call)[0])
    if (command?.flags.includes('readonly') && !this.#isWriting(call) && this.#canRead()) return this.#read(call)
    const isWrite = command?.flags.includes('write') === true
    return valueOrThrow(await this.#send(call, isWrite, options.timeoutMs))
  }

  readNow(call: Call): Reply {
    return this.#read(checkCall(call))
  }

  #read(call: Call): Reply {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
    if (!this.canReadNow) throw new StoreError('STORE_UNSUPPORTED', notNow)
    try {
      return this.#local().read(call)
    } catch (error) {
      throw error instanceof StoreError ? error : readError(error as Error)
    }
  }

  async wait(makeCall: (request: string, timeoutMs: number) => Call, options: WaitOptions): Promise<Reply> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    const request = randomBytes(12).toString('base64url')
    const deadline = timeoutMs > 0 ? performance.now() + timeoutMs : Number.POSITIVE_INFINITY
    const { promise, resolve, reject } = Promise.withResolvers<Reply>()
    const wait: Wait = {
      makeCall: ms => checkCall(makeCall(request, ms)),
      deadline,
      settle: reply => (reply instanceof StoreError ? reject(reply) : resolve(reply)),
      giveUpIfAborted: () => {
        if (signal?.aborted) reject(signal.reason)
        return signal?.aborted === true
      },
      isAsking: false,
    }
    this.#sendWait(wait)
    this.#waits.set(request, wait)
    const onAbort = () => {
      // Nobody is there to say it: the next owner is told of it, and of what it may have got, by its caller.
      if (!this.#connection.isReady) reject(signal?.reason)
      // If it was too late, the answer is on its way, and must not be lost.
      this.#send(['saola.cancel', request], false).then(
        isCancelled => isCancelled === 1 && reject(signal?.reason),
        () => reject(signal?.reason),
      )
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    const timer = Number.isFinite(deadline)
      ? setTimeout(
          () => reject(new StoreError('STORE_UNAVAILABLE', 'The store did not answer.')),
          timeoutMs + waitGraceMs,
        )
      : undefined
    this.#hold()
    try {
      return valueOrThrow(await promise)
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      this.#waits.delete(request)
      this.#hold()
    }
  }

  async transaction(checks: readonly Check[], calls: readonly Call[]): Promise<readonly Reply[] | undefined> {
    checkCalls(checks, calls)
    const reply = valueOrThrow(await this.#send(transactionCall(checks, calls), true))
    return (reply as readonly Reply[] | null) ?? undefined
  }

  subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe> {
    return this.#listeners.subscribe(channel, isPattern, listener)
  }

  watch(key: string, listener: (field: Buffer | undefined) => void): Promise<Unsubscribe> {
    return this.#listeners.watch(key, listener)
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#connection.close()
    const error = new StoreError('STORE_CLOSED', 'The store was closed.')
    for (const { settle } of this.#waits.values()) settle(error)
    this.#closeReader()
  }

  async #send(call: Call, isWrite: boolean, timeoutMs = this.#timeoutMs): Promise<Reply> {
    if (!isWrite) return this.#connection.send(call, { isWrite, timeoutMs })
    this.#count(call, 1)
    try {
      return await this.#connection.send(call, { isWrite, timeoutMs })
    } finally {
      this.#count(call, -1)
    }
  }

  /** Notes a write that begins or has ended. */
  #count(call: Call, by: number): void {
    this.#writes += by
    const key = singleKeyOf(call)
    if (key === undefined) {
      this.#writingAnywhere += by
      return
    }
    const count = (this.#writing.get(key) ?? 0) + by
    if (count === 0) this.#writing.delete(key)
    else this.#writing.set(key, count)
  }

  #isWriting(call: Call): boolean {
    if (this.#writes === 0) return false
    const key = singleKeyOf(call)
    return key === undefined || this.#writingAnywhere > 0 || this.#writing.has(key)
  }

  #canRead(): boolean {
    if (!this.canReadNow) return false
    if (this.#reader || this.#isClosed) return true
    try {
      this.#local()
      return true
    } catch {
      // There is no file before the first owner has made it: whoever asks the owner waits for that.
      return false
    }
  }

  #local(): LocalReader {
    if (this.#reader) return this.#reader.local
    const path = databaseOf(this.#options.dir ?? '')
    const inode = statSync(path).ino
    const database = new DatabaseSync(path, { readOnly: true, timeout: 1000 })
    try {
      database.exec('PRAGMA mmap_size = 268435456')
      database.prepare('SELECT count(*) FROM meta').get()
    } catch (error) {
      database.close()
      throw error
    }
    this.#reader = { local: new LocalReader(database, { now: Date.now, isOwnConnection: true }), database, inode }
    return this.#reader.local
  }

  #onConnected(isFirst: boolean): void {
    this.#reopenIfReplaced()
    if (isFirst) return
    const heard = this.#listeners
      .all()
      .map(call => this.#connection.send(call, { isWrite: false, timeoutMs: this.#timeoutMs }))
    // Only then: whoever hears of the gap looks at what there is now, and must miss nothing that comes behind it.
    void Promise.allSettled(heard).then(() => this.#listeners.tellOfGap())
    // An answer that was on its way is lost with the connection.
    for (const wait of this.#waits.values()) if (!wait.giveUpIfAborted() && !wait.isAsking) this.#sendWait(wait)
  }

  /** A damaged file is set aside by the owner, and another one has its name. */
  #reopenIfReplaced(): void {
    if (!this.#reader) return
    try {
      if (statSync(databaseOf(this.#options.dir ?? '')).ino === this.#reader.inode) return
    } catch {
      // Gone altogether.
    }
    this.#closeReader()
  }

  #closeReader(): void {
    this.#reader?.local.close()
    this.#reader?.database.close()
    this.#reader = undefined
  }

  #sendWait(wait: Wait): void {
    const { makeCall, deadline, settle } = wait
    const leftMs = Number.isFinite(deadline) ? Math.max(1, Math.round(deadline - performance.now())) : 0
    wait.isAsking = true
    this.#connection
      .send(makeCall(leftMs), { isWrite: false, timeoutMs: this.#timeoutMs })
      .finally(() => {
        wait.isAsking = false
      })
      .then(
        // QUEUED; else it could not even wait.
        reply => isQueued(reply) || settle(reply),
        // What was not reached is sent again with the connection back; what was refused here is not.
        (error: StoreError) => isFinal(error) && settle(error),
      )
  }

  #onPush(push: Push): void {
    const [kind, request, reply] = push.items
    if (String(kind) === doneKind) this.#waits.get(String(request))?.settle(reply as Reply)
    else this.#listeners.receive(push)
  }

  /** Whoever listens or waits keeps the process alive. */
  #hold(): void {
    this.#connection.isHeld = this.#waits.size > 0 || !this.#listeners.isEmpty
  }
}

/** The only key of a call; undefined when it has several or none. */
function singleKeyOf(call: Call): string | undefined {
  const positions = commands.get(call[0])?.keys
  if (!positions || 'countAt' in positions || positions.first !== 0 || positions.last !== 0) return undefined
  const [, key] = call
  // The same key, given as text or as bytes, is the same.
  return key instanceof Uint8Array ? Buffer.from(key).toString() : String(key)
}

const notNow =
  'The store is on another machine: nothing of it can be read at once. Use get and its kin instead of peek.'

function isFinal({ code }: StoreError): boolean {
  return (
    code === 'STORE_CLOSED' ||
    code === 'STORE_BUSY' ||
    code === 'STORE_NO_AUTH' ||
    code === 'STORE_UNSUPPORTED' ||
    code === 'STORE_DIRECTORY_UNUSABLE'
  )
}

function isQueued(reply: Reply): boolean {
  return reply !== null && typeof reply === 'object' && 'text' in reply && reply.text === 'QUEUED'
}

/** The owner runs as another user, or the folder is closed to this one: that does not pass. */
function notAllowed(dir: string, fault: Error | ReplyError): StoreError | undefined {
  const code = codeOf(fault)
  return code === 'EACCES' || code === 'EPERM' ? unusable(dir, fault) : undefined
}

function noRoom(dir: string): StoreError {
  const message = `The disk of ${dir} is full, so that no process could open the store to write: make room. Nothing was sent.`
  return new StoreError('STORE_DISK_FULL', message)
}

function readError(error: Error): StoreError {
  if (isDamage(error)) return new StoreError('STORE_CORRUPT', `The file of the store is damaged: ${error.message}.`)
  return new StoreError('STORE_UNAVAILABLE', `The store cannot be read yet: ${error.message}.`, { cause: error })
}
