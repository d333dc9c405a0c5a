import { BoundedQueue } from '../base/bounded-queue.ts'
import { type Clock, systemClock } from '../base/clock.ts'
import type { LogRecord } from '../base/log.ts'
import type { TreeEvent } from '../control/operations.ts'
import type { StateChange } from '../ipc/status.ts'
import { type OnLine, Subscriber } from '../supervisor/output/subscriber.ts'
import { isTreeEvent } from './tree-events.ts'

const backlogMax = 1_000

interface Follower {
  /** `redis:0`, or `redis` for all of it; all events by default. */
  readonly name?: string | undefined
  /** How many events of the past come first; 0 by default. */
  readonly backlog?: number
  readonly onEvent: OnLine<TreeEvent>
  /** There will be no more. */
  readonly onEnd?: () => void
}

/**
 * What happens to a tree, for those who follow it: changes of state, and what its log says of the whole. The last 1,000 events
 * are kept. Who is slow misses events beyond as many, and is told how many those were.
 */
export class EventFeed {
  readonly #clock: Clock
  readonly #backlog = new BoundedQueue<TreeEvent>(backlogMax)
  readonly #followers = new Map<Subscriber<TreeEvent>, Follower>()

  constructor({ clock = systemClock }: { readonly clock?: Clock } = {}) {
    this.#clock = clock
  }

  /** A process, or the place of one, has changed its state. */
  noteState(change: StateChange): void {
    this.#tell({ time: this.#now(), event: 'state', ...change })
  }

  /** A line of the log; most of them are no events of the tree. */
  noteRecord({ time, level, event, fields }: LogRecord): void {
    if (!isTreeEvent(event)) return
    const own = { time: time.toISOString(), event, level }
    this.#tell({ ...own, ...fields, ...own })
  }

  /** The last events, oldest first. */
  history({ name, backlog = 0 }: Pick<Follower, 'name' | 'backlog'>): readonly TreeEvent[] {
    if (backlog <= 0) return []
    return this.#backlog
      .toArray()
      .filter(event => isMeant(name, event))
      .slice(-backlog)
  }

  /** Tells what happens from now on, after the end of the past. Returns what ends it. */
  follow(follower: Follower): () => void {
    const gap = (count: number): TreeEvent => ({ time: this.#now(), event: 'events.missed', level: 'warn', count })
    const subscriber = new Subscriber({ onLine: follower.onEvent, gap, backlog: this.history(follower) })
    this.#followers.set(subscriber, follower)
    return () => {
      subscriber.end()
      this.#followers.delete(subscriber)
    }
  }

  /** The tree has ended. */
  close(): void {
    for (const { onEnd } of this.#followers.values()) onEnd?.()
    this.#followers.clear()
  }

  #tell(event: TreeEvent): void {
    if (this.#backlog.length === backlogMax) this.#backlog.shift()
    this.#backlog.push(event)
    for (const [subscriber, { name }] of this.#followers) {
      if (subscriber.isEnded) this.#followers.delete(subscriber)
      else if (isMeant(name, event)) subscriber.offer(event)
    }
  }

  #now(): string {
    return this.#clock.date().toISOString()
  }
}

/** Of the tree as a whole only who asks for no name is told: it may have the name of an application. */
function isMeant(wanted: string | undefined, { event, name, source }: TreeEvent): boolean {
  if (wanted === undefined) return true
  const who = event.startsWith('cron.') ? `cron:${name}` : String(name ?? source)
  return !event.startsWith('tree.') && (who === wanted || who.startsWith(`${wanted}:`))
}
