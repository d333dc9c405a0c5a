/**
 * Lets a step look at and change the answer of whatever comes behind it: the application, an upstream, a file.
 *
 * The application has Node's own response, and frameworks put their prototypes into it, so the hooks stand in the
 * response's own `writeHead`, `write` and `end`. A response without a hook is not touched and costs nothing.
 *
 * Hooks run in the reverse order of their registration: the last one is nearest to the application, sees its answer
 * first and passes it on to the one before.
 */
import type { ServerResponse } from 'node:http'
import { readHeadArguments, setHeaders } from './header-pairs.ts'

export interface ResponseHook {
  /**
   * Called once, right before the head leaves. It may change the status and the headers with the methods of `res`,
   * and gets the body if it returns a filter. Must not throw.
   */
  onHead(res: ServerResponse, head: HeadFacts): BodyFilter | undefined
}

export interface HeadFacts {
  /** A body will follow: false for HEAD, 204 and 304, whose filters are not used. */
  readonly hasBody: boolean
  /** Bytes of the whole body, where that is known: from Content-Length, or because the whole body is at hand. */
  readonly length: number | undefined
}

/** Where a filter passes the body on to. */
export interface BodySink {
  /** Returns false when the client reads more slowly than that: wait for 'drain' of the response. */
  write(chunk: Buffer): boolean
  end(): void
}

export interface BodyFilter {
  /**
   * It keeps the head back, and with it all that would follow: nothing is sent until it calls `release` and answers
   * itself. For whoever replaces the answer.
   */
  readonly withholdsHead?: boolean
  write(chunk: Buffer, sink: BodySink): boolean
  end(sink: BodySink): void
  /**
   * The client has left, or the application has broken its answer off. It may come behind the filter's own `end`, while a
   * filter further out has not passed everything on yet.
   */
  abort?(): void
}

type HookedResponse = ServerResponse & { saolaHooks?: Hooks }

/** Registers a hook; only before the head of the response was sent. */
export function addResponseHook(res: ServerResponse, hook: ResponseHook): void {
  const hooked: HookedResponse = res
  hooked.saolaHooks ??= new Hooks(res)
  hooked.saolaHooks.list.push(hook)
}

/**
 * Ends the withholding: the response is as it was before anybody answered, its headers empty, the hook that withheld and
 * those nearer to the application gone. What is written now goes through the others, and out.
 */
export function release(res: ServerResponse): void {
  ;(res as HookedResponse).saolaHooks?.release()
}

/** Whether an answer has begun, also if a hook keeps it back. */
export function hasAnswered(res: ServerResponse): boolean {
  return res.headersSent || (res as HookedResponse).saolaHooks?.isHeadDone === true
}

/** Whether somebody looks at the answer: what is written may be kept by a filter, and must not be written over. */
export function hasHooks(res: ServerResponse): boolean {
  return (res as HookedResponse).saolaHooks !== undefined
}

type Callback = (error?: Error | null) => void

class Hooks {
  readonly list: ResponseHook[] = []
  isHeadDone = false
  /** The application has called writeHead, and nothing since: what it sends with `end` has a known length. */
  #isHeadGiven = false
  readonly #res: ServerResponse
  readonly #original: Pick<ServerResponse, 'writeHead' | 'write' | 'end' | 'flushHeaders'>
  /** Nearest to the application first. */
  #filters: BodyFilter[] = []
  #entry: BodySink | undefined
  /** The application has ended its answer. */
  #hasEnded = false
  /** The last byte has been handed to the response itself. */
  #isOut = false
  /** Of writes that wait until the client has read. */
  #waiting: Callback[] = []

  constructor(res: ServerResponse) {
    this.#res = res
    // Also what another library has put there: it goes on working behind this.
    this.#original = { writeHead: res.writeHead, write: res.write, end: res.end, flushHeaders: res.flushHeaders }
    res.writeHead = ((...args: unknown[]) => this.#writeHead(args)) as ServerResponse['writeHead']
    res.write = ((...args: unknown[]) => this.#write(args)) as ServerResponse['write']
    res.end = ((...args: unknown[]) => this.#end(args)) as ServerResponse['end']
    res.flushHeaders = () => this.#flushHeaders()
    Object.defineProperty(res, 'headersSent', { get: () => this.headersSent, configurable: true })
    res.once('close', () => {
      if (!this.#isOut) for (const filter of this.#filters) filter.abort?.()
      this.#callWaiting(new Error('The connection was closed before this was sent.'))
    })
  }

  release(): void {
    const res = this.#res
    this.isHeadDone = false
    this.#isHeadGiven = false
    this.#filters = []
    this.#entry = undefined
    this.#hasEnded = false
    res.statusCode = 200
    res.statusMessage = ''
    // The name of the request belongs to the next answer, too.
    for (const name of res.getHeaderNames()) if (name !== 'x-request-id') res.removeHeader(name)
    // Node takes the removal of a header as a wish that it does not add its own.
    res.sendDate = true
    Object.assign(res, { _removedConnection: false, _removedContLen: false, _removedTE: false })
  }

  #writeHead([status, ...rest]: unknown[]): ServerResponse {
    const res = this.#res
    // Also Node's own call, when the head leaves with the first bytes of the body.
    if (this.isHeadDone) return this.#isWithheld ? res : this.#callWriteHead()
    // A second one: Node says that it is too late.
    if (this.#isHeadGiven) {
      this.#runHooks(undefined)
      this.#fixHead()
      return this.#isWithheld ? res : this.#callWriteHead()
    }
    // Node says what is wrong with it, before any hook has believed it.
    if (!isStatus(status)) return this.#original.writeHead.call(res, status as number)
    res.statusCode = Number(status)
    const { reason, headers } = readHeadArguments(rest)
    if (reason !== undefined) res.statusMessage = reason
    if (headers) setHeaders(res, headers)
    // Not yet: Node, too, sends the head with what follows, and then its length may be known.
    this.#isHeadGiven = true
    return res
  }

  /** As Node has it: from writeHead on, unless a hook keeps the head. */
  get headersSent(): boolean {
    return hasHead(this.#res) || (this.#isHeadGiven && !this.#isWithheld)
  }

  /** With the status and the headers that the hooks have left behind. */
  #callWriteHead(): ServerResponse {
    const res = this.#res
    const { statusCode, statusMessage } = res
    return this.#original.writeHead.apply(res, (statusMessage ? [statusCode, statusMessage] : [statusCode]) as [number])
  }

  /** As without a hook, the head counts as sent from the first byte on, also if a filter still keeps that byte. */
  #fixHead(): void {
    if (!this.#isWithheld && !hasHead(this.#res)) this.#callWriteHead()
  }

  #flushHeaders(): void {
    if (!this.isHeadDone) this.#runHooks(undefined)
    if (!this.#isWithheld) this.#original.flushHeaders.call(this.#res)
  }

  #write([chunk, ...rest]: unknown[]): boolean {
    if (!this.isHeadDone) this.#runHooks(undefined)
    if (!this.#entry) return this.#original.write.apply(this.#res, [chunk, ...rest] as never)
    const { encoding, callback } = readArguments(rest)
    if (this.#hasEnded) {
      if (callback) process.nextTick(callback, new Error('write after end'))
      return false
    }
    const bytes = toBuffer(chunk, encoding)
    this.#fixHead()
    const isTaken = this.#entry.write(bytes)
    if (callback) this.#callBack(callback, isTaken)
    return isTaken
  }

  /** Who waits for the callback before writing on, is held up by a client that reads slowly. */
  #callBack(callback: Callback, isTaken: boolean): void {
    if (isTaken || this.#res.destroyed) {
      process.nextTick(callback)
      return
    }
    if (this.#waiting.length === 0) this.#res.once('drain', () => this.#callWaiting())
    this.#waiting.push(callback)
  }

  #callWaiting(error?: Error): void {
    const callbacks = this.#waiting
    this.#waiting = []
    for (const callback of callbacks) callback(error)
  }

  #end(args: unknown[]): ServerResponse {
    const res = this.#res
    const hasChunk = typeof args[0] !== 'function' && args[0] !== null && args[0] !== undefined
    const { encoding, callback } = readArguments(typeof args[0] === 'function' ? args : args.slice(1))
    if (!this.isHeadDone) this.#runHooks(hasChunk ? lengthOf(args[0], encoding) : lengthOfNothing(res))
    if (!this.#entry) {
      this.#hasEnded = true
      this.#isOut = true
      return this.#original.end.apply(res, args as never)
    }
    if (this.#hasEnded) return res
    const chunk = hasChunk ? toBuffer(args[0], encoding) : undefined
    this.#hasEnded = true
    if (callback) res.once('finish', callback)
    this.#fixHead()
    if (chunk) this.#entry.write(chunk)
    this.#entry.end()
    return res
  }

  get #isWithheld(): boolean {
    return this.#filters.some(({ withholdsHead }) => withholdsHead)
  }

  /** `wholeLength` is known when the whole body came with `end`. */
  #runHooks(wholeLength: number | undefined): void {
    this.isHeadDone = true
    const res = this.#res
    let length = wholeLength
    if (length !== undefined) announceLength(res, length)
    while (this.list.length > 0) {
      const hook = this.list.pop()
      const filter = hook?.onHead(res, factsOf(res, length))
      if (!filter || !(factsOf(res, length).hasBody || filter.withholdsHead)) continue
      // What comes out of it is as long as the head says, and of unknown length where that says nothing.
      length = undefined
      // Its 'close' is past.
      if (res.destroyed) {
        filter.abort?.()
        continue
      }
      this.#filters.push(filter)
      if (filter.withholdsHead) break
    }
    if (this.#filters.length > 0) this.#entry = this.#connect()
  }

  /** The chain of filters as one sink: each passes on to the next, the last to the response itself. */
  #connect(): BodySink {
    const res = this.#res
    const { write, end } = this.#original
    const out: BodySink = {
      write: chunk => write.call(res, chunk, 'utf8'),
      end: () => {
        this.#isOut = true
        end.apply(res, [] as never)
      },
    }
    return this.#filters.reduceRight<BodySink>(
      (sink, filter) => ({ write: chunk => filter.write(chunk, sink), end: () => filter.end(sink) }),
      out,
    )
  }
}

function factsOf(res: ServerResponse, length: number | undefined): HeadFacts {
  const { statusCode } = res
  const hasBody = res.req.method !== 'HEAD' && statusCode >= 200 && statusCode !== 204 && statusCode !== 304
  const announced = res.getHeader('content-length')
  return { hasBody, length: announced === undefined ? length : Number(announced) }
}

/**
 * Node adds the length of a body that came whole. With a filter it could not see that any more, so it is said here; a filter
 * that changes the length removes it, as it must anyway.
 */
function announceLength(res: ServerResponse, length: number): void {
  if (hasHead(res) || res.hasHeader('content-length') || res.hasHeader('transfer-encoding')) return
  if (res.hasHeader('trailer') || !factsOf(res, length).hasBody) return
  res.setHeader('Content-Length', length)
}

/** The head is written out: what `headersSent` of Node looks at. */
function hasHead(res: ServerResponse): boolean {
  return Boolean((res as { _header?: string | null })._header)
}

function isStatus(value: unknown): boolean {
  const status = Math.trunc(Number(value))
  return status >= 100 && status <= 999
}

/** What may follow a chunk: an encoding, a callback, or both. */
function readArguments(args: readonly unknown[]): { encoding: BufferEncoding; callback: Callback | undefined } {
  const encoding = isEncoding(args[0]) ? args[0] : 'utf8'
  const callback = args.find(arg => typeof arg === 'function') as Callback | undefined
  return { encoding, callback }
}

function isEncoding(value: unknown): value is BufferEncoding {
  return typeof value === 'string' && Buffer.isEncoding(value)
}

function toBuffer(chunk: unknown, encoding: BufferEncoding): Buffer {
  if (typeof chunk === 'string') return Buffer.from(chunk, encoding)
  return Buffer.isBuffer(chunk) ? chunk : Buffer.from(chunk as Uint8Array)
}

/** Of what ended without a body: to HEAD that says nothing of how long the answer to GET would be. */
function lengthOfNothing({ req }: ServerResponse): number | undefined {
  return req.method === 'HEAD' ? undefined : 0
}

function lengthOf(chunk: unknown, encoding: BufferEncoding): number {
  return typeof chunk === 'string' ? Buffer.byteLength(chunk, encoding) : (chunk as Uint8Array).byteLength
}
