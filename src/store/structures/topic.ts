import { BoundedQueue } from '../../base/bounded-queue.ts'
import type { Engine } from '../engines/engine.ts'
import { argumentInvalid, checkFunction, optionsOf } from '../given.ts'
import { StoreError } from '../store-error.ts'
import { type Encoded, thenDo, type ValueOptions, Values } from './structure.ts'
import { type Ending, type Inbox, Subscription } from './subscription.ts'

export interface TopicOptions<M> extends ValueOptions<M> {}

export interface SubscribeOptions {
  /** Ends the subscription. */
  readonly signal?: AbortSignal | undefined
  /** How many messages may wait for a slow reader; 1000 by default. One more, or 64 MB of them, and it is cut off. */
  readonly bufferMax?: number
  /** Called when the connection was lost and is there again: messages between are missed. */
  readonly onGap?: () => void
}

/** A message of one of several topics. */
export interface TopicMessage<M> {
  readonly topic: string
  readonly message: M
}

interface RawMessage {
  readonly topic: string
  readonly bytes: Buffer
}

const bufferMaxDefault = 1000
const bufferBytesMax = 64 * 1024 ** 2

/**
 * Messages to all processes that listen at that moment. Nothing is kept: who is not there misses it. The messages of one
 * process come in the order in which it has sent them.
 *
 * ```ts
 * const chat = store.topic<string>('chat')
 * for await (const message of chat.subscribe({ signal })) console.log(message)
 * ```
 */
export class Topic<M> {
  readonly name: string
  readonly #engine: Engine
  readonly #values: Values<M>
  readonly #ending: Ending | undefined

  constructor(engine: Engine, name: string, options: TopicOptions<M> = {}, ending?: Ending) {
    this.#engine = engine
    this.name = name
    this.#values = new Values(options)
    this.#ending = ending
  }

  /**
   * Sends a message; returns how many connections of processes get it. All subscriptions of one process count as one.
   *
   * @throws {StoreError} STORE_VALUE_INVALID; STORE_UNAVAILABLE.
   */
  async publish(message: M): Promise<number> {
    return thenDo(encodeOne(this.#values, message), async encoded => {
      return (await this.#engine.call(['publish', this.name, encoded])) as number
    })
  }

  /**
   * The messages from now on, to iterate over; `await subscription.ready` to be sure that the next one is heard. It ends by
   * `break` or its signal. Throws STORE_SUBSCRIBER_SLOW, behind all that is buffered, when more than `bufferMax` messages,
   * or 64 MB of them, wait; and STORE_VALUE_UNREADABLE for a message of another codec.
   */
  subscribe(options: SubscribeOptions = {}): Subscription<M> {
    const ending = this.#ending
    const decode = ({ bytes }: RawMessage) => this.#values.decode(bytes) as M
    return listen(this.#engine, { name: this.name, isPattern: false, ending }, optionsOf(options), decode)
  }
}

/** The messages of all topics whose names match a pattern as in Redis: `*`, `?`, `[a-z]`. As `Topic.subscribe` otherwise. */
export function subscribeToPattern<M>(
  engine: Engine,
  pattern: string,
  options: SubscribeOptions & TopicOptions<M>,
  ending: Ending,
): Subscription<TopicMessage<M>> {
  const values = new Values(options)
  const decode = ({ topic, bytes }: RawMessage) => ({ topic, message: values.decode(bytes) as M })
  return listen(engine, { name: pattern, isPattern: true, ending }, options, decode)
}

interface Heard {
  readonly name: string
  readonly isPattern: boolean
  readonly ending: Ending | undefined
}

function listen<Item>(
  engine: Engine,
  { name, isPattern, ending }: Heard,
  { signal, bufferMax = bufferMaxDefault, onGap }: SubscribeOptions,
  decode: (raw: RawMessage) => Item,
): Subscription<Item> {
  if (!Number.isSafeInteger(bufferMax) || bufferMax < 1) {
    throw argumentInvalid('bufferMax', 'a whole number above 0', bufferMax)
  }
  if (onGap !== undefined) checkFunction(onGap, 'onGap')
  return Subscription.open<RawMessage, Item>({
    inbox: new Buffered(bufferMax),
    decode,
    signal,
    ending,
    onFull: () => slow(name, bufferMax),
    subscribe: receive =>
      engine.subscribe(name, isPattern, {
        // A copy: what came in lies in a chunk of the connection, which would be kept with it.
        message: (topic, message) => receive({ topic, bytes: Buffer.from(message) }),
        gap: () => onGap?.(),
      }),
  })
}

/** Messages that wait for their reader: limited in number and in bytes, but one of any size can always wait. */
class Buffered implements Inbox<RawMessage> {
  readonly #queue: BoundedQueue<RawMessage>
  #bytes = 0

  constructor(lengthMax: number) {
    this.#queue = new BoundedQueue(lengthMax)
  }

  get length(): number {
    return this.#queue.length
  }

  push(message: RawMessage): boolean {
    const bytes = this.#bytes + message.bytes.length
    if ((bytes > bufferBytesMax && this.length > 0) || !this.#queue.push(message)) return false
    this.#bytes = bytes
    return true
  }

  shift(): RawMessage | undefined {
    const message = this.#queue.shift()
    this.#bytes -= message?.bytes.length ?? 0
    return message
  }
}

function slow(name: string, bufferMax: number): StoreError {
  const message = `A subscriber of ${JSON.stringify(name)} left more than ${bufferMax} messages or ${bufferBytesMax / 1024 ** 2} MB unread: subscribe again, and do slow work elsewhere.`
  return new StoreError('STORE_SUBSCRIBER_SLOW', message)
}

function encodeOne<M>(values: Values<M>, message: M): Encoded | Promise<Encoded> {
  const encoded = values.encodeAll([message])
  return encoded instanceof Promise ? encoded.then(([one = '']) => one) : (encoded[0] ?? '')
}
