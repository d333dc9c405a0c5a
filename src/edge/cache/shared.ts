/**
 * The second level: what all workers keep together in the shared store, and the lock that lets one of them fetch.
 *
 * It is a help, never a need: without the store each worker fetches for itself, and no request fails or waits for it. After a
 * failure it is left alone for a moment.
 */
import { hash, randomUUID } from 'node:crypto'
import type { Log } from '../../base/log.ts'
import { besideCache } from '../../store/commands/caches.ts'
import type { Store } from '../../store/store.ts'
import type { Cache } from '../../store/structures/cache.ts'
import { lockKeyOf } from '../../store/structures/lock.ts'
import type { LockHandle } from '../../store/structures/lock-handle.ts'
import { decodeShared, type Entry, encodeShared, type PassMark, type VaryNote } from './entry.ts'
import { answerMs, inTime } from './in-time.ts'
import { News, type NewsOptions } from './news.ts'
import type { Purge } from './purges.ts'
import { Reachability } from './reachability.ts'

/** The lock under which something is fetched, or that this worker must do without. */
export type Lease = { readonly key: string; readonly handle: LockHandle } | 'none'

/** How to find the entry of a request among those of its address; undefined when it cannot be found by it. */
export type VariantOf = (names: readonly string[]) => string | undefined

/** With the names by which it varies. Those may be known, and nothing be kept for this request. */
export interface Found {
  readonly kept: Entry | PassMark | undefined
  readonly vary: readonly string[]
}

type Shared = Entry | PassMark | VaryNote

interface SharedOptions extends Pick<NewsOptions, 'lifetimeMs' | 'onPurge' | 'onChanged' | 'onGap'> {
  readonly app: string
  readonly bytesMax: number
  readonly log: Log
  /** Milliseconds since 1970. */
  now(): number
}

const lockTtl = '5s'
/** A store that is only being started is waited for, before the first use. */
const startMs = 3_000

export class SharedCache {
  readonly #store: Store
  readonly #cache: Cache<Uint8Array>
  readonly #name: string
  readonly #options: SharedOptions
  readonly #reachability: Reachability
  readonly #news: News
  #opening: Promise<void> | undefined
  /** In Redis, say: nothing of it can be read at once. */
  #isRemote = false

  constructor(store: Store, options: SharedOptions) {
    this.#name = `edge-cache:${options.app}`
    this.#store = store
    this.#options = options
    this.#cache = store.cache(this.#name, { codec: 'bytes', maxBytes: options.bytesMax })
    this.#reachability = new Reachability(options)
    const forget = (base: string) => this.#cache.delete(fieldOf(base))
    this.#news = new News(store, { ...options, name: this.#name, forget }, this.#reachability)
  }

  /** Begins at the first call. Resolves when this is of use, or after a moment in which it is not; never rejects. */
  open(): Promise<void> {
    this.#opening ??= this.#begin()
    return this.#opening
  }

  async #begin(): Promise<void> {
    const { promise: late, resolve } = Promise.withResolvers<void>()
    const timer = setTimeout(resolve, startMs)
    await Promise.race([this.#news.listen(), late])
    clearTimeout(timer)
    if (!this.#reachability.isReady) this.#reachability.fail(new Error(`no answer within ${startMs} ms`))
  }

  /** What is kept for a request, now; undefined also where the store cannot be read at once. */
  findNow(base: string, variantOf: VariantOf): Found | undefined {
    if (this.#isRemote || !this.#reachability.isUsable) return undefined
    const kept = this.#peek(base)
    if (kept?.type !== 'vary') return kept && { kept, vary: [] }
    const variant = variantOf(kept.names)
    return foundOf(kept, variant === undefined ? undefined : this.#peek(base + kept.id + variant))
  }

  /** As `findNow`, but the store is asked where it is. */
  async find(base: string, variantOf: VariantOf): Promise<Found | undefined> {
    // Whether it is back is found out by `acquire`.
    if (this.#reachability.isAlone || !this.#reachability.isUsable) return undefined
    const kept = await this.#read(base)
    if (kept?.type !== 'vary') return kept && { kept, vary: [] }
    const variant = variantOf(kept.names)
    return foundOf(kept, variant === undefined ? undefined : await this.#read(base + kept.id + variant))
  }

  /** Waits until this worker may fetch; undefined when another one fetches the same for longer than that. */
  async acquire(key: string, waitMs: number): Promise<Lease | undefined> {
    if (!this.#reachability.isUsable) return 'none'
    if (this.#reachability.isAlone) {
      void this.#tryAgain()
      return 'none'
    }
    try {
      const handle = await this.#lock(key, waitMs)
      this.#reachability.noteAnswer()
      return handle && { key, handle }
    } catch (error) {
      this.#reachability.fail(error)
      return 'none'
    }
  }

  /** Whether it is back. No request waits for that. */
  async #tryAgain(): Promise<void> {
    this.#reachability.pause()
    try {
      await inTime(this.#store.command('ping'))
      this.#reachability.noteAnswer()
    } catch (error) {
      this.#reachability.fail(error)
    }
  }

  async #lock(key: string, waitMs: number): Promise<LockHandle | undefined> {
    const lock = this.#store.lock(this.#lockName(key))
    const release = (late: LockHandle | undefined) => void late?.release().catch(() => {})
    // Whether the store answers at all shows sooner than whether the lock comes free.
    const free = await inTime(lock.tryAcquire({ ttl: lockTtl }), answerMs, release)
    if (free) return free
    try {
      const wait = Math.max(1, waitMs)
      return await inTime(lock.acquire({ ttl: lockTtl, wait: `${wait}ms` }), wait + answerMs, release)
    } catch (error) {
      if ((error as { code?: unknown }).code === 'STORE_LOCK_TIMEOUT') return undefined
      throw error
    }
  }

  /** Keeps an answer that was fetched under a lease; not, if the address was changed meanwhile. */
  async keep(base: string, entry: Entry, { vary, variant, lease }: Place): Promise<void> {
    if (lease === 'none' || !this.#reachability.isUsable) return
    const ttlMs = Math.max(1, Math.ceil(entry.errorUntil - this.#options.now()))
    try {
      if (vary.length === 0) return await this.#write(base, entry, { ttlMs, lease })
      const found = await this.#read(base)
      const isKnown = found?.type === 'vary' && found.names.join() === vary.join()
      const id = isKnown ? found.id : randomUUID()
      const { host, path, startedAt } = entry
      const note: VaryNote = { type: 'vary', key: base, host, path, startedAt, names: vary, id }
      await this.#write(base, note, { ttlMs: this.#options.lifetimeMs, lease })
      await this.#write(base + id + variant, entry, { ttlMs, lease })
    } catch (error) {
      this.#reachability.fail(error)
    }
  }

  async mark(base: string, mark: PassMark, lease: Lease): Promise<void> {
    if (lease === 'none' || !this.#reachability.isUsable) return
    const ttlMs = Math.max(1, Math.ceil(mark.until - this.#options.now()))
    await this.#write(base, mark, { ttlMs, lease }).catch(error => this.#reachability.fail(error))
  }

  async release(lease: Lease): Promise<void> {
    if (lease !== 'none') await lease.handle.release().catch(error => this.#reachability.fail(error))
  }

  /** An address was changed: what is kept of it goes, in all workers, and what is fetched now is not kept. */
  change(base: string, at: number): void {
    void this.open()
    this.#news.change(base, at)
  }

  /** So that all who share this know it. False: the store is not there. */
  remember(purge: Purge): Promise<boolean> {
    return this.#news.remember(purge)
  }

  close(): void {
    this.#reachability.end()
    this.#news.close()
  }

  #peek(key: string): Shared | undefined {
    try {
      return decodeOwn(key, this.#cache.peek(fieldOf(key)))
    } catch (error) {
      if ((error as { code?: unknown }).code === 'STORE_UNSUPPORTED') this.#isRemote = true
      else this.#reachability.fail(error)
      return undefined
    }
  }

  async #read(key: string): Promise<Shared | undefined> {
    const own = this.#isRemote ? undefined : this.#peek(key)
    if (!this.#isRemote) return own
    try {
      return decodeOwn(key, await inTime(this.#cache.get(fieldOf(key))))
    } catch (error) {
      this.#reachability.fail(error)
      return undefined
    }
  }

  async #write(
    key: string,
    kept: Shared,
    { ttlMs, lease }: { ttlMs: number; lease: Exclude<Lease, 'none'> },
  ): Promise<void> {
    const limits = [0, this.#options.bytesMax]
    const guard = [lockKeyOf(this.#lockName(lease.key)), lease.handle.holder]
    const bytes = encodeShared({ ...kept, key })
    await this.#store.command('saola.cache.set', this.#name, fieldOf(key), bytes, ttlMs, 0, ...limits, ...guard)
  }

  #lockName(key: string): string {
    return besideCache(this.#name, fieldOf(key))
  }
}

interface Place {
  readonly vary: readonly string[]
  readonly variant: string
  readonly lease: Lease
}

/** Keys may be as long as addresses: the store has their digests. */
function fieldOf(key: string): string {
  return hash('sha256', key, 'base64url')
}

function decodeOwn(key: string, bytes: Uint8Array | undefined): Shared | undefined {
  const kept = bytes && decodeShared(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  // Two keys of one digest: not in this world, but here it would show a page to somebody else.
  return kept?.key === key ? kept : undefined
}

function foundOf({ names }: VaryNote, entry: Shared | undefined): Found {
  return { kept: entry?.type === 'vary' ? undefined : entry, vary: names }
}
