/**
 * One request through the proxy: which upstreams get it, in which order, and what the client is told.
 *
 * A request is tried again as long as its client has seen nothing of an answer, its body can be sent once more, and it
 * could do no harm twice: because the method says so (RFC 9110, 9.2.2), or because not a byte of it was sent.
 */
import { tmpdir } from 'node:os'
import type { Readable } from 'node:stream'
import { messageOf } from '../../base/errors.ts'
import { continueBody, type EdgeRequest } from '../edge-request.ts'
import { discardRest } from '../refusals/discard-rest.ts'
import type { RefusalReason } from '../refusals/reasons.ts'
import { refuse } from '../refusals/refuse.ts'
import { Answer } from './answer.ts'
import { Attempt, type AttemptObserver } from './attempt.ts'
import type { Failure } from './failure.ts'
import type { BufferedRequest } from './options.ts'
import { incomingHeaders, outgoingHeaders } from './outgoing-headers.ts'
import { RequestBody } from './request-body.ts'
import { changeHeaders, forbidsBuffering, readLength } from './response-head.ts'
import { SpoolError, type SpooledBody, spoolBody } from './spooled-body.ts'
import type { Upstream } from './upstream.ts'
import type { UpstreamGroup } from './upstream-group.ts'

const statusesToRetry = new Set([502, 503, 504])

export class Exchange implements AttemptObserver {
  readonly #request: EdgeRequest
  readonly #group: UpstreamGroup
  readonly #target: string
  readonly #headers: string[]
  #tried: Upstream[] = []
  #retriesLeft: number
  #attempt: Attempt | undefined
  #answer: Answer | undefined
  #hasBody = false
  #stream: RequestBody | undefined
  #spooled: SpooledBody | undefined
  #isOver = false

  constructor(request: EdgeRequest, group: UpstreamGroup, target: string) {
    this.#request = request
    this.#group = group
    this.#target = target
    this.#headers = outgoingHeaders(request, group.rule)
    this.#retriesLeft = group.rule.retries.count
  }

  start(): void {
    const { res, bodyBytes: length } = this.#request
    // It comes once only, and `once` would cost a wrapper.
    res.on('close', () => this.#leave())
    this.#group.budget.countRequest()
    this.#hasBody = length !== 0
    if (this.#hasBody && this.#group.rule.bufferRequest !== false) {
      void this.#spool(this.#group.rule.bufferRequest)
      return
    }
    if (this.#hasBody && length !== undefined) this.#headers.push('Content-Length', String(length))
    this.#begin(this.#group.choose(this.#request))
  }

  onHead(attempt: Attempt, status: number, raw: readonly Buffer[], statusText: string): boolean {
    if (statusesToRetry.has(status) && this.#canRepeat(attempt, String(status))) {
      const next = this.#group.choose(this.#request, this.#tried)
      if (next && this.#group.budget.take()) {
        this.#retriesLeft--
        // Not from here: the connection of this answer is still being read.
        queueMicrotask(() => this.#begin(next))
        return false
      }
    }
    this.#passHead(attempt, status, raw, statusText)
    return true
  }

  onData(chunk: Buffer): boolean {
    return this.#answer?.write(chunk) ?? true
  }

  onEnd(): void {
    this.#isOver = true
    this.#answer?.end()
    this.#close()
    if (this.#hasBody) discardRest(this.#request.res)
  }

  onFailure(attempt: Attempt, failure: Failure): void {
    if (this.#isOver) return
    if (failure.status === 500) this.#group.spoolFaults.note(failure.reason)
    if (this.#answer) {
      // A part of the answer is with the client: it must see that the rest is missing (RFC 9112, 8).
      this.#finish(() => this.#request.res.destroy())
      return
    }
    const next = this.#canRepeat(attempt, failure.kind) ? this.#nextAfter(attempt, failure) : undefined
    if (next) this.#begin(next, failure.isReuse)
    else this.#refuse(failure.status)
  }

  /** Is it allowed to try once more, whoever would be next? */
  #canRepeat(attempt: Attempt, why: string): boolean {
    if (this.#isOver || !this.#group.retryOn.has(why) || this.#stream?.isTouched) return false
    if (!attempt.wasSent) return true
    return this.#retriesLeft > 0 && this.#group.methods.has(this.#request.req.method ?? '')
  }

  #nextAfter(attempt: Attempt, failure: Failure): Upstream | undefined {
    const other = this.#group.choose(this.#request, this.#tried)
    // A kept connection has broken, not the upstream: a fresh one to the same will do.
    const next = other ?? (failure.isReuse ? attempt.upstream : undefined)
    if (!next || !attempt.wasSent) return next
    if (!this.#group.budget.take()) return undefined
    this.#retriesLeft--
    return next
  }

  #begin(upstream: Upstream | undefined, isFresh = false): void {
    if (this.#isOver) return
    if (!upstream) {
      this.#refuse(503)
      return
    }
    this.#tried.push(upstream)
    const attempt = new Attempt(upstream, this)
    this.#attempt = attempt
    const { method = 'GET' } = this.#request.req
    const request = { method, target: this.#target, headers: this.#headers, body: this.#openBody(), isFresh }
    attempt.start(request, this.#group.rule.timeouts.connect)
  }

  #openBody(): Readable | null {
    if (!this.#hasBody) return null
    if (this.#spooled) return this.#spooled.open()
    this.#stream = new RequestBody(this.#request)
    // undici listens while it sends; what breaks before or after that is seen elsewhere.
    this.#stream.on('error', () => {})
    return this.#stream
  }

  #passHead(attempt: Attempt, status: number, raw: readonly Buffer[], statusText: string): void {
    const { req, res } = this.#request
    const { rule, sticky } = this.#group
    const headers = changeHeaders(incomingHeaders(raw as Buffer[]), rule.headers.response, status)
    if (sticky && sticky.find(this.#request) !== attempt.upstream) {
      headers.push('Set-Cookie', sticky.cookieFor(attempt.upstream, this.#request))
    }
    const hasBody = req.method !== 'HEAD' && status !== 204 && status !== 304
    const aheadBytes = rule.bufferResponse === false || forbidsBuffering(headers) ? 0 : rule.bufferResponse
    this.#answer = new Answer(res, { aheadBytes, onDrain: () => attempt.resume() })
    this.#answer.begin(status, statusText, headers, hasBody ? readLength(headers) : undefined)
  }

  async #spool({ memoryBytes, maxBytes, dir = tmpdir() }: BufferedRequest) {
    const { req, res } = this.#request
    const ending = new AbortController()
    const abort = () => ending.abort()
    res.once('close', abort)
    try {
      continueBody(this.#request)
      const options = { memoryBytes, maxBytes, dir, signal: ending.signal }
      this.#spooled = await spoolBody(req, options)
      res.off('close', abort)
      if (this.#isOver) {
        this.#close()
        return
      }
      this.#headers.push('Content-Length', String(this.#spooled.length))
      this.#hasBody = this.#spooled.length > 0
      this.#begin(this.#group.choose(this.#request))
    } catch (error) {
      const status = error instanceof SpoolError ? error.status : 500
      if (status >= 500) this.#group.spoolFaults.note(messageOf(error))
      if (!this.#isOver) this.#refuse(status)
    }
  }

  #refuse(status: number): void {
    const headers = status === 503 ? { 'Retry-After': String(this.#group.retryAfterSeconds) } : {}
    this.#finish(() => refuse(this.#request.res, status, reasonFor(status), headers))
  }

  /** The client's connection has ended, or its answer is complete. */
  #leave(): void {
    if (!this.#isOver) this.#finish(() => this.#attempt?.cancel())
  }

  #finish(end: () => void): void {
    this.#isOver = true
    // First: a refusal reads the rest of the body itself.
    this.#close()
    end()
  }

  #close(): void {
    // The body may be half on its way to an upstream that is not interested any more.
    this.#stream?.destroy()
    void this.#spooled?.close()
  }
}

/** Of a refusal: the body was too long, the request is one that cannot be sent, the fault is our own disk's, or an upstream's. */
function reasonFor(status: number): RefusalReason {
  if (status === 413) return 'body'
  if (status < 500) return 'bad-request'
  return status === 500 || status === 507 ? 'failed' : 'upstream'
}
