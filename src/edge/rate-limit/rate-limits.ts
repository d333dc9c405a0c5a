import { createHash } from 'node:crypto'
import type { TokenRate } from '../../base/gcra.ts'
import type { EdgeRequest, Outcome, Step } from '../edge-request.ts'
import type { EdgeSettings } from '../options.ts'
import { readingsOfRequest } from '../readings.ts'
import { refuse } from '../refusals/refuse.ts'
import { createRouteTest, type RouteTest } from '../routes.ts'
import type { EdgeServices } from '../services.ts'
import type { Refusal } from './bucket.ts'
import { Limiter } from './limiter.ts'
import { LocalTokens } from './local-tokens.ts'
import type { RateLimitRule } from './options.ts'
import { parseRate } from './rate.ts'
import { rateLimitHeaders } from './rate-limit-headers.ts'
import { createRequestKey, type RequestKey } from './request-key.ts'
import { SharedTokens, StoreLine } from './shared-tokens.ts'

const delayMsDefault = 5_000
const dryRunLogEveryMs = 1_000

interface Limit {
  readonly rule: RateLimitRule
  readonly holds: RouteTest
  readonly rate: TokenRate
  readonly limiter: Limiter
  readonly keyOf: RequestKey
  /** Of a rule that only says what it would do: how often since it has last said so. */
  dry: number
  drySaidAt: number
}

/**
 * Holds clients to `edge.rateLimit`. A request must be let through by every rule that matches it; a token that it took before
 * another rule refused it is given back.
 */
export async function createRateLimits(settings: EdgeSettings, services: EdgeServices): Promise<Step | undefined> {
  const rules = settings.rateLimit
  if (rules.length === 0) return undefined
  const line = rules.some(rule => isShared(rule, services)) ? new StoreLine(services) : undefined
  await line?.open()
  const limits = await Promise.all(rules.map(rule => createLimit(rule, services, line)))
  return {
    name: 'rate limit',
    run: request => {
      const readings = readingsOfRequest(request)
      const own = limits.filter(({ holds }) => holds(readings, request.req.method))
      return runFrom(own, 0, request, services)
    },
    close: async () => {
      await Promise.all(limits.map(({ limiter }) => limiter.close()))
    },
  }
}

/** With one worker its memory is the machine's, and no store is needed. */
function isShared({ scope }: RateLimitRule, { workers }: EdgeServices): boolean {
  return scope === 'store' || (scope === 'machine' && workers > 1)
}

async function createLimit(rule: RateLimitRule, services: EdgeServices, line: StoreLine | undefined): Promise<Limit> {
  const { clock, workers, app } = services
  const rate = parseRate(rule.rate, rule.burst)
  const isSharing = line !== undefined && isShared(rule, services)
  const source = isSharing
    ? new SharedTokens(line, { rate, prefix: `ratelimit:${app}:${nameInStore(rule)}:`, services })
    : new LocalTokens(rate, clock)
  const delayMs = rule.delay === true ? delayMsDefault : rule.delay === false ? 0 : rule.delay
  // With the store of several machines there are more than these workers, at least as many again.
  const sharers = isSharing ? Math.max(2, workers) : 1
  const limiter = new Limiter({ source, rate, clock, delayMs, maxKeys: rule.maxKeys, sharers })
  const keyOf = await createRequestKey(rule.key, services)
  return { rule, holds: createRouteTest(rule), rate, limiter, keyOf, dry: 0, drySaidAt: -Infinity }
}

/** A rule that was changed begins anew. */
function nameInStore({ path, methods, rate, burst, key, name }: RateLimitRule): string {
  return createHash('sha256')
    .update(JSON.stringify([path, methods, rate, burst, key, name]))
    .digest('hex')
    .slice(0, 12)
}

function runFrom(
  limits: readonly Limit[],
  start: number,
  request: EdgeRequest,
  services: EdgeServices,
  taken?: (() => void)[],
): Outcome | Promise<Outcome> {
  for (let index = start; index < limits.length; index++) {
    const limit = limits[index] as Limit
    const key = limit.keyOf(request)
    if (key === undefined) continue
    const refusal = limit.limiter.admit(key, () => request.res.destroyed)
    // Only who may be refused by a later rule needs to remember this one.
    const later = index + 1 < limits.length ? [...(taken ?? []), () => limit.limiter.giveBack(key)] : undefined
    if (refusal instanceof Promise) {
      return refusal.then(settled => {
        if (settled && !isDry(limit, services)) return answer(limit, settled, request, taken)
        return request.res.destroyed ? 'next' : runFrom(limits, index + 1, request, services, settled ? taken : later)
      })
    }
    if (refusal && !isDry(limit, services)) return answer(limit, refusal, request, taken)
    if (!refusal) taken = later
  }
  return 'next'
}

function answer(
  { rule, rate }: Limit,
  { retryAfterMs }: Refusal,
  { res }: EdgeRequest,
  taken: readonly (() => void)[] | undefined,
): Outcome {
  if (taken) for (const giveBack of taken) giveBack()
  refuse(res, rule.status, 'rate-limit', rateLimitHeaders(rule.name ?? rule.path, rate, retryAfterMs))
  return 'done'
}

/** A rule that is only tried out lets everybody through, and says once a second how many it would have refused. */
function isDry(limit: Limit, { clock, log }: EdgeServices): boolean {
  if (!limit.rule.dryRun) return false
  limit.dry++
  const now = clock.now()
  if (now - limit.drySaidAt < dryRunLogEveryMs) return true
  log.info('edge.rate-limit.dry-run', { path: limit.rule.path, refused: limit.dry })
  limit.dry = 0
  limit.drySaidAt = now
  return true
}
