/** All in this process, and gone with it: for tests, and for those who want a store without a file. */
import { DatabaseSync } from 'node:sqlite'
import type { StoreLimits } from '../commands/command.ts'
import { schema } from '../database/schema.ts'
import { type Client, newClient } from '../owner/client.ts'
import { Owner } from '../owner/owner.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { checkCall, checkCalls } from './check-call.ts'
import type {
  Call,
  CallOptions,
  Check,
  Engine,
  MovableClock,
  TopicListener,
  Unsubscribe,
  WaitOptions,
} from './engine.ts'
import { bytesOf, LocalReader } from './local-reader.ts'
import { PushListeners } from './push-listeners.ts'
import { valueOrThrow } from './reply-to-error.ts'
import { transactionCall } from './transaction-call.ts'

export interface MemoryOptions {
  /** Milliseconds since 1970; Date.now by default. */
  readonly now?: () => number
  readonly limits?: Partial<StoreLimits>
}

const defaultLimits: StoreLimits = { valueBytesMax: 128 * 1024 ** 2, keysMax: Number.POSITIVE_INFINITY }

export class MemoryEngine implements Engine {
  readonly canReadNow = true
  readonly clock: MovableClock = {
    now: () => performance.now() + this.#movedMs,
    onMove: listener => {
      this.#moveListeners.add(listener)
      return () => this.#moveListeners.delete(listener)
    },
  }
  readonly #owner: Owner
  readonly #reader: LocalReader
  readonly #listeners: PushListeners
  readonly #client: Client
  readonly #now: () => number
  readonly #moveListeners = new Set<() => void>()
  #movedMs = 0
  #isClosed = false
  #requestNext = 1

  constructor({ now, limits = {} }: MemoryOptions = {}) {
    const database = new DatabaseSync(':memory:')
    database.exec(schema)
    this.#now = now ?? Date.now
    this.#owner = new Owner({ database, ...(now && { now }), limits: { ...defaultLimits, ...limits } })
    this.#reader = new LocalReader(database, { now: this.#now, isOwnConnection: false })
    this.#listeners = new PushListeners(call => this.call(call))
    const push = (reply: Reply) => this.#listeners.receive(reply)
    this.#client = newClient({ id: 1, push, protocol: 3 })
  }

  call(call: Call, _options: CallOptions = {}): Promise<Reply> {
    return this.#submit(call)
  }

  readNow(call: Call): Reply {
    this.#throwIfClosed()
    return this.#reader.read(checkCall(call))
  }

  async wait(makeCall: (request: string, timeoutMs: number) => Call, options: WaitOptions): Promise<Reply> {
    const { signal, timeoutMs } = options
    signal?.throwIfAborted()
    const request = `memory-${this.#requestNext++}`
    const answer = this.#submit(makeCall(request, timeoutMs))
    const abort = Promise.withResolvers<never>()
    const onAbort = () => {
      // If it was too late, the answer is on its way, and must not be lost.
      this.#submit(['saola.cancel', request]).then(
        isCancelled => isCancelled === 1 && abort.reject(signal?.reason),
        () => abort.reject(signal?.reason),
      )
    }
    signal?.addEventListener('abort', onAbort, { once: true })
    try {
      return await Promise.race([answer, abort.promise])
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async transaction(checks: readonly Check[], calls: readonly Call[]): Promise<readonly Reply[] | undefined> {
    checkCalls(checks, calls)
    const reply = await this.#submit(transactionCall(checks, calls))
    return (reply as readonly Reply[] | null) ?? undefined
  }

  subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe> {
    return this.#listeners.subscribe(channel, isPattern, listener)
  }

  watch(key: string, listener: (field: Buffer | undefined) => void): Promise<Unsubscribe> {
    return this.#listeners.watch(key, listener)
  }

  /** For tests: what was called before is carried out, and what is over after it ends at once. */
  moveClock(move: () => void): void {
    this.#throwIfClosed()
    this.#owner.moveClock(() => {
      const before = this.#now()
      move()
      this.#movedMs += this.#now() - before
    })
    for (const listener of this.#moveListeners) listener()
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    this.#owner.close()
    this.#owner.keyspace.database.close()
  }

  async #submit(call: Call): Promise<Reply> {
    this.#throwIfClosed()
    const [name, ...args] = checkCall(call)
    const client = this.#client
    const parts = [Buffer.from(name), ...args.map(bytesOf)]
    const reply = await new Promise<Reply>(answer => this.#owner.submit({ client, parts, answer }))
    return valueOrThrow(reply)
  }

  #throwIfClosed(): void {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'The store is closed.')
  }
}
