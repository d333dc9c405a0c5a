import type { KeyType } from '../database/keyspace.ts'
import type { Reply } from '../resp/reply.ts'
import type { Client, Request } from './client.ts'

interface Waiter {
  readonly request: Request
  readonly keys: readonly string[]
  /** Who has waited longer has a smaller one. Kept when it is woken in vain. */
  readonly ticket: number
  readonly deadline: number
  /** When it tries again without a change. */
  readonly wakeAt: number
  readonly onTimeout: Reply
  /** Only a key of this type is what it waits for; undefined: any change of the key. */
  readonly type: KeyType | undefined
  timer: NodeJS.Timeout | undefined
}

interface Wait {
  readonly keys: readonly Buffer[]
  readonly timeoutMs: number
  readonly onTimeout: Reply
  readonly wakeAfterMs?: number | undefined
  readonly type?: KeyType | undefined
}

/**
 * Requests that can only be answered when a key has changed: pops of empty lists, locks that somebody holds.
 *
 * A change wakes the one that has waited longest; if it succeeds, that is a change, too, and wakes the next.
 *
 * Redis' own commands wait for a key of a type. They are served at once behind the request that made the change: nobody's
 * later request comes between, and whoever asks next sees what they have left. Of several keys that have changed, the first
 * is served first. The others try again in the next turn, so that what is given up in the same turn stays where it is.
 */
export class Waiters {
  readonly #byKey = new Map<string, Set<Waiter>>()
  readonly #byRequest = new WeakMap<Request, Waiter>()
  readonly #cancelling = new WeakSet<Request>()
  /** Keys at which others may have been kept from trying by one that was cancelled. */
  readonly #freed = new Set<string>()
  /** Keys for which somebody waits and that have changed, in that order, until those who wait were told. */
  #ready: Buffer[] = []
  /** In this transaction; they wait again when it is rolled back. */
  readonly #served: Waiter[] = []
  readonly #wakeUp: (request: Request) => void
  readonly #now: () => number
  readonly #typeOf: (key: Buffer) => KeyType | undefined
  #ticketNext = 1

  /** `wakeUp` runs a request again, before all that have come later; `typeOf` says what a key holds. */
  constructor(
    wakeUp: (request: Request) => void,
    now: () => number,
    typeOf: (key: Buffer) => KeyType | undefined = () => undefined,
  ) {
    this.#wakeUp = wakeUp
    this.#now = now
    this.#typeOf = typeOf
  }

  /** How many requests wait. */
  get size(): number {
    return new Set(this.#all()).size
  }

  isWaiting(client: Client): boolean {
    for (const { request } of this.#all()) if (request.client === client) return true
    return false
  }

  has(key: Buffer): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key.toString('latin1'))
  }

  /**
   * A `timeoutMs` of 0 waits for ever; after `wakeAfterMs` it is woken without a change. A request that was woken in vain
   * keeps its place and its deadline.
   */
  add(request: Request, wait: Wait): void {
    const before = this.#byRequest.get(request)
    // It has run twice, when the turn was rolled back.
    if (before) this.#remove(before)
    const now = this.#now()
    const deadline = before?.deadline ?? (wait.timeoutMs > 0 ? now + wait.timeoutMs : Number.POSITIVE_INFINITY)
    const waiter: Waiter = {
      request,
      keys: wait.keys.map(key => key.toString('latin1')),
      ticket: before?.ticket ?? this.#ticketNext++,
      deadline,
      wakeAt: wait.wakeAfterMs === undefined ? Number.POSITIVE_INFINITY : now + Math.max(1, wait.wakeAfterMs),
      onTimeout: wait.onTimeout,
      type: wait.type,
      timer: undefined,
    }
    this.#startTimer(waiter)
    this.#byRequest.set(request, waiter)
    for (const key of waiter.keys) this.#insert(key, waiter)
  }

  /** Whether it was run before, and had to wait. */
  hasWaited(request: Request): boolean {
    return this.#byRequest.has(request)
  }

  /** Those who wait for something of another type do not count. */
  isBehindOthers(request: Request, key: Buffer, type?: KeyType): boolean {
    const ticket = this.#byRequest.get(request)?.ticket ?? Number.POSITIVE_INFINITY
    for (const waiter of this.#byKey.get(key.toString('latin1')) ?? []) {
      if (waiter.ticket < ticket && (type ?? waiter.type) === (waiter.type ?? type)) return true
    }
    return false
  }

  /** A command that runs now has changed a key. */
  note(key: Buffer): void {
    if (this.has(key)) this.#ready.push(key)
  }

  /**
   * Runs those again who wait for a type and what has changed is of it, in this transaction; `run` is told which key has woken
   * the request. What they change is served, too.
   */
  serve(run: (request: Request, wokenBy: Buffer) => void): void {
    if (this.#ready.length === 0) return
    const left: Buffer[] = []
    while (this.#ready.length > 0) {
      const key = this.#ready.shift() as Buffer
      this.#serveKey(key, run)
      // What they have changed of it was seen by the next of them.
      this.#ready = this.#ready.filter(other => !other.equals(key))
      if (this.has(key)) left.push(key)
    }
    this.#ready = left
  }

  /** The transaction is committed: whoever was not served yet tries again in the next one. */
  wakeReady(): void {
    this.#served.length = 0
    for (const key of this.#ready.splice(0)) this.wake(key)
  }

  /** The transaction is rolled back: whoever was served in it waits as before. */
  putBack(): void {
    this.#ready.length = 0
    for (const waiter of this.#served.splice(0).reverse()) {
      const again = this.#byRequest.get(waiter.request)
      if (again) this.#remove(again)
      this.#byRequest.set(waiter.request, waiter)
      this.#startTimer(waiter)
      for (const key of waiter.keys) this.#insert(key, waiter)
    }
  }

  /** The key has changed: the first who waits for it tries again. */
  wake(key: Buffer): void {
    const first = this.#firstFor(key)
    if (first) this.#tryAgain(first)
  }

  /** Waits no more, and has its place if it waits again. */
  withdraw(request: Request): void {
    const waiter = this.#byRequest.get(request)
    if (waiter) this.#remove(waiter)
  }

  /** A request that was woken is not carried out: its turn goes to the next. */
  passOn(request: Request): void {
    const waiter = this.#byRequest.get(request)
    if (!waiter) return
    this.#remove(waiter)
    for (const key of waiter.keys) this.wake(Buffer.from(key, 'latin1'))
  }

  /** Ends the wait that the same connection has named so, unanswered; whether there was one. */
  cancel(request: Request, name: Buffer): boolean {
    // It has run twice, when the turn was rolled back.
    if (this.#cancelling.has(request)) return true
    for (const waiter of this.#all()) {
      if (waiter.request.client !== request.client || !waiter.request.parts.at(-1)?.equals(name)) continue
      this.#remove(waiter)
      this.#cancelling.add(request)
      for (const key of waiter.keys) this.#freed.add(key)
      return true
    }
    return false
  }

  /** Ends what a connection waits for, as if its time were over, or with this answer; whether it waited. */
  end(client: Client, answer?: Reply): boolean {
    const ended = [...new Set(this.#all())].filter(waiter => waiter.request.client === client)
    for (const waiter of ended) this.#giveUp(waiter, answer)
    return ended.length > 0
  }

  /** At the end of a turn: not before all that are cancelled in it, as whoever is woken cannot be found. */
  wakeFreed(): void {
    for (const key of this.#freed) this.wake(Buffer.from(key, 'latin1'))
    this.#freed.clear()
  }

  /** A connection has gone. */
  leave(client: Client): void {
    const gone = [...new Set(this.#all())].filter(waiter => waiter.request.client === client)
    for (const waiter of gone) this.#remove(waiter)
    // Whoever waits behind them may have been kept from trying.
    for (const { request } of gone) this.passOn(request)
  }

  /** The data was replaced: whatever somebody waits for may be there now. */
  wakeAll(): void {
    for (const waiter of new Set(this.#all())) this.#tryAgain(waiter)
  }

  /** Does what timers would have done by now: for a clock that is moved by hand. */
  catchUp(): void {
    // One that gives up may wake another, which then waits no more.
    for (const waiter of new Set(this.#all())) {
      if (waiter.keys.some(key => this.#byKey.get(key)?.has(waiter))) this.#onTime(waiter)
    }
  }

  /** Nobody waits any more: answered with this, or not at all. */
  close(answer: Reply | undefined): void {
    for (const waiter of new Set(this.#all())) {
      this.#remove(waiter)
      if (answer !== undefined) waiter.request.answer(answer)
    }
  }

  #serveKey(key: Buffer, run: (request: Request, wokenBy: Buffer) => void): void {
    for (;;) {
      const waiter = this.#firstFor(key)
      if (waiter?.type === undefined) return
      this.#remove(waiter)
      this.#served.push(waiter)
      run(waiter.request, key)
      // It was in vain, and for those behind it, too.
      if (this.#byRequest.get(waiter.request) !== waiter) return
    }
  }

  #firstFor(key: Buffer): Waiter | undefined {
    const waiters = this.#byKey.size === 0 ? undefined : this.#byKey.get(key.toString('latin1'))
    if (!waiters) return undefined
    const type = this.#typeOf(key)
    for (const waiter of waiters) if (waiter.type === undefined || waiter.type === type) return waiter
    return undefined
  }

  *#all(): Iterable<Waiter> {
    for (const waiters of this.#byKey.values()) yield* waiters
  }

  /** In the order of tickets; nearly always at the end. */
  #insert(key: string, waiter: Waiter): void {
    const others = this.#byKey.get(key) ?? new Set()
    const later = [...others].filter(other => other.ticket > waiter.ticket)
    for (const other of later) others.delete(other)
    others.add(waiter)
    for (const other of later) others.add(other)
    this.#byKey.set(key, others)
  }

  #startTimer(waiter: Waiter): void {
    const at = Math.min(waiter.deadline, waiter.wakeAt)
    if (!Number.isFinite(at)) return
    waiter.timer = setTimeout(() => this.#onTime(waiter), Math.min(Math.max(1, at - this.#now()), 2 ** 31 - 1))
  }

  #onTime(waiter: Waiter): void {
    clearTimeout(waiter.timer)
    const { deadline, wakeAt } = waiter
    if (Math.min(deadline, wakeAt) > this.#now()) this.#startTimer(waiter)
    else if (wakeAt < deadline) this.#tryAgain(waiter)
    else this.#giveUp(waiter)
  }

  #tryAgain(waiter: Waiter): void {
    this.#remove(waiter)
    this.#wakeUp(waiter.request)
  }

  #remove(waiter: Waiter): void {
    clearTimeout(waiter.timer)
    for (const key of waiter.keys) {
      const waiters = this.#byKey.get(key)
      waiters?.delete(waiter)
      if (waiters?.size === 0) this.#byKey.delete(key)
    }
  }

  #giveUp(waiter: Waiter, answer = waiter.onTimeout): void {
    this.#remove(waiter)
    waiter.request.answer(answer)
    // Whoever waits behind it may have been kept from trying.
    for (const key of waiter.keys) this.wake(Buffer.from(key, 'latin1'))
  }
}
