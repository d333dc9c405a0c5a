import { parseSize } from '../../base/units.ts'
import { besideCache } from '../commands/caches.ts'
import type { Engine } from '../engines/engine.ts'
import { argumentInvalid, checkFunction, describe, optionsOf } from '../given.ts'
import type { Reply } from '../resp/reply.ts'
import { StoreError } from '../store-error.ts'
import { type CacheState, cacheStateOf } from './cache-state.ts'
import { Lock, lockKeyOf } from './lock.ts'
import type { LockHandle } from './lock-handle.ts'
import {
  checkKey,
  type Duration,
  type Encoded,
  millisecondsOf,
  nowOf,
  thenDo,
  type ValueOptions,
  Values,
} from './structure.ts'

export interface CacheOptions<V> extends ValueOptions<V> {
  /** How long an entry is fresh, unless `set` says otherwise; for ever by default. */
  readonly ttl?: Duration
  /** How long behind that `getOrSet` may still answer with it, while one process makes a new one; not at all by default. */
  readonly grace?: Duration
  /** Above it the least recently used entries go; without limit by default. */
  readonly maxEntries?: number
  /** As `maxEntries`, by size with a small overhead for each entry; `'100MB'` by default. Infinity: without limit. */
  readonly maxBytes?: number | string
  /** Told when a value that is in its grace could not be made anew. It is tried again at the next `getOrSet`. */
  readonly onRefreshError?: (error: unknown, key: string) => void
}

export interface CacheSetOptions {
  /** How long the entry is fresh. */
  readonly ttl?: Duration
  /** How long it is then still good enough. */
  readonly grace?: Duration
  /** Names by which it can be invalidated together with others. */
  readonly tags?: readonly string[]
}

export interface GetOrSetOptions extends CacheSetOptions {
  /** How long to wait for a value at most, whoever computes it; 30 s by default. */
  readonly timeout?: Duration
}

/** Makes a value. `signal` is aborted when the value will not be used: its time is over, or the key was changed meanwhile. */
export type Compute<V> = (context: { readonly signal: AbortSignal }) => V | Promise<V>

interface Found<V> {
  readonly value: V
  readonly isFresh: boolean
}

interface EntrySettings {
  readonly ttlMs: number
  readonly graceMs: number
  readonly tags: readonly string[]
}

interface Limited {
  readonly key: string
  readonly timeoutMs: number
  /** By `nowOf`. */
  readonly deadline: number
}

interface Job<V> extends EntrySettings, Limited {
  readonly compute: Compute<V>
}

const maxBytesDefault = '100MB'
const timeoutMsDefault = 30_000
// How soon another process goes on when the one that computes has died.
const leaseTtl = '5s'
const whoever = '-'

/** With these the store cannot keep a value just now; whoever asked for it gets it all the same. */
const notKept = new Set<string>([
  ...['STORE_FULL', 'STORE_DISK_FULL', 'STORE_VALUE_TOO_LARGE', 'STORE_TOO_MANY_KEYS'],
  ...['STORE_UNAVAILABLE', 'STORE_TIMEOUT', 'STORE_BUSY'],
])

/**
 * Values that can be made again, shared by all processes: with an end, a limit of size, and tags.
 *
 * What is computed for it while it is deleted, set or invalidated is not kept: a value is never older than the last of these.
 */
export class Cache<V> {
  readonly name: string
  readonly #engine: Engine
  readonly #values: Values<V>
  readonly #options: CacheOptions<V>
  readonly #defaults: EntrySettings
  readonly #limits: readonly [entriesMax: number, bytesMax: number]
  readonly #state: CacheState

  constructor(engine: Engine, name: string, options: CacheOptions<V> = {}) {
    this.#engine = engine
    this.name = name
    this.#options = options
    this.#values = new Values(options)
    this.#defaults = { ttlMs: millisecondsOf(options.ttl), graceMs: millisecondsOf(options.grace, 'grace'), tags: [] }
    const { maxEntries, maxBytes = maxBytesDefault, onRefreshError } = options
    if (onRefreshError !== undefined) checkFunction(onRefreshError, 'onRefreshError')
    this.#limits = [limitOf(maxEntries, 'maxEntries'), limitOf(maxBytes, 'maxBytes')]
    this.#state = cacheStateOf(engine, name)
  }

  /** The value if it is fresh; undefined when it is absent, over or invalidated. */
  async get(key: string): Promise<V | undefined> {
    const found = await this.#find(checkKey(key))
    return found?.isFresh ? found.value : undefined
  }

  /** As `get`, now, from this machine's memory. A write of this process that is under way may not be in. */
  peek(key: string): V | undefined {
    const found = this.#found(checkKey(key), this.#engine.readNow(['saola.cache.get', this.name, key]))
    return found?.isFresh ? found.value : undefined
  }

  /**
   * Keeps a value, in the place of the old one and of any that is being computed.
   *
   * @throws {StoreError} STORE_VALUE_TOO_LARGE when it is larger than the whole cache may be.
   */
  async set(key: string, value: V, options: CacheSetOptions = {}): Promise<void> {
    const settings = this.#settings(options)
    checkKey(key)
    await thenDo(this.#values.encodeAll([value]), async ([encoded]) => {
      const tags = settings.tags.flatMap(tag => [tag, whoever])
      await this.#write(key, encoded as Encoded, settings, [this.#lockKey(key), whoever, ...tags])
    })
  }

  /** Deletes entries; returns how many there were. */
  async delete(...keys: string[]): Promise<number> {
    if (keys.length === 0) return 0
    const pairs = keys.flatMap(key => [checkKey(key), this.#lockKey(key)])
    return (await this.#engine.call(['saola.cache.delete', this.name, ...pairs])) as number
  }

  /** Deletes all entries. */
  async clear(): Promise<void> {
    await this.#engine.call(['saola.cache.clear', this.name])
  }

  /** Makes all entries with this tag absent, however many they are, at once. Each tag that this was done for is remembered. */
  async invalidateTag(tag: string): Promise<void> {
    await this.#engine.call(['saola.cache.invalidate', this.name, checkKey(tag, 'A tag')])
  }

  /** How many entries are kept, with those that are in their grace or invalidated. */
  async size(): Promise<number> {
    return (await this.#engine.call(['hlen', this.name])) as number
  }

  /**
   * The value; if it is absent, the one that `compute` makes, which is then set. However many ask in however many processes,
   * it is computed once; if that fails, all who asked in its process get the error, and another process tries. A value in its
   * grace is returned at once, and a new one made in the background.
   *
   * @throws {StoreError} STORE_TIMEOUT when there is no value within `timeout`; whatever `compute` throws.
   */
  async getOrSet(key: string, compute: Compute<V>, options: GetOrSetOptions = {}): Promise<V> {
    checkKey(key)
    checkFunction(compute, 'What computes a value')
    const { timeout } = optionsOf(options)
    const timeoutMs = timeout === undefined ? timeoutMsDefault : millisecondsOf(timeout, 'timeout')
    const job: Job<V> = {
      ...{ ...this.#settings(options), key, compute, timeoutMs },
      deadline: nowOf(this.#engine) + timeoutMs,
    }
    for (;;) {
      const found = await this.#find(key)
      if (found && !found.isFresh) this.#refresh(job)
      if (found) return found.value
      const flight = this.#state.flights.get(key)
      if (!flight) return (await this.#state.fly(key, () => this.#computeAlone(job))) as V
      // Then it is read: what others get must be a copy, and no older than what was invalidated meanwhile.
      await inTime(this.#engine, flight, job)
    }
  }

  /** In the background; in this process once at a time. */
  #refresh(job: Job<V>): void {
    this.#state.refresh(job.key, async () => {
      const handle = await this.#lock(job.key).tryAcquire({ ttl: leaseTtl })
      // Another process does it.
      if (!handle) return false
      const fresh = { ...job, deadline: nowOf(this.#engine) + job.timeoutMs }
      try {
        await this.#computeHolding(handle, fresh)
        return true
      } catch (error) {
        this.#options.onRefreshError?.(error, job.key)
        return false
      } finally {
        await handle[Symbol.asyncDispose]()
      }
    })
  }

  async #computeAlone(job: Job<V>): Promise<V> {
    for (;;) {
      const handle = await this.#acquire(job)
      try {
        return await this.#computeHolding(handle, job)
      } catch (error) {
        // Somebody has deleted or set the key, or this process stood still: it is looked at again.
        if (!handle.signal.aborted) throw error
      } finally {
        await handle[Symbol.asyncDispose]()
      }
    }
  }

  async #acquire(job: Job<V>): Promise<LockHandle> {
    const leftMs = Math.floor(job.deadline - nowOf(this.#engine))
    if (leftMs <= 0) throw tooLate(job)
    try {
      return await this.#lock(job.key).acquire({ ttl: leaseTtl, wait: `${leftMs}ms` })
    } catch (error) {
      const code = error instanceof StoreError ? error.code : undefined
      if (code === 'STORE_LOCK_TIMEOUT') throw tooLate(job)
      // This process stood still while it got it.
      if (code === 'STORE_LOCK_LOST') return this.#acquire(job)
      throw error
    }
  }

  async #computeHolding(handle: LockHandle, job: Job<V>): Promise<V> {
    const { key, tags } = job
    // Somebody else may have been quicker.
    const found = await this.#find(key)
    if (found?.isFresh) return found.value
    // Before the work begins: what is invalidated from now on must not be kept.
    const versions = (await this.#engine.call(['saola.cache.versions', this.name, ...tags])) as readonly number[]
    const late = new AbortController()
    const signal = AbortSignal.any([handle.signal, late.signal])
    let value: V
    try {
      value = await inTime(this.#engine, started(job.compute, signal), job, signal)
    } catch (error) {
      late.abort(error)
      throw error
    }
    const [encoded = ''] = await this.#values.encodeAll([value])
    const guards = ['', ...tags].flatMap((tag, i) => [tag, versions[i] ?? 0])
    try {
      await this.#write(key, encoded, job, [this.#lockKey(key), handle.holder, ...guards])
    } catch (error) {
      if (!(error instanceof StoreError) || !notKept.has(error.code)) throw error
    }
    return value
  }

  async #write(
    key: string,
    value: Encoded,
    { ttlMs, graceMs }: EntrySettings,
    guards: readonly (string | number)[],
  ): Promise<void> {
    await this.#engine.call(['saola.cache.set', this.name, key, value, ttlMs, graceMs, ...this.#limits, ...guards])
  }

  async #find(key: string): Promise<Found<V> | undefined> {
    return this.#found(key, await this.#engine.call(['saola.cache.get', this.name, key]))
  }

  #found(key: string, reply: Reply): Found<V> | undefined {
    if (reply === null) return undefined
    const [isFresh, bytes] = reply as readonly [number, Buffer]
    if (this.#limits.some(limit => limit > 0)) this.#state.noteUse(key, this.#limits)
    return { value: this.#values.decode(bytes) as V, isFresh: isFresh === 1 }
  }

  #settings(options: CacheSetOptions): EntrySettings {
    const { ttl, grace, tags = [] } = optionsOf(options)
    if (!Array.isArray(tags)) throw argumentInvalid('tags', 'an array of texts', tags)
    return {
      ttlMs: ttl === undefined ? this.#defaults.ttlMs : millisecondsOf(ttl),
      graceMs: grace === undefined ? this.#defaults.graceMs : millisecondsOf(grace, 'grace'),
      tags: tags.map(tag => checkKey(tag, 'A tag')),
    }
  }

  #lock(key: string): Lock {
    return new Lock(this.#engine, besideCache(this.name, key))
  }

  #lockKey(key: string): string {
    return lockKeyOf(besideCache(this.name, key))
  }
}

/** Waits no longer than the job may take, and not when the signal is aborted. */
async function inTime<Value>(
  engine: Engine,
  promise: Promise<Value>,
  job: Limited,
  signal?: AbortSignal,
): Promise<Value> {
  const over = Promise.withResolvers<never>()
  const leftMs = Math.max(0, Math.ceil(job.deadline - nowOf(engine)))
  const timer = setTimeout(() => over.reject(tooLate(job)), Math.min(leftMs, 2 ** 31 - 1))
  const forgetClock = engine.clock?.onMove(() => nowOf(engine) >= job.deadline && over.reject(tooLate(job)))
  const onAbort = () => over.reject(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  if (signal?.aborted) onAbort()
  try {
    return await Promise.race([promise, over.promise])
  } finally {
    clearTimeout(timer)
    forgetClock?.()
    signal?.removeEventListener('abort', onAbort)
  }
}

async function started<V>(compute: Compute<V>, signal: AbortSignal): Promise<V> {
  return compute({ signal })
}

function tooLate({ key, timeoutMs }: Limited): StoreError {
  const message = `There was no value for ${JSON.stringify(key)} within ${timeoutMs} ms: it is computed too slowly, or by too many one after the other.`
  return new StoreError('STORE_TIMEOUT', message)
}

/** 0: no limit. */
function limitOf(limit: number | string | undefined, name: string): number {
  if (limit === undefined || limit === Number.POSITIVE_INFINITY) return 0
  try {
    const number = name === 'maxBytes' ? parseSize(limit) : limit
    if (Number.isSafeInteger(number) && (number as number) > 0) return number as number
  } catch {
    // Said below.
  }
  const expected = name === 'maxBytes' ? 'a size above 0 such as "100MB"' : 'a whole number above 0'
  throw new StoreError('STORE_ARGUMENT_INVALID', `${name} is ${expected}, not ${describe(limit)}.`)
}
