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
  timer: NodeJS.Timeout | undefined
}

interface Wait {
  readonly keys: readonly Buffer[]
  readonly timeoutMs: number
  readonly onTimeout: Reply
  readonly wakeAfterMs?: number | undefined
}

/**
 * Requests that can only be answered when a key has changed: pops of empty lists, locks that somebody holds.
 *
 * A change wakes the one that has waited longest; if it succeeds, that is a change, too, and wakes the next.
 */
export class Waiters {
  readonly #byKey = new Map<string, Set<Waiter>>()
  readonly #byRequest = new WeakMap<Request, Waiter>()
  readonly #cancelling = new WeakSet<Request>()
  /** Keys at which others may have been kept from trying by one that was cancelled. */
  readonly #freed = new Set<string>()
  readonly #wakeUp: (request: Request) => void
  readonly #now: () => number
  #ticketNext = 1

  /** `wakeUp` runs a request again, before all that have come later. */
  constructor(wakeUp: (request: Request) => void, now: () => number) {
    this.#wakeUp = wakeUp
    this.#now = now
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
      timer: undefined,
    }
    this.#startTimer(waiter)
    this.#byRequest.set(request, waiter)
    for (const key of waiter.keys) this.#insert(key, waiter)
  }

  isBehindOthers(request: Request, key: Buffer): boolean {
    const ticket = this.#byRequest.get(request)?.ticket ?? Number.POSITIVE_INFINITY
    for (const waiter of this.#byKey.get(key.toString('latin1')) ?? []) if (waiter.ticket < ticket) return true
    return false
  }

  /** The key has changed: the first who waits for it tries again. */
  wake(key: Buffer): void {
    if (this.#byKey.size === 0) return
    const [first] = this.#byKey.get(key.toString('latin1')) ?? []
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

  #giveUp(waiter: Waiter): void {
    this.#remove(waiter)
    waiter.request.answer(waiter.onTimeout)
    // Whoever waits behind it may have been kept from trying.
    for (const key of waiter.keys) this.wake(Buffer.from(key, 'latin1'))
  }
}
