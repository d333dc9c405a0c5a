/**
 * The micro-cache: answers are kept for a while and served to others, with Varnish's manners. What may be kept is decided in
 * policy.ts, what makes two requests the same in cache-key.ts; who fetches what is missing in fetches.ts.
 *
 * Two levels: the memory of this worker, from which hits are served in one turn, and the shared store, by which all workers
 * fetch an address once.
 */
import { hash } from 'node:crypto'
import { messageOf } from '../../base/errors.ts'
import type { Target, TargetRules } from '../canonical/target.ts'
import { createRouteCount, markRoute, type RouteCount, type StepFigures } from '../edge-counts.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import { createPrefixTable } from '../path-prefix.ts'
import { addResponseHook } from '../response-hooks.ts'
import type { EdgeServices } from '../services.ts'
import { type Address, addressesIn, addressOf } from './addresses.ts'
import type { CacheQuestion, CacheStats } from './cache.ts'
import { baseKey, keyedSearch, variantKey } from './cache-key.ts'
import { type Entry, freshnessOf } from './entry.ts'
import { Fetches, type Result, type Wanted } from './fetches.ts'
import { reasonToBypass } from './fill-headers.ts'
import { MemoryCache } from './memory.ts'
import type { CacheRule, CacheSettings } from './options.ts'
import { lifetimeMaxMs } from './policy.ts'
import { isMeant, type Purge, Purges } from './purges.ts'
import { serve } from './serve.ts'
import { SharedCache } from './shared.ts'

// An entry lives that long behind its time, at most, as stale.
const keptMaxMs = 2 * lifetimeMaxMs
const triesMax = 3
// Of what memory is for, so much may be under way.
const collectingShare = 0.5

export interface CacheOptions {
  readonly cache: CacheSettings
  /** How addresses in answers are read: as those of requests. */
  readonly target: TargetRules
}

/** Opens the shared store, unless `shared` is 0, and waits a moment for it; with one worker only when it is needed. */
export async function openCache({ cache, target }: CacheOptions, services: EdgeServices): Promise<Step> {
  const now = () => services.clock.date().getTime()
  const memory = new MemoryCache(cache.maxMemoryBytes)
  const purges = new Purges(keptMaxMs)
  const onPurge = (purge: Purge) => {
    if (purges.add(purge)) memory.removeWhere(kept => isMeant(purge, kept))
  }
  const onChanged = (base: string, at: number) => {
    purges.addKey(base, at)
    memory.remove(base)
  }
  const onGap = () => void memory.removeWhere(() => true)
  const shared = await openShared(cache, services, { now, onPurge, onChanged, onGap })
  const collectingMax = Math.max(cache.maxMemoryBytes * collectingShare, 1)
  const fetches = new Fetches({ memory, shared, purges, collectingMax, now })
  return new EdgeCache(cache, { memory, shared, fetches, target, now, onPurge, onChanged })
}

async function openShared(
  { maxSharedBytes: bytesMax }: CacheSettings,
  { app, log, workers, openStore }: EdgeServices,
  handlers: Pick<Parts, 'now' | 'onPurge' | 'onChanged'> & { onGap(): void },
): Promise<SharedCache | undefined> {
  if (bytesMax === 0) return undefined
  try {
    const shared = new SharedCache(await openStore(), { app, bytesMax, lifetimeMs: keptMaxMs, log, ...handlers })
    // Without it the first requests of several workers would each be fetched.
    if (workers > 1) await shared.open()
    return shared
  } catch (error) {
    log.warn('edge.cache.alone', { error: messageOf(error) })
    return undefined
  }
}

interface Parts {
  readonly memory: MemoryCache
  readonly shared: SharedCache | undefined
  readonly fetches: Fetches
  readonly target: TargetRules
  now(): number
  onPurge(purge: Purge): void
  onChanged(base: string, at: number): void
}

interface NamedRule {
  readonly rule: CacheRule
  /** Changes with what makes keys. */
  readonly name: string
  /** What was served by it. */
  readonly route: RouteCount
}

class EdgeCache implements Step {
  readonly name = 'cache'
  readonly #parts: Parts
  readonly #rules: ReturnType<typeof createPrefixTable<NamedRule>>
  readonly #routes: readonly RouteCount[]
  readonly #counts = { hits: 0, stale: 0, misses: 0, passes: 0 }

  constructor({ rules }: CacheSettings, parts: Parts) {
    this.#parts = parts
    const named = rules.map(rule => ({ rule, name: nameOf(rule), route: createRouteCount('cache', rule.path) }))
    this.#rules = createPrefixTable(named.map(each => [each.rule.path, each] as const))
    this.#routes = named.map(({ route }) => route)
  }

  connect(behind: (request: EdgeRequest) => void): void {
    this.#parts.fetches.behind = behind
  }

  run(request: EdgeRequest): Outcome | Promise<Outcome> {
    const found = this.#rules.find(request.path)
    if (!found || request.upgrade) return 'next'
    const { method } = request.req
    const { rule, name, route } = found.value
    if (method !== 'GET' && method !== 'HEAD') return this.#passMethod(request, name, rule)
    const reason = reasonToBypass(request, rule)
    if (reason !== undefined) return this.#pass(request, `fwd=bypass; detail=${reason}`)
    const search = keyedSearch(rule, request.search)
    // Whoever answers in its place marks the response again.
    markRoute(request.res, route)
    return this.#answer({ request, rule, search, base: baseKey(name, addressOf(request), search) }, 0, 'hit')
  }

  async answer(question: unknown): Promise<unknown> {
    const asked = question as CacheQuestion
    const { shared, onPurge } = this.#parts
    if (asked.do === 'stats') return this.#stats
    onPurge(asked.purge)
    return { isRemembered: shared === undefined || (await shared.remember(asked.purge)) }
  }

  figures(): StepFigures {
    return { routes: this.#routes, cache: this.#stats }
  }

  close(): void {
    this.#parts.shared?.close()
  }

  get #stats(): CacheStats {
    const { memory } = this.#parts
    return { ...this.#counts, addresses: memory.size, bytes: memory.bytes }
  }

  #answer(wanted: Wanted, tries: number, how: string): Outcome | Promise<Outcome> {
    const { fetches, now } = this.#parts
    const found = this.#find(wanted)
    if (found === 'pass') return this.#pass(wanted.request, 'fwd=miss; detail=hit-for-miss')
    const freshness = found ? freshnessOf(found, now()) : 'over'
    if (found && freshness !== 'over') {
      const isStaleServed = freshness === 'grace' || (freshness === 'error' && fetches.hasFailed(wanted))
      if (freshness === 'grace') this.#refresh(wanted, found)
      if (freshness === 'fresh' || isStaleServed) return this.#serve(wanted, found, how)
    }
    if (tries >= triesMax) return this.#pass(wanted.request, 'fwd=miss; detail=contended')
    return this.#fetch(wanted, freshness === 'over' ? undefined : found, tries)
  }

  /** In memory, or in the shared store if that has a newer one. */
  #find(wanted: Wanted): Entry | 'pass' | undefined {
    const { fetches, now } = this.#parts
    const own = this.#findOwn(wanted)
    if (own === 'pass' || (own && now() < own.freshUntil)) return own
    return fetches.takeSharedNow(wanted, own) ? this.#findOwn(wanted) : own
  }

  #findOwn({ base, request }: Wanted): Entry | 'pass' | undefined {
    const { memory, now } = this.#parts
    const slot = memory.get(base)
    if (!slot) return undefined
    if (slot.pass) return now() < slot.pass.until ? 'pass' : undefined
    const variant = variantKey(slot.vary, request.req)
    return variant === undefined ? undefined : slot.variants.get(variant)
  }

  async #fetch(wanted: Wanted, stale: Entry | undefined, tries: number): Promise<Outcome> {
    const { fetches } = this.#parts
    const { request } = wanted
    const running = fetches.awaited(wanted)
    const isPlain = request.req.method === 'GET' && !hasConditions(request)
    let result: Result
    if (running) result = await running
    else if (isPlain && !stale) {
      const settled = await fetches.withClient(wanted)
      if (settled === 'next') this.#counts.misses++
      if (settled === 'next' || settled === 'done') return settled
      result = settled
    } else result = await fetches.inBackground(wanted, stale)
    if (request.res.destroyed) return 'done'
    if (result === 'kept') return this.#answer(wanted, tries + 1, running ? 'fwd=miss; collapsed' : howFetched(stale))
    if (result === 'retry') return this.#answer(wanted, tries + 1, 'hit')
    if (stale && result !== 'pass') return this.#serve(wanted, stale, 'hit; detail=stale-if-error')
    return this.#pass(request, `fwd=miss; detail=${result}`)
  }

  #refresh(wanted: Wanted, stale: Entry): void {
    const { fetches } = this.#parts
    if (fetches.awaited(wanted) || fetches.hasFailed(wanted)) return
    // It never rejects, and what becomes of it the next request sees.
    void fetches.inBackground(wanted, stale)
  }

  #serve({ request }: Wanted, entry: Entry, how: string): Outcome {
    const now = this.#parts.now()
    if (how.startsWith('hit')) {
      this.#counts.hits++
      if (now >= entry.freshUntil) this.#counts.stale++
    } else this.#counts.misses++
    serve(request, entry, how, now)
    return 'done'
  }

  #pass({ res }: EdgeRequest, how: string): Outcome {
    this.#counts.passes++
    res.setHeader('Cache-Status', `saola; ${how}`)
    return 'next'
  }

  /** What changes an address makes what is kept of it wrong, and of those that its answer names (RFC 9111, 4.4). */
  #passMethod(request: EdgeRequest, name: string, rule: CacheRule): Outcome {
    const { method } = request.req
    if (method === 'OPTIONS' || method === 'TRACE') return 'next'
    const asked = addressOf(request)
    const base = baseKey(name, asked, keyedSearch(rule, asked.search))
    addResponseHook(request.res, {
      onHead: res => {
        if (res.statusCode < 200 || res.statusCode >= 400) return undefined
        const named = addressesIn(res, asked, this.#parts.target).map(target => this.#keyOf(asked, target))
        for (const key of new Set([base, ...named])) if (key !== undefined) this.#change(key)
        return undefined
      },
    })
    return this.#pass(request, 'fwd=method')
  }

  #keyOf(asked: Address, { path, encodedPath, search }: Target): string | undefined {
    const found = this.#rules.find(path)
    if (!found) return undefined
    const { rule, name } = found.value
    return baseKey(name, { ...asked, encodedPath }, keyedSearch(rule, search))
  }

  #change(base: string): void {
    const { shared, onChanged, now } = this.#parts
    const at = now()
    onChanged(base, at)
    shared?.change(base, at)
  }
}

function nameOf({ path, query, cookies, ignoreCookies, vary }: CacheRule): string {
  return hash('sha256', JSON.stringify([path, query, cookies, ignoreCookies, vary]), 'base64url').slice(0, 12)
}

function howFetched(stale: Entry | undefined): string {
  return stale ? 'fwd=stale; stored' : 'fwd=miss; stored'
}

function hasConditions({ req: { headers } }: EdgeRequest): boolean {
  return (
    headers.range !== undefined || headers['if-none-match'] !== undefined || headers['if-modified-since'] !== undefined
  )
}
