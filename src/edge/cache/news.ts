/**
 * What workers tell each other of the cache: which addresses were changed, and what was purged. Nobody may take from the shared
 * store what another has declared wrong, so a worker that may have missed something forgets what it has in memory.
 */
import { randomUUID } from 'node:crypto'
import type { Store } from '../../store/store.ts'
import type { Topic } from '../../store/structures/topic.ts'
import { inTime } from './in-time.ts'
import type { Purge } from './purges.ts'
import type { Reachability } from './reachability.ts'

type Change = readonly [base: string, at: number]

export interface NewsOptions {
  /** Of the cache in the store: keys and topics begin with it. */
  readonly name: string
  readonly lifetimeMs: number
  onPurge(purge: Purge): void
  onChanged(base: string, at: number): void
  /** Changes of others may have been missed. */
  onGap(): void
  /** Takes from the store what is kept of an address. */
  forget(base: string): Promise<unknown>
}

const againAfterMs = 2_000
const untoldMax = 1_000

export class News {
  readonly #store: Store
  readonly #options: NewsOptions
  readonly #reachability: Reachability
  readonly #ended = new AbortController()
  readonly #heard = Promise.withResolvers<void>()
  /** Changes that the others do not know of yet, and when they happened. */
  readonly #untold = new Map<string, number>()
  #untoldPurge: Purge | undefined

  constructor(store: Store, options: NewsOptions, reachability: Reachability) {
    this.#store = store
    this.#options = options
    this.#reachability = reachability
    reachability.onAnswer = () => this.#tellUntold()
  }

  /** Listens from now on. Resolves when what was said before is known, or cannot be known now; never rejects. */
  listen(): Promise<void> {
    void this.#listen()
    return this.#heard.promise
  }

  /** An address was changed. While the store is away the others are told later. */
  change(base: string, at: number): void {
    if (this.#reachability.isUsable) this.#tell([[base, at]])
    else this.#tellLater([[base, at]])
  }

  /** So that workers of later, and of other machines at the same Redis, know it. False: the store is not there. */
  async remember(purge: Purge): Promise<boolean> {
    try {
      await inTime(this.#purges.set(purge.id, purge, { ttl: `${this.#options.lifetimeMs}ms` }))
      return true
    } catch (error) {
      this.#reachability.fail(error)
      return false
    }
  }

  close(): void {
    this.#ended.abort()
  }

  get #purges() {
    return this.#store.map<Purge>(this.#purgesKey)
  }

  get #purgesKey(): string {
    return `${this.#options.name}:purges`
  }

  get #changes(): Topic<Change> {
    return this.#store.topic<Change>(`${this.#options.name}:changed`)
  }

  #tell(changes: readonly Change[]): void {
    const topic = this.#changes
    const told = changes.map(change => Promise.all([this.#options.forget(change[0]), topic.publish(change)]))
    inTime(Promise.all(told)).catch(error => {
      this.#tellLater(changes)
      this.#reachability.fail(error)
    })
  }

  #tellLater(changes: readonly Change[]): void {
    for (const [base, at] of changes) {
      this.#untold.set(base, at)
      if (this.#untold.size <= untoldMax) continue
      // Rather too much than too little: all of them are one then.
      this.#untold.clear()
      this.#untoldPurge = { id: randomUUID(), kind: 'all', value: '', at }
    }
  }

  #tellUntold(): void {
    const [changes, purge] = [[...this.#untold], this.#untoldPurge]
    this.#untold.clear()
    this.#untoldPurge = undefined
    if (changes.length > 0) this.#tell(changes)
    if (!purge) return
    this.#options.onPurge(purge)
    void this.remember(purge).then(isRemembered => {
      if (!isRemembered) this.#untoldPurge ??= purge
    })
  }

  async #listen(): Promise<void> {
    for (let round = 0; !this.#ended.signal.aborted; round++) {
      // What a round has subscribed to ends with it: the next one listens anew.
      const ended = new AbortController()
      try {
        await this.#hear(AbortSignal.any([this.#ended.signal, ended.signal]), round)
      } catch (error) {
        if (this.#ended.signal.aborted) return
        this.#reachability.isReady = false
        this.#reachability.fail(error)
        // It is of no use now: nobody waits for it.
        this.#heard.resolve()
        await new Promise(resolve => setTimeout(resolve, againAfterMs).unref())
      } finally {
        ended.abort()
      }
    }
  }

  /** Learns of the purges of before, and then hears of each new one. */
  async #hear(signal: AbortSignal, round: number): Promise<void> {
    const { onGap, onPurge } = this.#options
    const purged = this.#store.watch(this.#purgesKey, { signal })
    const changed = this.#changes.subscribe({ signal, onGap })
    await Promise.all([purged.ready, changed.ready])
    for await (const purge of this.#purges.values()) onPurge(purge)
    // It has not listened for a while.
    if (round > 0) onGap()
    this.#reachability.isReady = true
    this.#heard.resolve()
    this.#reachability.noteAnswer()
    await Promise.all([this.#hearPurges(purged), this.#hearChanges(changed)])
  }

  async #hearPurges(purged: AsyncIterable<{ readonly field: string | undefined }>): Promise<void> {
    const { onPurge } = this.#options
    for await (const { field } of purged) {
      const found = field === undefined ? undefined : await this.#purges.get(field)
      if (found) onPurge(found)
      else if (field === undefined) for await (const purge of this.#purges.values()) onPurge(purge)
    }
  }

  async #hearChanges(changed: AsyncIterable<Change>): Promise<void> {
    for await (const [base, at] of changed) this.#options.onChanged(base, at)
  }
}
