/** What one client may have of connections and of requests at the same time, and how long a connection lasts. */
import type net from 'node:net'
import type { EdgeRequest, Step } from '../edge-request.ts'
import { createTrust, type Trust } from '../forwarded/trust.ts'
import type { EdgeSettings } from '../options.ts'
import { createExemption } from '../overload/exempt.ts'
import { clientNetwork } from '../rate-limit/client-network.ts'
import type { EdgeServices } from '../services.ts'
import { AddressCount } from './address-count.ts'
import { InFlight } from './in-flight.ts'
import type { ConnectionSettings } from './options.ts'
import { PendingBudget } from './pending-budget.ts'
import { SlowClients } from './slow-clients.ts'
import { watchedOf } from './watched-connection.ts'

export interface ConnectionGuard {
  /** Whether a connection that has been accepted may stay; before anything is read from it. */
  admits(socket: net.Socket): boolean
  /** A connection speaks HTTP/1.1 from now on. */
  watch(socket: net.Socket): void
  /** What is decided at each request. */
  readonly step: Step | undefined
  /** Of the answers that wait for clients. */
  readonly budget: PendingBudget
  close(): void
}

export function createConnectionGuard(settings: EdgeSettings, services: EdgeServices): ConnectionGuard {
  const budget = new PendingBudget(settings.limits.pendingBytes)
  const slowClients = new SlowClients(settings.limits, services, budget)
  return {
    admits: createAdmission(settings.connections, createTrust(settings.trust)),
    watch: socket => slowClients.watch(socket),
    step: createStep(settings, services, slowClients),
    budget,
    close: () => slowClients.close(),
  }
}

type CountedSocket = net.Socket & { saolaNetwork?: string }

function createAdmission({ perAddress }: ConnectionSettings, trust: Trust): ConnectionGuard['admits'] {
  if (perAddress === 0) return () => true
  const counts = new AddressCount()
  const onClose = function (this: CountedSocket): void {
    if (this.saolaNetwork !== undefined) counts.leave(this.saolaNetwork)
  }
  return (socket: CountedSocket) => {
    const { address, isTrusted } = trust.peerOf(socket)
    // On a Unix socket there are no addresses.
    if (isTrusted || address === '') return true
    const network = clientNetwork(address)
    if (!counts.enter(network, perAddress)) return false
    socket.saolaNetwork = network
    socket.on('close', onClose)
    return true
  }
}

function createStep(
  { connections, overload, limits }: EdgeSettings,
  services: EdgeServices,
  slowClients: SlowClients,
): Step | undefined {
  const { requests, lifetime, inFlight } = connections
  const requestsMax = requests === 0 ? Number.POSITIVE_INFINITY : requests
  const lifetimeMs = lifetime === 0 ? Number.POSITIVE_INFINITY : lifetime
  const isLasting = requests === 0 && lifetime === 0
  const isUnlimited = inFlight.max === 0 && inFlight.perAddress === 0
  const hasBudget = limits.pendingBytes > 0
  if (isLasting && isUnlimited && !hasBudget) return undefined
  const slots = isUnlimited ? undefined : new InFlight(inFlight, services.clock)
  const isExempt = createExemption(overload, services)
  return {
    name: 'connections',
    run: request => {
      if (hasBudget) slowClients.makeRoom()
      if (!isLasting) endAfter(request, requestsMax, lifetimeMs)
      return !slots || request.upgrade || isExempt(request) ? 'next' : slots.enter(request)
    },
    get counters() {
      return { ...slowClients.counters, ...slots?.counters }
    },
    close: () => slots?.close(),
  }
}

/** The last answer of a connection says so (RFC 9112, 9.6). */
function endAfter({ req, res, upgrade }: EdgeRequest, requestsMax: number, lifetimeMs: number): void {
  const connection = watchedOf(req.socket)
  // Streams of HTTP/2 are counted there.
  if (!connection || upgrade) return
  connection.requests++
  if (connection.requests >= requestsMax || connection.ageMs >= lifetimeMs) res.shouldKeepAlive = false
}
