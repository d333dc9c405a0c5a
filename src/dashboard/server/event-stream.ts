/** Server-sent events: what is told to a page as it happens. A reader that is slow, or gone, holds up nobody. */
import type { ServerResponse } from 'node:http'
import { Refusal } from './refusal.ts'
import type { Session } from './sessions.ts'

const streamsMax = 64
const heartbeatMs = 15_000
/** How soon a page tries again that has lost its stream. */
const retryMs = 2_000
/** What may wait for a reader. */
const pendingBytesMax = 1024 ** 2
/** A reader that has taken nothing for so long is cut off: its page asks again. */
const stuckMsDefault = 60_000

type StreamSession = Pick<Session, 'id' | 'until'>

/** One reader. */
export class EventStream {
  readonly #res: ServerResponse
  readonly #onClose: (() => void)[] = []
  readonly #session: StreamSession | undefined

  constructor(res: ServerResponse, { session, stuckMs }: { session: StreamSession | undefined; stuckMs: number }) {
    this.#res = res
    this.#session = session
    res.once('close', () => {
      for (const each of this.#onClose.splice(0)) each()
    })
    // Counted from when the connection has last taken a byte: who reads slowly reads. The heartbeat is more frequent.
    res.setTimeout(stuckMs, () => res.destroy())
    res.writeHead(200, {
      'content-type': 'text/event-stream',
      'cache-control': 'no-store',
      'x-accel-buffering': 'no',
    })
    res.write(`retry: ${retryMs}\n\n`)
  }

  get isOpen(): boolean {
    return !this.#res.destroyed && !this.#res.writableEnded
  }

  /** False: it was not taken, since the reader is far behind, or gone. */
  send(event: string, data: unknown): boolean {
    return this.sendText(eventText(event, data))
  }

  /** The same of a text that `eventText` has made, for many readers. */
  sendText(text: string): boolean {
    if (!this.isOpen || this.#res.writableLength > pendingBytesMax) return false
    this.#res.write(text)
    return true
  }

  /** Calls it when the reader has gone, or was told to; at once if that was before. */
  onClose(done: () => void): void {
    if (this.isOpen) this.#onClose.push(done)
    else done()
  }

  isOf(sessionId: string): boolean {
    return this.#session?.id === sessionId
  }

  /** `now` in milliseconds since 1970. It ends with the time of its session. */
  beat(now: number): void {
    if (this.#session && now >= this.#session.until) this.end()
    else this.sendText(': \n\n')
  }

  /** The server ends: the page comes back by itself. */
  end(): void {
    if (this.isOpen) this.#res.end(eventText('bye', {}))
  }
}

/** All readers of a server: so many at most. */
export class EventStreams {
  readonly #open = new Set<EventStream>()
  readonly #stuckMs: number
  #timer: NodeJS.Timeout | undefined

  constructor({ stuckMs = stuckMsDefault }: { readonly stuckMs?: number } = {}) {
    this.#stuckMs = stuckMs
  }

  /** It lasts as long as the session of who reads. @throws {Refusal} 503 when there are too many. */
  open({ res, session }: { readonly res: ServerResponse; readonly session: StreamSession | undefined }): EventStream {
    if (this.#open.size >= streamsMax)
      throw new Refusal(503, `The dashboard has ${streamsMax} readers already. Close a window of it.`)
    const stream = new EventStream(res, { session, stuckMs: this.#stuckMs })
    this.#open.add(stream)
    this.#timer ??= setInterval(() => this.beat(Date.now()), heartbeatMs).unref()
    stream.onClose(() => this.#open.delete(stream))
    return stream
  }

  close(): void {
    clearInterval(this.#timer)
    for (const stream of this.#open) stream.end()
  }

  /** A session was ended. */
  endOf(sessionId: string): void {
    for (const stream of this.#open) if (stream.isOf(sessionId)) stream.end()
  }

  beat(now: number): void {
    for (const stream of this.#open) stream.beat(now)
  }
}

/** One event as it goes over the wire: JSON has no line break that could end it. */
export function eventText(event: string, data: unknown): string {
  return `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`
}
