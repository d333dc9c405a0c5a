/**
 * Changes of keys, as Redis tells them: whatever command has made them, of whatever program. Which entry of a map was changed
 * Redis does not say, so our own scripts do, if somebody listens: they begin and end with a message between which stands what
 * Redis tells of the key. What others change is told without its entry. Not told is FLUSHALL of others.
 */
import type { Reply } from '../../resp/reply.ts'
import { StoreError } from '../../store-error.ts'
import type { Unsubscribe } from '../engine.ts'
import { ChangeReader } from './change-reader.ts'
import type { RedisContext } from './context.ts'
import { companionOf } from './keys.ts'
import { channelOfKey } from './notifications.ts'
import { subscribersOf } from './subscribers.ts'

type WatchListener = (field: Buffer | undefined) => void

/** Published when all keys were deleted by a store. */
export const flushedChannel = 'saola:flushed'

const endsAtOnce = 100
// Redis was away, or busy: the ends that it has not told of are asked for again.
const lookAgainMs = 1_000
const timerMsMax = 2 ** 31 - 1

export class RedisWatches {
  readonly #context: RedisContext
  readonly #keys = new Map<string, WatchedKey>()
  #isClosed = false

  constructor(context: RedisContext) {
    this.#context = context
  }

  /**
   * Resolves when it is watched: told of each change of the key, and when some may be missed.
   *
   * @throws {StoreError} STORE_UNSUPPORTED when Redis does not tell of keys, and may not be told to; STORE_UNAVAILABLE;
   *   STORE_CLOSED.
   */
  async watch(key: string, listener: WatchListener): Promise<Unsubscribe> {
    if (this.#isClosed) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
    const watched = this.#keys.get(key) ?? new WatchedKey(this.#context, key)
    this.#keys.set(key, watched)
    // The same function may be given twice.
    const own: WatchListener = field => listener(field)
    watched.listeners.add(own)
    const stop = () => {
      if (!watched.listeners.delete(own) || watched.listeners.size > 0) return
      if (this.#keys.get(key) === watched) this.#keys.delete(key)
      watched.stop()
    }
    try {
      await watched.ready
    } catch (error) {
      stop()
      throw error
    }
    return stop
  }

  /** Whether one of these is watched in this process. */
  isWatching(keys: readonly Buffer[]): boolean {
    return keys.some(key => this.#keys.has(String(key)))
  }

  get isIdle(): boolean {
    return this.#keys.size === 0
  }

  /** Resolves when all is told that was changed until now. */
  told(): Promise<void> {
    return subscribersOf(this.#context).heard()
  }

  close(): void {
    this.#isClosed = true
    for (const watched of this.#keys.values()) watched.stop()
    this.#keys.clear()
  }
}

class WatchedKey {
  readonly listeners = new Set<WatchListener>()
  readonly ready: Promise<unknown>
  readonly #context: RedisContext
  readonly #key: Buffer
  readonly #readers = new Map<string, ChangeReader>()
  readonly #subscriptions: Promise<Unsubscribe>[] = []
  /** Entries that end, until when this was looked at. */
  #endsToldUntil = Date.now()
  #endTimer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isToLookAgain = false
  #isStopped = false

  constructor(context: RedisContext, key: string) {
    this.#context = context
    this.#key = Buffer.from(key)
    const gap = () => {
      this.#readers.clear()
      this.#tell(undefined)
    }
    const listen = (
      channel: string,
      isOfKeys: boolean,
      message: (message: Buffer, node: string) => void,
      onGap = () => {},
    ) =>
      subscribersOf(context).listen({
        ...{ channel, isPattern: false, isOfKeys, gap: onGap },
        message: (_, bytes, node) => message(bytes, node),
      })
    this.#subscriptions.push(
      channelOfKey(context, key).then(channel =>
        listen(channel, true, (_, node) => this.#readerOf(node).changed(), gap),
      ),
      channelOfKey(context, String(companionOf('ttl', this.#key))).then(channel =>
        listen(channel, true, (_, node) => this.#readerOf(node).endsChanged()),
      ),
      listen(`saola:fields:${key}`, true, (message, node) => this.#readerOf(node).hint(message)),
      listen(flushedChannel, false, () => this.#tell(undefined)),
    )
    this.ready = Promise.all(this.#subscriptions).then(() => this.#lookForEnds())
    this.ready.catch(() => {})
  }

  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#endTimer)
    for (const subscription of this.#subscriptions) {
      subscription.then(
        unsubscribe => unsubscribe(),
        () => {},
      )
    }
  }

  #readerOf(node: string): ChangeReader {
    const known = this.#readers.get(node) ?? new ChangeReader(field => this.#tell(field))
    this.#readers.set(node, known)
    return known
  }

  #tell(field: Buffer | undefined): void {
    if (this.#isStopped) return
    for (const listener of [...this.listeners]) listener(field)
    this.#lookAgain()
  }

  /** Entries of a map that end by themselves: Redis does not know of them. */
  #lookForEnds(): Promise<void> {
    this.#isToLookAgain = true
    this.#looking ??= this.#look()
    return this.#looking
  }

  /** What it finds out it tells later: nobody waits for it, so that a failure is made good by another look. */
  #lookAgain(): void {
    this.#lookForEnds().catch(() => {
      if (this.#isStopped) return
      clearTimeout(this.#endTimer)
      this.#endTimer = setTimeout(() => this.#lookAgain(), lookAgainMs)
      this.#endTimer.unref()
    })
  }

  async #look(): Promise<void> {
    try {
      while (this.#isToLookAgain && !this.#isStopped) {
        this.#isToLookAgain = false
        this.#await(await this.#nextEnds())
      }
    } finally {
      // In the same step as the last question whether to look again, so that none is missed.
      this.#looking = undefined
    }
  }

  async #nextEnds(): Promise<End[]> {
    const { link, timeoutMs } = this.#context
    const key = companionOf('ttl', this.#key)
    const range = [`(${this.#endsToldUntil}`, '+inf', 'WITHSCORES', 'LIMIT', 0, endsAtOnce] as const
    return endsOf(await link.send({ call: ['zrangebyscore', key, ...range] }, { timeoutMs, isRead: true }))
  }

  #await(ends: readonly End[]): void {
    clearTimeout(this.#endTimer)
    const [next] = ends
    if (!next || this.#isStopped) return
    const ms = Math.min(Math.max(1, next.at - Date.now() + 1), timerMsMax)
    this.#endTimer = setTimeout(() => {
      const now = Date.now()
      for (const { field, at } of ends) {
        if (at > now) break
        this.#endsToldUntil = Math.max(this.#endsToldUntil, at)
        for (const listener of [...this.listeners]) listener(field)
      }
      this.#lookAgain()
    }, ms)
    this.#endTimer.unref()
  }
}

interface End {
  readonly field: Buffer
  readonly at: number
}

function endsOf(reply: Reply): End[] {
  const items = reply as readonly Buffer[]
  return Array.from({ length: items.length / 2 }, (_, i) => ({
    field: items[2 * i] as Buffer,
    at: Number(String(items[2 * i + 1])),
  }))
}
