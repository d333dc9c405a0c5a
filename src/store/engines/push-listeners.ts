/** Who in this process listens to which channel and key: the owner is asked once for each, however many listen here. */
import type { Reply } from '../resp/reply.ts'
import { Push } from '../resp/reply.ts'
import type { Call, TopicListener, Unsubscribe } from './engine.ts'

interface Group<Listener> {
  readonly listeners: Set<Listener>
  /** Fulfilled when the owner knows. */
  ready: Promise<unknown>
}

type WatchListener = (field: Buffer | undefined) => void

export class PushListeners {
  readonly #call: (call: Call) => Promise<Reply>
  readonly #channels = new Map<string, Group<TopicListener>>()
  readonly #patterns = new Map<string, Group<TopicListener>>()
  readonly #watched = new Map<string, Group<WatchListener>>()

  constructor(call: (call: Call) => Promise<Reply>) {
    this.#call = call
  }

  get isEmpty(): boolean {
    return this.#channels.size + this.#patterns.size + this.#watched.size === 0
  }

  subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe> {
    const prefix = isPattern ? 'saola.psubscribe' : 'saola.subscribe'
    const undo = isPattern ? 'saola.punsubscribe' : 'saola.unsubscribe'
    return this.#add(isPattern ? this.#patterns : this.#channels, channel, listener, prefix, undo)
  }

  watch(key: string, listener: WatchListener): Promise<Unsubscribe> {
    return this.#add(this.#watched, key, listener, 'saola.watch', 'saola.unwatch')
  }

  /** Something that the owner has sent unasked. */
  receive(reply: Reply): void {
    if (!(reply instanceof Push)) return
    const [kind, first, second, third] = reply.items as readonly (Buffer | null)[]
    switch (String(kind)) {
      case 'message':
        for (const listener of this.#channels.get(String(first))?.listeners ?? [])
          listener.message(String(first), second as Buffer)
        return
      case 'pmessage':
        for (const listener of this.#patterns.get(String(first))?.listeners ?? []) {
          listener.message(String(second), third as Buffer)
        }
        return
      case 'saola.changed':
        for (const listener of this.#watched.get(String(first))?.listeners ?? []) listener(second ?? undefined)
    }
  }

  /** The calls that tell a new owner of all of them. */
  all(): Call[] {
    return [
      ...[...this.#channels.keys()].map((name): Call => ['saola.subscribe', name]),
      ...[...this.#patterns.keys()].map((name): Call => ['saola.psubscribe', name]),
      ...[...this.#watched.keys()].map((name): Call => ['saola.watch', name]),
    ]
  }

  /** The connection was lost and is there again. */
  tellOfGap(): void {
    for (const groups of [this.#channels, this.#patterns]) {
      for (const { listeners } of groups.values()) for (const listener of listeners) listener.gap()
    }
    for (const { listeners } of this.#watched.values()) for (const listener of listeners) listener(undefined)
  }

  async #add<Listener>(
    groups: Map<string, Group<Listener>>,
    name: string,
    listener: Listener,
    command: string,
    undo: string,
  ): Promise<Unsubscribe> {
    const group = groups.get(name) ?? { listeners: new Set(), ready: this.#call([command, name]) }
    groups.set(name, group)
    group.listeners.add(listener)
    const remove = () => {
      if (!group.listeners.delete(listener) || group.listeners.size > 0 || groups.get(name) !== group) return
      groups.delete(name)
      this.#call([undo, name]).catch(() => {})
    }
    try {
      await group.ready
    } catch (error) {
      remove()
      throw error
    }
    return remove
  }
}
