/** Watches the answer to a request that fetches for the cache: judges its head, and collects its body while it passes. */
import type { ServerResponse } from 'node:http'
import { addResponseHook, type BodyFilter, type BodySink, type HeadFacts } from '../response-hooks.ts'
import type { CacheRule } from './options.ts'
import { type AnswerHead, type Freshness, judge, type Refusal } from './policy.ts'

/** An answer that may be kept. */
export interface Captured {
  readonly status: number
  readonly statusMessage: string
  /** As they are kept: names and values in turn. */
  readonly rawHeaders: readonly string[]
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
  readonly freshness: Freshness
}

export interface CaptureOptions {
  readonly rule: CacheRule
  /** 304 is an answer here: it was asked with the conditions of what is kept. */
  readonly isConditional: boolean
  /** Asked before bytes are collected; they are given back with a negative number. False: there are too many already. */
  reserve(bytes: number): boolean
  /** Why an answer that may be kept cannot be, where its head tells. */
  objection(head: AnswerHead, freshness: Freshness): Refusal | undefined
  now(): number
  /** The head is there, and is kept or not. It may still be changed. */
  onHead(verdict: Freshness | Refusal): void
  /** It is not kept, for whatever reason. Called once at most, and then nothing else. */
  onRefused(refusal: Refusal): void
  onUnchanged(headers: Readonly<Record<string, string>>, rawHeaders: readonly string[]): void
  onComplete(answer: Captured): void
  /** It broke off. */
  onBroken(): void
}

// Of one connection (RFC 9110, 7.6.1), made anew for each answer, or of one client.
const notKept = new Set([
  ...[
    'connection',
    'keep-alive',
    'proxy-connection',
    'proxy-authenticate',
    'te',
    'trailer',
    'transfer-encoding',
    'upgrade',
  ],
  ...['content-length', 'age', 'cache-status', 'set-cookie', 'cache-tag', 'surrogate-key'],
])

/** What the response has before anybody answers, as the headers of limits, is of this client. */
export function captureAnswer(res: ServerResponse, options: CaptureOptions): void {
  const before = new Map(res.getHeaderNames().map(name => [name, textOf(res.getHeader(name))]))
  let isOver = false
  res.once('close', () => {
    if (!isOver) options.onBroken()
    isOver = true
  })
  const once =
    <Args extends unknown[]>(call: (...args: Args) => void) =>
    (...args: Args) => {
      if (isOver) return
      isOver = true
      call(...args)
    }
  const { onRefused, onUnchanged, onComplete } = options
  addResponseHook(res, {
    onHead: (_res, facts) => {
      if (isOver) return undefined
      const head = readHead(res, before)
      if (head.status === 304 && options.isConditional) {
        once(onUnchanged)(head.headers, head.rawHeaders)
        return undefined
      }
      const { verdict, reserved } = judgeAndReserve(head, facts, options)
      options.onHead(verdict)
      if (!verdict.isKept) {
        once(onRefused)(verdict)
        return undefined
      }
      const complete = (body: Buffer) => once(onComplete)({ ...head, body, freshness: verdict })
      if (!facts.hasBody) {
        complete(Buffer.alloc(0))
        return undefined
      }
      return new Collector(options, reserved, { complete, refuse: once(onRefused) })
    },
  })
}

interface Decision {
  readonly verdict: Freshness | Refusal
  /** Bytes of the body, where its length is known and there is room for it. */
  readonly reserved?: number
}

/** All that the head can tell is decided by it: who reads of an answer that it is stored should find it so. */
function judgeAndReserve(head: AnswerHead, { length, hasBody }: HeadFacts, options: CaptureOptions): Decision {
  const { rule, now, reserve, objection } = options
  const verdict = judge(head, rule, now())
  if (!verdict.isKept) return { verdict }
  if (length !== undefined && length > rule.maxItemBytes) return { verdict: tooLarge }
  const refusal = objection(head, verdict)
  if (refusal) return { verdict: refusal }
  if (length === undefined || !hasBody) return { verdict }
  return reserve(length) ? { verdict, reserved: length } : { verdict: busy }
}

const tooLarge: Refusal = { isKept: false, reason: 'too-large', isError: false }
const truncated: Refusal = { isKept: false, reason: 'truncated', isError: true }
const busy: Refusal = { isKept: false, reason: 'busy', isError: true }

interface CollectorEnds {
  complete(body: Buffer): void
  refuse(refusal: Refusal): void
}

class Collector implements BodyFilter {
  readonly #options: CaptureOptions
  /** Announced. */
  readonly #length: number | undefined
  readonly #ends: CollectorEnds
  #chunks: Buffer[] | undefined = []
  #bytes = 0
  #reserved: number

  /** @param length in bytes, as announced, and reserved; undefined where only the end will tell. */
  constructor(options: CaptureOptions, length: number | undefined, ends: CollectorEnds) {
    this.#options = options
    this.#length = length
    this.#reserved = length ?? 0
    this.#ends = ends
  }

  write(chunk: Buffer, sink: BodySink): boolean {
    this.#collect(chunk)
    const isTaken = sink.write(chunk)
    // Others wait for this answer: a slow client does not hold it up. It is no longer than an item may be.
    return isTaken || this.#chunks !== undefined
  }

  end(sink: BodySink): void {
    sink.end()
    const chunks = this.#chunks
    if (!chunks) return
    const body = Buffer.concat(chunks)
    this.#stop()
    if (this.#length !== undefined && this.#length !== body.length) this.#ends.refuse(truncated)
    else this.#ends.complete(body)
  }

  abort(): void {
    this.#stop()
  }

  #collect(chunk: Buffer): void {
    if (!this.#chunks) return
    const bytes = this.#bytes + chunk.length
    if (bytes > this.#options.rule.maxItemBytes) return this.#giveUp(tooLarge)
    if (bytes > this.#reserved) {
      if (!this.#options.reserve(bytes - this.#reserved)) return this.#giveUp(busy)
      this.#reserved = bytes
    }
    this.#bytes = bytes
    // A copy: whoever wrote it may use its memory again.
    this.#chunks.push(Buffer.from(chunk))
  }

  #giveUp(refusal: Refusal): void {
    this.#stop()
    this.#ends.refuse(refusal)
  }

  #stop(): void {
    if (!this.#chunks) return
    this.#chunks = undefined
    this.#options.reserve(-this.#reserved)
  }
}

// Node's types lack it.
type RawNames = ServerResponse & { getRawHeaderNames(): string[] }

function readHead(res: ServerResponse, before: ReadonlyMap<string, string>) {
  const headers: Record<string, string> = Object.create(null)
  const rawHeaders: string[] = []
  const hopByHop = textOf(res.getHeader('connection') ?? '')
    .toLowerCase()
    .split(/[\t ,]+/)
  for (const written of (res as RawNames).getRawHeaderNames()) {
    const name = written.toLowerCase()
    const value = res.getHeader(written) ?? ''
    if (before.get(name) === textOf(value)) continue
    headers[name] = textOf(value)
    if (notKept.has(name) || hopByHop.includes(name)) continue
    for (const one of Array.isArray(value) ? value : [value]) rawHeaders.push(written, String(one))
  }
  // Node would write the time of each answer, and this one grows old.
  if (headers.date === undefined) rawHeaders.push('Date', new Date().toUTCString())
  return { status: res.statusCode, statusMessage: res.statusMessage ?? '', headers, rawHeaders }
}

function textOf(value: number | string | readonly string[] | undefined): string {
  return Array.isArray(value) ? value.join(', ') : String(value ?? '')
}
