/**
 * Fetches what is not there, or not fresh: one request for each address at a time, over all workers (request collapsing).
 * Who comes meanwhile waits for it, but no longer than `lockTimeout`.
 *
 * The first client that wants an address that is not there fetches it with its own request, and gets the answer as it comes.
 * All else is fetched by requests of the cache's own: in the background, and where the client's own would not do, being a
 * HEAD or asking for a part.
 */
import type { EdgeRequest, Outcome } from '../edge-request.ts'
import { changeTarget } from '../edge-request.ts'
import { backgroundRequest } from './background.ts'
import { cookiePrefix, shortKey, variantKey } from './cache-key.ts'
import { type Captured, captureAnswer } from './capture.ts'
import type { Entry, PassMark } from './entry.ts'
import { fillHeaders, replaceHeaders } from './fill-headers.ts'
import type { MemoryCache } from './memory.ts'
import { lowered, mergeHeaders, withoutContent } from './merge-headers.ts'
import type { CacheRule } from './options.ts'
import { type Freshness, judge, type Refusal } from './policy.ts'
import { type Purges, tagsOf } from './purges.ts'
import type { Found, Lease, SharedCache } from './shared.ts'

/** What a client wants. */
export interface Wanted {
  readonly request: EdgeRequest
  readonly rule: CacheRule
  /** The key of its address. */
  readonly base: string
  /** As it is sent on. */
  readonly search: string
}

/**
 * `kept`: look again. `retry`: so, too, but nobody has fetched it. `pass`: it cannot be kept. `failed`: the origin is in
 * trouble. `late`: it takes too long.
 */
export type Result = 'kept' | 'retry' | 'pass' | 'failed' | 'late'

type NotLeased = 'kept' | 'retry' | 'late'

export interface FetchServices {
  readonly memory: MemoryCache
  readonly shared: SharedCache | undefined
  readonly purges: Purges
  readonly collectingMax: number
  now(): number
}

interface Flight {
  /** By what its request is told apart: address and variant. */
  readonly key: string
  readonly startedAt: number
  /** How it ends for those who wait. */
  readonly awaited: Promise<Result>
  settle(result: Result): void
}

const fetchMsMax = 60_000
const againAfterMs = 1_000
const failedMax = 10_000

export class Fetches {
  readonly #services: FetchServices
  readonly #flights = new Map<string, Flight>()
  /** Until when what has failed is not tried again. */
  readonly #failed = new Map<string, number>()
  #collecting = 0
  /** Runs a request through what is behind the cache. */
  behind: (request: EdgeRequest) => void = () => {}

  constructor(services: FetchServices) {
    this.#services = services
  }

  /** Whether it failed a moment ago. */
  hasFailed(wanted: Wanted): boolean {
    const key = this.#keyOf(wanted)
    if (key === undefined || this.#failed.size === 0) return false
    return this.#services.now() < (this.#failed.get(shortKey(key)) ?? 0)
  }

  /** How the request ends that fetches this now; undefined when there is none. */
  awaited(wanted: Wanted): Promise<Result> | undefined {
    const key = this.#keyOf(wanted)
    return key === undefined ? Promise.resolve('pass') : this.#flights.get(key)?.awaited
  }

  /** Fetches with the client's own request: it goes on (`next`), or has become superfluous (a result). */
  async withClient(wanted: Wanted): Promise<Outcome | Result> {
    const { request } = wanted
    const flight = this.#begin(wanted)
    const lease = await this.#lease(wanted, flight)
    if (!isLease(lease)) return lease
    if (request.res.destroyed) {
      this.#end(flight, lease, 'retry')
      return 'done'
    }
    const restore = replaceHeaders(request.req, fillHeaders(request, wanted.rule))
    // Before the access log, which stands behind.
    request.res.prependOnceListener('close', restore)
    this.#capture(wanted, request, { flight, lease, stale: undefined }, (verdict, res) => {
      restore()
      for (const name of ['cache-tag', 'surrogate-key']) res.removeHeader(name)
      res.appendHeader('Cache-Status', statusOfMiss(verdict, this.#hasVariant(wanted, verdict)))
    })
    const { path, encodedPath } = request
    changeTarget(request, { path, encodedPath, search: wanted.search })
    return 'next'
  }

  /** Fetches with a request of its own. `stale` is what is kept: it is asked whether that has changed. */
  async inBackground(wanted: Wanted, stale: Entry | undefined): Promise<Result> {
    const flight = this.#begin(wanted)
    const lease = await this.#lease(wanted, flight, stale)
    if (!isLease(lease)) return lease
    const { request, rule, search } = wanted
    const rawHeaders = [...fillHeaders(request, rule), ...conditionsOf(stale)]
    const own = backgroundRequest(request, { rawHeaders, search })
    const timer = setTimeout(() => own.res.destroy(), fetchMsMax).unref()
    own.res.once('close', () => clearTimeout(timer))
    this.#capture(wanted, own, { flight, lease, stale }, (verdict, res) => {
      // Nobody wants the rest of what is not kept.
      if (!verdict.isKept) setImmediate(() => res.destroy())
    })
    this.behind(own)
    return flight.awaited
  }

  #capture(
    wanted: Wanted,
    { res }: EdgeRequest,
    job: { flight: Flight; lease: Lease; stale: Entry | undefined },
    onHead: (verdict: Freshness | Refusal, res: EdgeRequest['res']) => void,
  ): void {
    const { flight, lease, stale } = job
    const isOwn = wanted.request.res !== res
    captureAnswer(res, {
      rule: wanted.rule,
      isConditional: stale?.etag !== undefined || stale?.lastModified !== undefined,
      now: () => this.#services.now(),
      reserve: bytes => this.#reserve(bytes),
      objection: ({ headers }) => (tagsOf(headers) ? undefined : tooManyTags),
      onHead: verdict => onHead(verdict, res),
      onRefused: refusal => {
        if (isOwn) setImmediate(() => res.destroy())
        this.#refuse(wanted, flight, lease, refusal)
      },
      onUnchanged: (headers, rawHeaders) => this.#renew(wanted, job, headers, rawHeaders),
      onComplete: answer => this.#keep(wanted, flight, lease, answer),
      onBroken: () => this.#end(flight, lease, isOwn ? 'failed' : 'retry'),
    })
  }

  #keep(wanted: Wanted, flight: Flight, lease: Lease, answer: Captured): void {
    const tags = tagsOf(answer.headers)
    if (!tags) return this.#refuse(wanted, flight, lease, tooManyTags)
    const { memory, shared, purges, now } = this.#services
    const { request, base } = wanted
    const vary = this.#varyOf(wanted, answer.freshness)
    const variant = variantKey(vary, request.req)
    if (variant === undefined) return this.#end(flight, lease, 'pass')
    const times = timesOf(answer.freshness, now())
    const { status, statusMessage, body } = answer
    const validators = { etag: answer.headers.etag, lastModified: answer.headers['last-modified'] }
    const kept = { key: base, host: request.host, path: request.path, startedAt: flight.startedAt, tags }
    const what = { status, statusMessage, headers: answer.rawHeaders, body, ...validators }
    const entry: Entry = { type: 'answer', ...kept, ...what, ...times }
    // It may be from before the purge.
    if (purges.means(entry, base)) return this.#end(flight, lease, 'retry')
    memory.put(base, vary, variant, entry)
    this.#failed.delete(shortKey(flight.key))
    this.#end(flight, lease, 'kept', () => shared?.keep(base, entry, { vary, variant, lease }))
  }

  /** Who has once varied by more is taken at its word: some of its answers may have forgotten to say it. */
  #varyOf({ rule, base }: Wanted, { vary }: Freshness): string[] {
    const known = this.#services.memory.get(base)?.vary ?? []
    return [...new Set([...known, ...vary, ...rule.cookies.map(name => cookiePrefix + name)])].sort()
  }

  /** Whether what the client says is short enough for a key. */
  #hasVariant(wanted: Wanted, verdict: Freshness | Refusal): boolean {
    return !verdict.isKept || variantKey(this.#varyOf(wanted, verdict), wanted.request.req) !== undefined
  }

  /** What is kept is still right: RFC 9111, 4.3.4. */
  #renew(
    wanted: Wanted,
    { flight, lease, stale }: { flight: Flight; lease: Lease; stale: Entry | undefined },
    headers: Readonly<Record<string, string>>,
    rawHeaders: readonly string[],
  ): void {
    if (!stale) return this.#end(flight, lease, 'failed')
    const merged = mergeHeaders(stale.headers, rawHeaders)
    const all = { ...lowered(merged), ...withoutContent(headers) }
    const freshness = judge({ status: stale.status, headers: all }, wanted.rule, this.#services.now())
    if (!freshness.isKept) return this.#refuse(wanted, flight, lease, freshness)
    const { status, statusMessage, body, tags } = stale
    const tagged = all['cache-tag'] === undefined && all['surrogate-key'] === undefined
    const answer = { status, statusMessage, rawHeaders: merged, body, freshness }
    this.#keep(wanted, flight, lease, {
      ...answer,
      headers: tagged ? { ...all, 'cache-tag': tags.join(',') } : all,
    })
  }

  #refuse({ request, rule, base }: Wanted, flight: Flight, lease: Lease, { reason, isError }: Refusal): void {
    const { memory, shared, purges, now } = this.#services
    if (isError) {
      if (this.#failed.size >= failedMax) this.#failed.clear()
      this.#failed.set(shortKey(flight.key), now() + againAfterMs)
      return this.#end(flight, lease, 'failed')
    }
    const { host, path } = request
    const until = now() + rule.hitForMiss
    const mark: PassMark = { type: 'pass', key: base, host, path, startedAt: flight.startedAt, until, reason }
    if (purges.means(mark, base)) return this.#end(flight, lease, 'pass')
    memory.mark(base, mark)
    this.#end(flight, lease, 'pass', () => shared?.mark(base, mark, lease))
  }

  #reserve(bytes: number): boolean {
    if (bytes > 0 && this.#collecting + bytes > this.#services.collectingMax) return false
    this.#collecting += bytes
    return true
  }

  /** Takes the machine's lock. Anything else: the flight has ended without it, so. */
  async #lease(wanted: Wanted, flight: Flight, stale?: Entry): Promise<Lease | NotLeased> {
    const { shared } = this.#services
    if (!shared) return 'none'
    await shared.open()
    // Nobody has looked yet where it cannot be read at once, or was opened only now.
    const before = await this.#lookShared(wanted, flight, stale)
    const lease = before ? 'none' : await shared.acquire(flight.key, wanted.rule.lockTimeout)
    const ended = lease === undefined ? 'late' : (before ?? (await this.#lookShared(wanted, flight, stale)))
    if (ended === undefined) return lease as Lease
    this.#end(flight, lease ?? 'none', ended)
    return ended
  }

  /**
   * Whether another worker has fetched it meanwhile (`kept`), or has found out that answers vary (`retry`): those who know
   * that already take another lock, and under this one it would be fetched twice.
   */
  async #lookShared(wanted: Wanted, flight: Flight, stale?: Entry): Promise<'kept' | 'retry' | undefined> {
    if (await this.#takeShared(wanted, stale)) return 'kept'
    return this.#keyOf(wanted) === flight.key ? undefined : 'retry'
  }

  /** Copies what the shared store has for a request into memory, if it is newer. Returns whether there was such. */
  takeSharedNow(wanted: Wanted, older?: Entry): boolean {
    return this.#take(wanted, this.#services.shared?.findNow(wanted.base, variantOf(wanted)), older)
  }

  async #takeShared(wanted: Wanted, older?: Entry): Promise<boolean> {
    return this.#take(wanted, await this.#services.shared?.find(wanted.base, variantOf(wanted)), older)
  }

  #take({ request, base, rule }: Wanted, found: Found | undefined, older: Entry | undefined): boolean {
    const { memory, purges, now } = this.#services
    if (!found) return false
    const { kept, vary } = found
    if (!kept) this.#learn(base, vary)
    if (!kept || purges.means(kept, base)) return false
    if (older && kept.startedAt <= older.startedAt) return false
    if (kept.type === 'pass') {
      if (kept.until <= now()) return false
      memory.mark(base, kept)
      return true
    }
    // Another rule has another key, and so its entries vary by the cookies of this one.
    const isOurs = rule.cookies.every(name => vary.includes(cookiePrefix + name))
    const variant = variantKey(vary, request.req)
    if (!isOurs || variant === undefined || kept.errorUntil <= now()) return false
    memory.put(base, vary, variant, kept)
    return true
  }

  #learn(base: string, vary: readonly string[]): void {
    const { memory } = this.#services
    memory.learn(base, [...new Set([...(memory.get(base)?.vary ?? []), ...vary])].sort())
  }

  /** Requests that differ in what is known to matter do not wait for each other. */
  #keyOf({ base, rule, request }: Wanted): string | undefined {
    const slot = this.#services.memory.get(base)
    const vary = slot && !slot.pass ? slot.vary : rule.cookies.map(name => cookiePrefix + name)
    const variant = variantKey(vary, request.req)
    return variant === undefined ? undefined : base + variant
  }

  #begin(wanted: Wanted): Flight {
    const key = this.#keyOf(wanted) ?? wanted.base
    const { promise, resolve } = Promise.withResolvers<Result>()
    const timer = setTimeout(resolve, wanted.rule.lockTimeout, 'late').unref()
    const settle = (result: Result) => {
      clearTimeout(timer)
      resolve(result)
    }
    const flight = { key, startedAt: this.#services.now(), awaited: promise, settle }
    this.#flights.set(key, flight)
    return flight
  }

  /** Those of this worker go on at once, those of others when the store knows it, too. */
  #end(flight: Flight, lease: Lease, result: Result, share: () => Promise<void> | undefined = () => undefined): void {
    if (this.#flights.get(flight.key) === flight) this.#flights.delete(flight.key)
    flight.settle(result)
    void Promise.resolve(share()).finally(() => this.#services.shared?.release(lease))
  }
}

function isLease(lease: Lease | NotLeased): lease is Lease {
  return typeof lease === 'object' || lease === 'none'
}

function variantOf({ request }: Wanted): (names: readonly string[]) => string | undefined {
  return names => variantKey(names, request.req)
}

const tooManyTags: Refusal = { isKept: false, reason: 'tags', isError: false }

function statusOfMiss(verdict: Freshness | Refusal, hasVariant: boolean): string {
  if (!verdict.isKept) return `saola; fwd=miss; detail=${verdict.reason}`
  if (!hasVariant) return 'saola; fwd=miss; detail=vary'
  return `saola; fwd=miss; stored; ttl=${Math.floor(verdict.freshMs / 1_000)}`
}

function conditionsOf(stale: Entry | undefined): string[] {
  if (stale?.etag !== undefined) return ['If-None-Match', stale.etag]
  return stale?.lastModified === undefined ? [] : ['If-Modified-Since', stale.lastModified]
}

function timesOf({ ageMs, freshMs, graceMs, staleIfErrorMs }: Freshness, now: number) {
  const freshUntil = now + freshMs
  const stale = { graceUntil: freshUntil + graceMs, errorUntil: freshUntil + Math.max(graceMs, staleIfErrorMs) }
  return { bornAt: now - ageMs, freshUntil, ...stale }
}
