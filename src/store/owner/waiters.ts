import type { Client, Request } from '../commands/command.ts'
import type { Reply } from '../resp/reply.ts'

interface Waiter {
  readonly request: Request
  readonly keys: readonly string[]
  /** Who has waited longer has a smaller one. Kept when it is woken in vain. */
  readonly ticket: number
  /** By performance.now(). */
  readonly deadline: number
  readonly onTimeout: Reply
  timer: NodeJS.Timeout | undefined
}

/**
 * Requests that can only be answered when a key has changed: pops of empty lists, locks that somebody holds.
 *
 * A change wakes the one that has waited longest; if it succeeds, that is a change, too, and wakes the next.
 */
export class Waiters {
  readonly #byKey = new Map<string, Set<Waiter>>()
  readonly #byRequest = new WeakMap<Request, Waiter>()
  readonly #wakeUp: (request: Request) => void
  #ticketNext = 1

  /** `wakeUp` runs a request again, before all that have come later. */
  constructor(wakeUp: (request: Request) => void) {
    this.#wakeUp = wakeUp
  }

  has(key: Buffer): boolean {
    return this.#byKey.size > 0 && this.#byKey.has(key.toString('latin1'))
  }

  /** A `timeoutMs` of 0 waits for ever. A request that was woken in vain keeps its place and its deadline. */
  add(request: Request, wait: { keys: readonly Buffer[]; timeoutMs: number; onTimeout: Reply }): void {
    const before = this.#byRequest.get(request)
    const deadline =
      before?.deadline ?? (wait.timeoutMs > 0 ? performance.now() + wait.timeoutMs : Number.POSITIVE_INFINITY)
    const waiter: Waiter = {
      request,
      keys: wait.keys.map(key => key.toString('latin1')),
      ticket: before?.ticket ?? this.#ticketNext++,
      deadline,
      onTimeout: wait.onTimeout,
      timer: undefined,
    }
    if (Number.isFinite(deadline)) {
      waiter.timer = setTimeout(
        () => this.#giveUp(waiter),
        Math.min(Math.max(0, deadline - performance.now()), 2 ** 31 - 1),
      )
    }
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
    if (!first) return
    this.#remove(first)
    this.#wakeUp(first.request)
  }

  /** A connection has gone. */
  leave(client: Client): void {
    for (const waiter of [...this.#all()]) if (waiter.request.client === client) this.#remove(waiter)
  }

  close(): void {
    for (const waiter of [...this.#all()]) this.#giveUp(waiter)
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
