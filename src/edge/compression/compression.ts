/**
 * Compresses what the application and upstreams answer, for clients that accept it. It changes an answer only where that is
 * right for everybody between here and there, and where its length gives no secret away: see docs/edge/compression.md.
 */
import type { ServerResponse } from 'node:http'
import { type Encoding, refusesIdentity } from '../content/accept-encoding.ts'
import type { Step } from '../edge-request.ts'
import { headerText } from '../header-text.ts'
import type { EdgeSettings } from '../options.ts'
import { addResponseHook, type BodyFilter, type HeadFacts, type ResponseHook } from '../response-hooks.ts'
import { createCodingOf } from './coding.ts'
import { addVary, changeHead, createTypeTest, isCompressible, isSecret, weakenTag } from './compressible.ts'
import { type Compressor, createCompressors } from './compressors.ts'
import { StreamedBody, WholeBody } from './filters.ts'
import type { CompressionSettings } from './options.ts'

/** Up to here a body is compressed in place, which takes less than a thread's answer: 0.2 ms for 16 KB. */
const wholeBytesMax = 16 * 1024

export async function createCompression({ compression }: Pick<EdgeSettings, 'compression'>): Promise<Step | undefined> {
  if (!compression) return undefined
  const counters = { compressed: 0, streaming: 0, skippedBusy: 0 }
  const codingOf = createCodingOf(compression)
  const compressors = createCompressors(compression.level)
  const hookFor = (encoding?: Encoding) =>
    new CompressionHook(compression, counters, encoding && { name: encoding, compressor: compressors[encoding] })
  const plain = hookFor()
  const hooks = new Map(compression.encodings.map(encoding => [encoding, hookFor(encoding)]))
  return {
    name: 'compression',
    counters,
    run: ({ req, res, upgrade }) => {
      if (upgrade) return 'next'
      const encoding = codingOf(req)
      // Also without one: what is sent says that with another Accept-Encoding it would have been different.
      addResponseHook(res, (encoding && hooks.get(encoding)) ?? plain)
      return 'next'
    },
  }
}

interface Coding {
  readonly name: Encoding
  readonly compressor: Compressor
}

/** One for each coding: what belongs to an answer is in its filter. */
class CompressionHook implements ResponseHook {
  readonly #settings: CompressionSettings
  readonly #counters: { compressed: number; streaming: number; skippedBusy: number }
  readonly #isType: (contentType: string) => boolean
  readonly #coding: Coding | undefined
  readonly #release = () => {
    this.#counters.streaming--
  }

  constructor(settings: CompressionSettings, counters: CompressionHook['counters'], coding: Coding | undefined) {
    this.#settings = settings
    this.#counters = counters
    this.#isType = createTypeTest(settings.types)
    this.#coding = coding
  }

  get counters() {
    return this.#counters
  }

  onHead(res: ServerResponse, { hasBody, length }: HeadFacts): BodyFilter | undefined {
    if (res.statusCode === 304) {
      this.#onNotModified(res)
      return undefined
    }
    if (!isCompressible(res, this.#isType)) return undefined
    addVary(res)
    const coding = this.#coding
    if (!coding || isSecret(res, this.#settings.cookies) || this.#isTooSmall(res, length)) return undefined
    const isWhole = length !== undefined && length <= wholeBytesMax
    if (!isWhole && hasBody && this.#counters.streaming >= this.#settings.concurrency) {
      this.#counters.skippedBusy++
      return undefined
    }
    changeHead(res, coding.name)
    if (!hasBody) return undefined
    this.#counters.compressed++
    if (isWhole) return new WholeBody(coding.compressor)
    this.#counters.streaming++
    return new StreamedBody(coding.compressor, res, this.#release)
  }

  /** It carries no type, so nobody knows whether the answer was compressed: a weak tag is right for both. */
  #onNotModified(res: ServerResponse): void {
    if (!this.#coding || !res.hasHeader('etag')) return
    weakenTag(res)
    addVary(res)
  }

  #isTooSmall(res: ServerResponse, length: number | undefined): boolean {
    if (length === undefined || length >= this.#settings.minBytes) return false
    // Small or not: who wants nothing else gets nothing else (RFC 9110, 12.5.3).
    return length === 0 || !refusesIdentity(headerText(res.req.headers['accept-encoding']))
  }
}
