import type { LookupFunction } from 'node:net'
import { createRouteCount, type RouteCount, type UpstreamCounts } from '../edge-counts.ts'
import type { EdgeRequest } from '../edge-request.ts'
import type { EdgeServices } from '../services.ts'
import { type Balancer, createBalancer } from './balance.ts'
import { HealthChecks } from './health-checks.ts'
import type { ProxyRule } from './options.ts'
import { RetryBudget } from './retry-budget.ts'
import { SpoolFaults } from './spool-faults.ts'
import { Sticky } from './sticky.ts'
import { type Undici, Upstream } from './upstream.ts'

export interface GroupOptions {
  /** As in the configuration. */
  readonly path: string
  /** Canonical, without a slash at its end; empty for `/`. */
  readonly prefix: string
  readonly rule: ProxyRule
  readonly undici: Undici
  readonly lookup: LookupFunction
  readonly services: EdgeServices
}

/** The upstreams of one prefix, and which of them gets the next request. */
export class UpstreamGroup {
  readonly prefix: string
  readonly rule: ProxyRule
  /** What it has answered. */
  readonly route: RouteCount
  readonly upstreams: readonly Upstream[]
  readonly budget: RetryBudget
  readonly spoolFaults: SpoolFaults
  readonly sticky: Sticky<Upstream> | undefined
  readonly methods: ReadonlySet<string>
  readonly retryOn: ReadonlySet<string>
  readonly #balance: Balancer
  readonly #checks: HealthChecks | undefined

  constructor({ path, prefix, rule, undici, lookup, services }: GroupOptions) {
    this.prefix = prefix
    this.route = createRouteCount('proxy', path)
    this.rule = rule
    this.upstreams = rule.to.map(({ url, weight }) => new Upstream({ url, weight, rule, undici, lookup, services }))
    // The death of an upstream breaks as many at once as there are connections to it.
    this.budget = new RetryBudget({ share: rule.retries.budget, burst: 2 * rule.connections })
    this.spoolFaults = new SpoolFaults(services)
    this.sticky = rule.sticky === false ? undefined : new Sticky(rule.sticky, prefix, this.upstreams)
    this.methods = new Set(rule.retries.methods)
    this.retryOn = new Set(rule.retries.on)
    this.#balance = createBalancer(rule.balance)
    this.#checks = rule.health === false ? undefined : new HealthChecks(this.upstreams, rule.health, rule.host)
  }

  /** Who gets this request, or gets it next; never one of `tried`. Undefined when nobody can take it. */
  choose(request: EdgeRequest, tried: readonly Upstream[] = []): Upstream | undefined {
    const preferred = this.sticky?.find(request)
    if (preferred && isAvailable(preferred) && !tried.includes(preferred)) return preferred
    const able = this.#able(tried)
    return able.length > 0 ? this.#balance(able, request) : this.#lastResort(tried)
  }

  /** Seconds after which it makes sense to come again, at least 1. */
  get retryAfterSeconds(): number {
    const waits = this.upstreams.filter(({ health }) => !health.isUp).map(({ health }) => health.waitMs)
    return Math.max(1, Math.ceil(Math.min(...waits, this.rule.failTimeout) / 1_000))
  }

  figures(): UpstreamCounts[] {
    const { rule } = this.route
    return this.upstreams.map(({ url, health, inFlight }) => {
      const { isUp: isHealthy, requests, failures } = health
      return { rule, url, isHealthy, inFlight, requests, failures }
    })
  }

  async close(): Promise<void> {
    await this.#checks?.close()
    await Promise.allSettled(this.upstreams.map(upstream => upstream.close()))
  }

  #able(tried: readonly Upstream[]): readonly Upstream[] {
    const { upstreams } = this
    // Nearly always all of them: no list is made then.
    if (tried.length === 0 && upstreams.every(isAvailable)) return upstreams
    return upstreams.filter(upstream => isAvailable(upstream) && !tried.includes(upstream))
  }

  /** All are down. The only one there is is asked regardless: to refuse would help nobody. */
  #lastResort(tried: readonly Upstream[]): Upstream | undefined {
    const [only] = this.upstreams
    if (only && this.upstreams.length === 1 && tried.length === 0) {
      return only.hasRoom && !only.health.isActivelyDown ? only : undefined
    }
    return this.upstreams.find(one => one.health.canBeLastResort && one.hasRoom && !tried.includes(one))
  }
}

function isAvailable(upstream: Upstream): boolean {
  return upstream.health.canTake && upstream.hasRoom
}
