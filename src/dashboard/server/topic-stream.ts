/** What is published goes to a page as fast as somebody could look at it, and what is left out is counted. */
import type { LogGap, TopicMessage } from '../api.ts'
import type { EventStream } from './event-stream.ts'

const everyMs = 250
/** Of so long a time. */
const messagesMax = 100
const bytesMax = 256 * 1024

export class TopicStream {
  readonly #stream: Pick<EventStream, 'send' | 'onClose'>
  #messages = 0
  #bytes = 0
  #missed = 0
  readonly #timer: NodeJS.Timeout

  constructor(stream: Pick<EventStream, 'send' | 'onClose'>, end: () => void) {
    this.#stream = stream
    this.#timer = setInterval(() => this.#goOn(), everyMs).unref()
    stream.onClose(() => {
      clearInterval(this.#timer)
      end()
    })
  }

  hear(message: TopicMessage): void {
    const bytes = message.topic.length + message.message.length
    const hasRoom = this.#messages < messagesMax && (this.#bytes + bytes <= bytesMax || this.#messages === 0)
    if (!hasRoom || this.#missed > 0 || !this.#stream.send('message', message)) {
      this.#missed++
      return
    }
    this.#messages++
    this.#bytes += bytes
  }

  /** The connection to the store was broken: nobody knows how many are missing. */
  miss(): void {
    this.#stream.send('gap', { missed: 0 } satisfies LogGap)
  }

  #goOn(): void {
    this.#messages = 0
    this.#bytes = 0
    // Not before it is told may others come behind it.
    if (this.#missed > 0 && this.#stream.send('gap', { missed: this.#missed } satisfies LogGap)) this.#missed = 0
  }
}
