/**
 * Requests that wait for their turn of the event loop.
 *
 * Node handles all that has come in one go: when each of fifty requests needs 5 ms, nothing else happens for a quarter of a
 * second. No connection is accepted meanwhile (libuv takes one in a turn), no health check is answered, and nobody can say how
 * long a request has waited already. So a turn takes in only what fits into a few milliseconds; the others wait here, in their
 * order, where it is known how long.
 *
 * Who waits too long is refused. How long is too long follows CoDel (RFC 8289), in the form that Facebook gave it for servers
 * ("Fail at Scale", ACM Queue 13/8): a queue that was empty lately is a burst, and works itself off; one that never is, is
 * standing, and then only a short wait is left.
 */
import { BoundedQueue } from '../../base/bounded-queue.ts'
import type { Clock } from '../../base/clock.ts'

export interface TurnLimits {
  /** How long a request may wait in a queue that stands. */
  readonly targetMs: number
  /** A queue that was not empty for so long stands; until then a request may wait for so long, too. */
  readonly intervalMs: number
  /** How many may wait in all. */
  readonly lengthMax: number
}

interface Waiting<Job> {
  readonly job: Job
  readonly since: number
}

/** What a turn takes in at most, in milliseconds. */
const budgetMs = 5
const batchMax = 256

/** The order in which they are served: all of the first class before any of the second. */
export type Class = 0 | 1

export class TurnQueue<Job> {
  readonly #limits: TurnLimits
  readonly #clock: Clock
  readonly #handlers: { begin(job: Job): void; refuse(job: Job): void }
  readonly #lanes: readonly [Lane<Job>, Lane<Job>]
  /** When the first request of this turn came; 0 before. */
  #turnAt = 0
  /** How many that have waited are begun in a turn. */
  #batch = 1
  readonly #onTurn = () => this.#turn()

  constructor(limits: TurnLimits, clock: Clock, handlers: { begin(job: Job): void; refuse(job: Job): void }) {
    this.#limits = limits
    this.#clock = clock
    this.#handlers = handlers
    this.#lanes = [new Lane(clock.now()), new Lane(clock.now())]
  }

  get length(): number {
    return this.#lanes[0].length + this.#lanes[1].length
  }

  /** Whether a request need not wait: nobody is before it, and this turn has not lasted long yet. */
  isFree(): boolean {
    const now = this.#clock.now()
    if (this.#turnAt === 0) {
      this.#turnAt = now
      // Comes behind all that was read in this turn.
      setImmediate(this.#onTurn)
    }
    return now - this.#turnAt < budgetMs && this.length === 0
  }

  /** Lets it wait. Returns false when there is no room. Only after `isFree` has been asked. */
  add(job: Job, priority: Class): boolean {
    if (this.length >= this.#limits.lengthMax) return false
    this.#lanes[priority].add({ job, since: this.#clock.now() })
    return true
  }

  #turn(): void {
    const now = this.#clock.now()
    const tookMs = now - this.#turnAt
    this.#turnAt = 0
    if (this.length === 0) {
      this.#batch = 1
      return
    }
    if (tookMs > budgetMs) this.#batch = Math.max(1, this.#batch >> 1)
    else if (tookMs < budgetMs / 2) this.#batch = Math.min(batchMax, this.#batch * 2)
    const [first, second] = this.#lanes
    const left = this.#serve(first, this.#batch, now)
    if (left > 0) this.#serve(second, left, now)
    // What was begun runs before the next turn, and what has come meanwhile is read in it.
    this.#turnAt = now
    setImmediate(this.#onTurn)
  }

  /** Begins so many at most, and refuses those on the way that have waited too long. Returns how many are left. */
  #serve(lane: Lane<Job>, count: number, now: number): number {
    let left = count
    const patienceMs = lane.patience(now, this.#limits)
    while (left > 0) {
      const next = lane.take()
      if (!next) break
      if (now - next.since > patienceMs) this.#handlers.refuse(next.job)
      else {
        this.#handlers.begin(next.job)
        left--
      }
    }
    return left
  }
}

/** First come, first served. */
class Lane<Job> {
  readonly #queue = new BoundedQueue<Waiting<Job>>(Number.MAX_SAFE_INTEGER)
  /** When nobody waited, the last time. */
  #emptyAt: number

  constructor(now: number) {
    this.#emptyAt = now
  }

  get length(): number {
    return this.#queue.length
  }

  add(waiting: Waiting<Job>): void {
    if (this.length === 0) this.#emptyAt = waiting.since
    this.#queue.push(waiting)
  }

  take(): Waiting<Job> | undefined {
    return this.#queue.shift()
  }

  /** How long one may have waited. */
  patience(now: number, { targetMs, intervalMs }: TurnLimits): number {
    return now - this.#emptyAt > intervalMs ? targetMs : intervalMs
  }
}
