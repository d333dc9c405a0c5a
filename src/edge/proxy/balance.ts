import { createHash } from 'node:crypto'
import { readCookie } from '../cookies.ts'
import type { EdgeRequest } from '../edge-request.ts'
import type { ProxyRule } from './options.ts'

export interface Balanced {
  readonly url: string
  readonly weight: number
  readonly inFlight: number
}

/** Chooses one of those that can take a request: at least one, always in the same order. */
export type Balancer = <Upstream extends Balanced>(upstreams: readonly Upstream[], request: EdgeRequest) => Upstream

/** @param random From 0 to 1, as Math.random. */
export function createBalancer(balance: ProxyRule['balance'], random: () => number = Math.random): Balancer {
  const randomTwo = createRandomTwo(random)
  if (balance === 'random-two') return randomTwo
  if (balance === 'round-robin') return createRoundRobin()
  if (balance === 'least-connections') return createLeastConnections(random)
  const keyOf = createKey(balance)
  return (upstreams, request) => {
    const key = keyOf(request)
    return key === '' ? randomTwo(upstreams, request) : chooseByHash(upstreams, key)
  }
}

/** Two at random, and of these the less busy one: nearly as even as looking at all, and no herd follows one number. */
function createRandomTwo(random: () => number): Balancer {
  return upstreams => {
    const one = chooseByWeight(upstreams, random)
    if (upstreams.length === 1) return one
    const other = chooseByWeight(upstreams, random, one)
    return loadOf(other) < loadOf(one) ? other : one
  }
}

function loadOf({ inFlight, weight }: Balanced): number {
  return (inFlight + 1) / weight
}

function chooseByWeight<Upstream extends Balanced>(
  upstreams: readonly Upstream[],
  random: () => number,
  except?: Upstream,
): Upstream {
  let total = 0
  for (const upstream of upstreams) if (upstream !== except) total += upstream.weight
  let left = random() * total
  let chosen: Upstream | undefined
  for (const upstream of upstreams) {
    if (upstream === except) continue
    chosen = upstream
    left -= upstream.weight
    if (left < 0) break
  }
  return chosen as Upstream
}

function createLeastConnections(random: () => number): Balancer {
  return upstreams => {
    // From a place of chance on, so that those with equal load share it.
    const start = Math.floor(random() * upstreams.length)
    let best = upstreams[start] as (typeof upstreams)[number]
    for (let step = 1; step < upstreams.length; step++) {
      const candidate = upstreams[(start + step) % upstreams.length]
      if (candidate && loadOf(candidate) < loadOf(best)) best = candidate
    }
    return best
  }
}

/** By weight, and evenly mixed: a a b a, never a a a b (the way of Nginx). */
function createRoundRobin(): Balancer {
  const credit = new Map<string, number>()
  return upstreams => {
    let total = 0
    let best = upstreams[0] as (typeof upstreams)[number]
    let most = -Infinity
    for (const upstream of upstreams) {
      const now = (credit.get(upstream.url) ?? 0) + upstream.weight
      credit.set(upstream.url, now)
      total += upstream.weight
      if (now > most) {
        most = now
        best = upstream
      }
    }
    credit.set(best.url, most - total)
    return best
  }
}

function createKey(balance: Exclude<ProxyRule['balance'], string> | 'ip-hash'): (request: EdgeRequest) => string {
  if (balance === 'ip-hash') return request => request.clientAddress
  if ('cookie' in balance) return request => readCookie(request.req.headers.cookie, balance.cookie) ?? ''
  const name = balance.header.toLowerCase()
  return request => String(request.req.headers[name] ?? '')
}

/** Rendezvous hashing: when one of them goes, only its own keys move. */
function chooseByHash<Upstream extends Balanced>(upstreams: readonly Upstream[], key: string): Upstream {
  let best = upstreams[0] as Upstream
  let most = -Infinity
  for (const upstream of upstreams) {
    const score = -upstream.weight / Math.log(hashToUnit(upstream.url, key))
    if (score > most) {
      most = score
      best = upstream
    }
  }
  return best
}

/** Between 0 and 1, the same for the same texts in every worker. */
function hashToUnit(url: string, key: string): number {
  const digest = createHash('md5').update(url).update('\0').update(key).digest()
  return (digest.readUInt32LE(0) + 0.5) / 2 ** 32
}
