/** What comes from outside one after the other, as something to iterate over: messages of topics, changes of keys. */
import type { Unsubscribe } from '../engines/engine.ts'
import { StoreError } from '../store-error.ts'

/** What has come and was not asked for yet. */
export interface Inbox<Item> {
  readonly length: number
  /** False when it is full. */
  push(item: Item): boolean
  shift(): Item | undefined
}

export interface SubscriptionOptions<Raw, Item> {
  readonly inbox: Inbox<Raw>
  /** What is handed out for what has come. If it throws, that is the end. */
  readonly decode: (raw: Raw) => Item
  readonly subscribe: (receive: (raw: Raw) => void) => Promise<Unsubscribe>
  /** The end when the inbox is full. */
  readonly onFull: () => Error
  readonly signal?: AbortSignal | undefined
  /** Ends it, too. */
  readonly ending?: Ending | undefined
}

/**
 * The end of a store, for all that listens to it. It is no AbortSignal, since one that lives long keeps a trace of each that was
 * joined to it, until there is a pause.
 */
export class Ending {
  readonly #listeners = new Set<() => void>()
  #isOver = false

  /** @throws {StoreError} STORE_CLOSED */
  throwIfOver(): void {
    if (this.#isOver) throw new StoreError('STORE_CLOSED', 'The store is closed: open it again.')
  }

  add(listener: () => void): void {
    this.#listeners.add(listener)
  }

  delete(listener: () => void): void {
    this.#listeners.delete(listener)
  }

  end(): void {
    if (this.#isOver) return
    this.#isOver = true
    for (const listener of this.#listeners) listener()
  }
}

/**
 * What is heard from the moment it is `ready`, or nearly: it is asked for when this is made. Ends with `break`, `return()` or
 * its signal; then nothing more is heard. What fails, or is too slow, throws once, behind what has come before.
 */
export class Subscription<Item> implements AsyncIterableIterator<Item> {
  /** Fulfilled when the owner of the store knows: what happens from then on is heard. */
  readonly ready: Promise<void>
  readonly #options: SubscriptionOptions<unknown, Item>
  readonly #asking: PromiseWithResolvers<IteratorResult<Item, undefined>>[] = []
  readonly #unsubscribe: Promise<Unsubscribe>
  #error: { readonly value: unknown } | undefined
  #isEnded = false

  static open<Raw, Item>(options: SubscriptionOptions<Raw, Item>): Subscription<Item> {
    return new Subscription(options as SubscriptionOptions<unknown, Item>)
  }

  private constructor(options: SubscriptionOptions<unknown, Item>) {
    this.#options = options
    const { signal, ending } = options
    if (signal?.aborted) {
      this.#isEnded = true
      this.#unsubscribe = Promise.resolve(() => {})
    } else {
      signal?.addEventListener('abort', this.#end, { once: true })
      ending?.add(this.#end)
      this.#unsubscribe = this.#subscribe()
    }
    this.ready = this.#unsubscribe.then(() => {})
    // Whoever does not look at `ready` hears of it by `next`.
    this.ready.catch(error => this.#fail(error))
  }

  async next(): Promise<IteratorResult<Item, undefined>> {
    const { inbox } = this.#options
    if (inbox.length > 0) return this.#hand(inbox.shift())
    if (this.#error) {
      const { value } = this.#error
      this.#error = undefined
      throw value
    }
    if (this.#isEnded) return { value: undefined, done: true }
    const asking = Promise.withResolvers<IteratorResult<Item, undefined>>()
    this.#asking.push(asking)
    return asking.promise
  }

  /** Ends it: nothing more is heard. */
  async return(): Promise<IteratorResult<Item, undefined>> {
    this.#end()
    return { value: undefined, done: true }
  }

  [Symbol.asyncIterator](): this {
    return this
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end()
  }

  async #subscribe(): Promise<Unsubscribe> {
    this.#options.ending?.throwIfOver()
    return this.#options.subscribe(raw => this.#receive(raw))
  }

  #receive(raw: unknown): void {
    if (this.#isEnded) return
    const asking = this.#asking.shift()
    if (!asking) {
      if (!this.#options.inbox.push(raw)) this.#fail(this.#options.onFull())
      return
    }
    try {
      asking.resolve(this.#hand(raw))
    } catch (error) {
      asking.reject(error)
    }
  }

  #hand(raw: unknown): IteratorResult<Item, undefined> {
    try {
      return { value: this.#options.decode(raw), done: false }
    } catch (error) {
      // A loop does not call `return` when `next` throws.
      this.#end()
      throw error
    }
  }

  #fail(error: unknown): void {
    if (this.#isEnded) return
    const asking = this.#asking.shift()
    if (asking) asking.reject(error)
    else this.#error = { value: error }
    this.#stop()
  }

  readonly #end = (): void => {
    const { inbox } = this.#options
    while (inbox.length > 0) inbox.shift()
    this.#error = undefined
    this.#stop()
  }

  #stop(): void {
    if (this.#isEnded) return
    this.#isEnded = true
    this.#options.signal?.removeEventListener('abort', this.#end)
    this.#options.ending?.delete(this.#end)
    for (const { resolve } of this.#asking.splice(0)) resolve({ value: undefined, done: true })
    this.#unsubscribe.then(
      unsubscribe => unsubscribe(),
      () => {},
    )
  }
}
