import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import { type Failure, readFailure, waitedTooLong } from './failure.ts'
import type { Upstream } from './upstream.ts'

/** What becomes of an attempt. Exactly one of `onFailure` and `onEnd` ends it, unless it is cancelled. */
export interface AttemptObserver {
  /** False: the answer is not wanted, and the attempt is cancelled. */
  onHead(attempt: Attempt, status: number, headers: readonly Buffer[], statusText: string): boolean
  /** False: wait for `resume`. */
  onData(chunk: Buffer): boolean
  onEnd(): void
  onFailure(attempt: Attempt, failure: Failure): void
}

export interface AttemptRequest {
  readonly method: string
  readonly target: string
  /** Name and value in turn. */
  readonly headers: string[]
  readonly body: Readable | null
  /** Not on a connection that has carried others before. */
  readonly isFresh: boolean
}

type Controller = Dispatcher.DispatchController

/** How many 1xx answers may precede the real one. They are not passed on (RFC 9110, 15.2). */
const informationalMax = 16

/** One request given to one upstream. undici calls the methods; the observer gets what is left of them. */
export class Attempt implements Dispatcher.DispatchHandler {
  readonly upstream: Upstream
  /** Its bytes may have reached the upstream. */
  wasSent = false
  /** The head of its answer is here. */
  hasHead = false
  readonly #observer: AttemptObserver
  readonly #isProbe: boolean
  #isFresh = false
  #controller: Controller | undefined
  #isOver = false
  #isReleased = false
  #informational = 0
  #waitTimer: NodeJS.Timeout | undefined

  constructor(upstream: Upstream, observer: AttemptObserver) {
    this.upstream = upstream
    this.#observer = observer
    this.#isProbe = upstream.health.begin()
  }

  /** `waitMs`: how long it may wait for a connection when all are busy. */
  start({ method, target, headers, body, isFresh }: AttemptRequest, waitMs: number): void {
    const { upstream } = this
    this.#isFresh = isFresh
    if (upstream.isBusy && waitMs > 0 && !isFresh) this.#waitTimer = setTimeout(() => this.#fail(waitedTooLong), waitMs)
    upstream.inFlight++
    upstream.dispatch({ path: target, method: method as Dispatcher.HttpMethod, headers, body }, this, isFresh)
  }

  resume(): void {
    this.#controller?.resume()
  }

  /** Nobody wants the answer any more. Its connection ends: what comes on it would be taken for another answer. */
  cancel(): void {
    if (this.#isOver) return
    this.#finish()
    if (this.#isProbe) this.upstream.health.endProbe()
    this.#controller?.abort(cancelled)
  }

  onRequestStart(controller: Controller): void {
    this.#controller = controller
    if (this.#isOver) {
      controller.abort(cancelled)
      this.#release()
      return
    }
    this.wasSent = true
    clearTimeout(this.#waitTimer)
  }

  onResponseStart(controller: Controller, status: number, _headers: unknown, statusText = ''): void {
    if (this.#isOver) return
    if (status < 200) {
      if (status < 100 || ++this.#informational > informationalMax) throw new Error(`unexpected status ${status}`)
      return
    }
    this.hasHead = true
    this.upstream.health.succeed()
    const raw = controller.rawHeaders as readonly Buffer[]
    if (!this.#observer.onHead(this, status, raw, statusText)) this.cancel()
  }

  onResponseData(controller: Controller, chunk: Buffer): void {
    if (!this.#isOver && !this.#observer.onData(chunk)) controller.pause()
  }

  onResponseEnd(): void {
    if (this.#isOver) return
    this.#finish()
    this.#observer.onEnd()
  }

  onResponseError(_controller: Controller | null, error: Error): void {
    this.#release()
    this.#fail(readFailure(error, () => !this.#isFresh && this.upstream.wasAnsweredBefore(error)))
  }

  #fail(failure: Failure): void {
    if (this.#isOver) return
    this.#finish()
    const saysNothing = failure.isReuse || failure.kind === 'busy' || failure.kind === 'request'
    if (!this.hasHead && !saysNothing) this.upstream.health.fail(failure.reason)
    else if (this.#isProbe) this.upstream.health.endProbe()
    this.#observer.onFailure(this, failure)
  }

  #finish(): void {
    this.#isOver = true
    clearTimeout(this.#waitTimer)
    // What still waits for a connection stays in the queue of undici, and counts until it is taken out there.
    if (this.#controller) this.#release()
  }

  #release(): void {
    if (this.#isReleased) return
    this.#isReleased = true
    this.upstream.inFlight--
  }
}

const cancelled = new Error('The request was cancelled.')
