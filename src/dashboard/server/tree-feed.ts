/**
 * What the tree is and does, for all who look: asked once, and told to each of them. It also looks while nobody does, since the past
 * is shown to who comes later; in a large tree less often then.
 */
import { setTimeout as pause } from 'node:timers/promises'
import { call, follow } from '../../control/client.ts'
import type { TreeEvent, TreeStatus } from '../../control/operations.ts'
import type { ChildView, Hello, History, HistorySpan, Tick, TreeView } from '../api.ts'
import { type EventStream, eventText } from './event-stream.ts'
import { TreeHistory } from './history.ts'
import { type Counted, countedOf, lookOf } from './look.ts'
import { Rates } from './rates.ts'
import { childView, idOf, isSameView, treeView } from './views.ts'

const lookMs = 1_000
/** How often a tree of more children than `smallMax` is looked at while nobody is there. */
const restMs = 10_000
const smallMax = 32
/** How soon a change of state is shown; of many at once, which is what a reload is, this often. */
const soonMs = 200
const answerWaitMs = 5_000
const eventsKept = 200
const retryMs = { min: 250, max: 10_000 }

export class TreeFeed {
  readonly #socket: string
  readonly #history = new TreeHistory()
  readonly #rates = new Rates()
  readonly #readers = new Set<EventStream>()
  readonly #ending = new AbortController()
  #events: TreeEvent[] = []
  #counted: Counted | undefined
  #tree: TreeView | undefined
  #children = new Map<string, ChildView>()
  #last: Tick | undefined
  #timer: NodeJS.Timeout | undefined
  #soon: NodeJS.Timeout | undefined
  #isLooking = false
  #wake: () => void = () => {}

  constructor(controlSocket: string) {
    this.#socket = controlSocket
  }

  start(): void {
    void this.#look()
    void this.#listen()
  }

  close(): void {
    this.#ending.abort()
    clearTimeout(this.#timer)
    clearTimeout(this.#soon)
    this.#wake()
  }

  history(span: HistorySpan): History {
    return this.#history.read(span)
  }

  /** Tells a reader all that is, and from then on what changes. */
  join(reader: EventStream): void {
    const hello = this.#hello()
    if (hello) reader.send('hello', hello)
    this.#readers.add(reader)
    reader.onClose(() => this.#readers.delete(reader))
    if (this.#readers.size === 1) this.#wake()
  }

  #hello(): Hello | undefined {
    if (!this.#tree || !this.#last) return undefined
    const { at, sample } = this.#last
    return { at, tree: this.#tree, children: [...this.#children.values()], sample, events: this.#events }
  }

  async #look(): Promise<void> {
    const { signal } = this.#ending
    while (!signal.aborted) {
      const began = performance.now()
      this.#isLooking = true
      await this.#lookOnce().catch(() => {
        // The tree is busy, or ends: the next look tells. The page sees that nothing comes.
      })
      this.#isLooking = false
      await this.#rest(began)
    }
  }

  /** Until the next look; at once when somebody comes. */
  async #rest(began: number): Promise<void> {
    const isOften = this.#readers.size > 0 || this.#children.size <= smallMax
    const everyMs = isOften ? lookMs : restMs
    const woken = Promise.withResolvers<void>()
    this.#wake = isOften ? () => {} : woken.resolve
    this.#timer = setTimeout(woken.resolve, Math.max(0, began + everyMs - performance.now())).unref()
    await woken.promise
    clearTimeout(this.#timer)
  }

  async #lookOnce(): Promise<void> {
    const options = { timeoutMs: answerWaitMs }
    const [status, figures] = await Promise.all([
      call(this.#socket, 'status', {}, options),
      call(this.#socket, 'figures', {}, options),
    ])
    const [at, now] = [Date.now(), performance.now()]
    this.#rates.update(status.children, figures.workers, now)
    const counted = countedOf(figures, now)
    const look = lookOf({
      ...{ at, status, figures, counted, last: this.#counted },
      rateOf: child => this.#rates.of(child),
    })
    this.#counted = counted
    this.#history.record(look)
    this.#tell({ ...this.#viewOf(status, at), sample: look.sample })
  }

  /** Something has changed its state: that is shown without waiting for the next figures, which are told once a second. */
  #lookSoon(): void {
    this.#soon ??= setTimeout(() => {
      this.#soon = undefined
      // What it misses, the next look has.
      void this.#lookAtStates().catch(() => {})
    }, soonMs).unref()
  }

  async #lookAtStates(): Promise<void> {
    const status = await call(this.#socket, 'status', {}, { timeoutMs: answerWaitMs })
    if (!this.#last || this.#isLooking || this.#ending.signal.aborted) return
    this.#tell({ ...this.#viewOf(status, Date.now()), sample: this.#last.sample })
  }

  #viewOf(status: TreeStatus, at: number) {
    const children = new Map<string, ChildView>()
    for (const child of status.children) {
      const id = idOf(child)
      const view = childView(child, {
        at,
        last: this.#children.get(id),
        requestsPerSecond: this.#rates.of(child)?.requests,
      })
      children.set(id, view)
    }
    return { at, tree: treeView(status, at, this.#tree), children }
  }

  #tell({
    at,
    tree,
    children,
    sample,
  }: Pick<Tick, 'at' | 'sample'> & { tree: TreeView; children: Map<string, ChildView> }) {
    const isFirst = this.#tree === undefined
    const tick: Tick = {
      at,
      ...(!isSameView(tree, this.#tree) && { tree }),
      changed: [...children.values()].filter(view => !isSameView(view, this.#children.get(view.id))),
      gone: [...this.#children.keys()].filter(id => !children.has(id)),
      sample,
    }
    this.#tree = tree
    this.#children = children
    this.#last = tick
    if (this.#readers.size === 0) return
    const text = isFirst ? eventText('hello', this.#hello()) : eventText('tick', tick)
    this.#send(text)
  }

  /** A reader that has missed a difference would show something else than what is: it is to begin anew. */
  #send(text: string): void {
    for (const reader of this.#readers) if (!reader.sendText(text)) reader.end()
  }

  /** What the tree still knows comes first, so that marks outlive this process. */
  async #listen(): Promise<void> {
    const { signal } = this.#ending
    let waitMs = retryMs.min
    while (!signal.aborted) {
      try {
        const known = this.#events.at(-1)
        const lines = known === undefined ? '1000' : '100'
        for await (const event of follow(this.#socket, 'events', { follow: true, lines }, signal)) {
          waitMs = retryMs.min
          this.#note(event)
        }
      } catch {
        // The same as when it has ended: it is asked again.
      }
      await pause(waitMs, undefined, { signal }).catch(() => {})
      waitMs = Math.min(2 * waitMs, retryMs.max)
    }
  }

  #note(event: TreeEvent): void {
    // Those that came before the connection broke come again.
    if (this.#events.some(known => known.time === event.time && isSameView(known, event))) return
    this.#events = [...this.#events.slice(1 - eventsKept), event]
    this.#history.note(event)
    if (this.#readers.size === 0) return
    this.#send(eventText('event', event))
    if (event.event === 'state') this.#lookSoon()
  }
}
