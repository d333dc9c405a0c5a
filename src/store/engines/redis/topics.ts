/** Topics are PUBLISH and SUBSCRIBE of Redis itself, so that others can take part. */
import type { Redis } from 'ioredis'
import type { Reply } from '../../resp/reply.ts'
import type { Call, TopicListener, Unsubscribe } from '../engine.ts'
import type { RedisContext } from './context.ts'
import { subscribersOf } from './subscribers.ts'

export class RedisTopics {
  readonly #context: RedisContext
  #isCluster: boolean | undefined

  constructor(context: RedisContext) {
    this.#context = context
  }

  /**
   * Behind all that this process has asked to hear, or not to hear any more: its count is right. Answered when it was heard here.
   */
  async publish(call: Call, timeoutMs: number): Promise<Reply> {
    const subscribers = subscribersOf(this.#context)
    const settled = subscribers.settled()
    // At once if it can be: before all that is called later.
    const isNow = this.#isCluster === false && !settled
    const reply = await (isNow ? this.#send(call, timeoutMs) : this.#sendLater(call, timeoutMs, settled))
    if (subscribers.hears(String(call[1]))) await subscribers.heard()
    return reply
  }

  async #sendLater(call: Call, timeoutMs: number, settled: Promise<unknown> | undefined): Promise<Reply> {
    const { link } = this.#context
    await settled
    this.#isCluster ??= await link.isClusterWithin(timeoutMs)
    if (this.#isCluster !== true) return this.#send(call, timeoutMs)
    const [node] = await Promise.all([
      subscribersOf(this.#context).masterOf(String(call[1])),
      this.#writesAreDone(timeoutMs),
    ])
    return this.#send(call, timeoutMs, node)
  }

  /** Whoever hears the message must see what was written before it, on whichever master that is. */
  async #writesAreDone(timeoutMs: number): Promise<void> {
    const { link } = this.#context
    const masters = await link.masters()
    await Promise.all(masters.map(node => link.send({ call: ['ping'] }, { timeoutMs, isRead: true, node })))
  }

  #send(call: Call, timeoutMs: number, node?: Redis): Promise<Reply> {
    return this.#context.link.send({ call }, { timeoutMs, isRead: false, isAfterAll: true, ...(node && { node }) })
  }

  /**
   * Resolves when it is subscribed.
   *
   * @throws {StoreError} STORE_UNAVAILABLE when Redis cannot be reached in time; STORE_CLOSED.
   */
  subscribe(channel: string, isPattern: boolean, listener: TopicListener): Promise<Unsubscribe> {
    return subscribersOf(this.#context).listen({
      channel,
      isPattern,
      isOfKeys: false,
      message: (name, message) => listener.message(name, message),
      gap: () => listener.gap(),
    })
  }

  close(): void {
    subscribersOf(this.#context).close()
  }
}
